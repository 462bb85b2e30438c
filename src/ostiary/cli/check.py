"""`ostiary check`: every problem of a configuration, or what it sets up.

Plugins are built as they would be to serve, with services that do nothing (`ostiary.cli.inert`).
"""

import os
import sys
from collections.abc import Mapping

from ostiary.adapters.clock import SystemClock
from ostiary.cli.inert import make_inert_services
from ostiary.cli.presentation import Screen
from ostiary.config.checking import CheckedDocument, DeclaredRoute, Registry
from ostiary.config.gateway import Door
from ostiary.config.problems import CLOSED, NOTHING_DONE
from ostiary.config.scopes import Policy
from ostiary.config.sources import Source, load_source, name_source

EVERY = "every"


def check_file(
    file: Source,
    environ: Mapping[str, str] = os.environ,
    registry: Registry | None = None,
    screen: Screen | None = None,
) -> int:
    """Check a configuration and print what was found; return the exit code: 0 fine, 1 problems, 2 unreadable."""
    screen = screen or Screen(sys.stdout)
    if registry is None:
        from ostiary.wiring import load_registry

        registry = load_registry()
    try:
        loaded = load_source(file, environ, registry, make_inert_services)
    except OSError as error:
        print(f"ostiary check: {error.filename or name_source(file)} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    if loaded.problems or loaded.snapshot is None or loaded.document is None:
        outcome = NOTHING_DONE if loaded.snapshot is None else CLOSED
        screen.show_problems(name_source(file), loaded.problems, outcome)
        return 1
    screen.say(f"{name_source(file)}: no problems", "bold green")
    doors = ", ".join(describe_door(door) for door in loaded.snapshot.gateway.listen)
    screen.say(f"It would listen on {doors}.")
    show_routes(screen, loaded.document)
    notices = (*loaded.snapshot.notices, *note_certificates(loaded.document, SystemClock().now()))
    if notices:
        screen.say("")
        screen.say("Worth knowing", "bold")
        for notice in notices:
            screen.say(f"- {notice}", "yellow")
    return 0


def note_certificates(document: CheckedDocument, now: float) -> list[str]:
    """Return what is wrong with the certificates now (`now` in wall-clock seconds); a gateway that runs logs it."""
    notices = []
    for index, door in enumerate(document.gateway.listen):
        problem = None if door.tls is None else door.tls.cert.validity.describe(now)
        if problem is not None:
            notices.append(f"gateway.listen[{index}].tls.cert: {problem}")
    return notices


def describe_door(door: Door) -> str:
    """Return an address to listen on, and what it is for."""
    address = f"{door.scheme}://{_write_address(door.host, door.port)}"
    return address if door.https is None else f"{address} (redirects to https)"


def show_routes(screen: Screen, document: CheckedDocument) -> None:
    """Print a table of the routes."""
    if document.routes:
        screen.say("")
        columns = ("Route", "Hosts", "Paths", "Methods", "Plugins", "Upstream")
        screen.show_table(columns, [describe_route(route) for route in document.routes])


def describe_route(route: DeclaredRoute) -> tuple[str, ...]:
    """Return a route's row."""
    config = route.config
    policies = sorted(route.policies, key=lambda policy: -policy.priority)
    nodes = () if config.upstream is None else config.upstream.nodes
    service = None if config.upstream is None else config.upstream.service_name
    usual = 443 if config.upstream is not None and config.upstream.scheme == "https" else 80
    return (
        route.id if config.status else f"{route.id} (off)",
        ", ".join(config.host_patterns) or EVERY,
        ", ".join(config.path_patterns),
        ", ".join(config.methods or ()) or EVERY,
        ", ".join(describe_policy(policy) for policy in policies) or "none: open to everybody",
        ", ".join(_write_address(node.host, node.find_port(usual)) for node in nodes) or service or "none",
    )


def describe_policy(policy: Policy) -> str:
    """Return a plugin's name, and the levels that it comes from where the route itself does not name it."""
    levels = dict.fromkeys(candidate.level for candidate in policy.candidates)
    return policy.name if "route" in levels else f"{policy.name} ({', '.join(levels)})"


def _write_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
