"""`ostiary explain METHOD URL`: which route a request meets, which level each plugin comes from, and why not another.

It reads the same candidates as the gateway and asks the same router, so the two cannot disagree. Nothing is sent: the
plugins are built as for `ostiary check`, and none of them decides anything here.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ostiary.cli.inert import make_inert_services
from ostiary.cli.presentation import Screen
from ostiary.config.checking import CheckedDocument, DeclaredRoute, Registry
from ostiary.config.loading import Loaded, load
from ostiary.config.patterns import METHODS
from ostiary.config.reading import MAX_FILE_BYTES, read_yaml
from ostiary.config.routes import Route
from ostiary.config.scopes import Candidate, Policy, is_restricting
from ostiary.errors import ClientFault
from ostiary.http.authority import parse_authority
from ostiary.http.target import parse_target

FindLine = Callable[[str], str]  # a place in a file → where that is, for people
_URL = re.compile(r"(https?)://([^/?#]+)([^#]*)\Z")


class Asked(NamedTuple):
    """A request as the gateway would read it."""

    method: str
    host: str
    path: str


def explain_file(
    method: str,
    url: str,
    file: Path,
    environ: Mapping[str, str] = os.environ,
    registry: Registry | None = None,
    screen: Screen | None = None,
) -> int:
    """Explain a request to a configuration; return the exit code: 0 explained, 1 problems, 2 unreadable or misused."""
    screen = screen or Screen(sys.stdout)
    if registry is None:
        from ostiary.wiring import load_registry

        registry = load_registry()
    try:
        loaded = load(file, environ, registry, make_inert_services)
        lines = read_yaml(file.read_bytes()[:MAX_FILE_BYTES], with_lines=True).lines
    except OSError as error:
        print(f"ostiary explain: {file} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    return explain_loaded(method, url, loaded, make_line_finder(str(file), lines), screen, str(file))


def explain_loaded(method: str, url: str, loaded: Loaded, find_line: FindLine, screen: Screen, source: str) -> int:
    """Explain a request to what was loaded from `source`."""
    asked = read_request(method, url)
    if isinstance(asked, str):
        print(f"ostiary explain: {asked}", file=sys.stderr)
        return 2
    if loaded.snapshot is None or loaded.document is None:
        screen.show_problems(source, loaded.problems)
        return 1
    route = loaded.snapshot.router.find(asked.host, asked.path, asked.method, "")
    declared = None if route is None else find_declared(loaded.document, route)
    screen.say(f"{asked.method} {asked.path} on {asked.host}", "bold")
    for line in (
        *describe_match(asked, route, declared, find_line),
        *describe_policies(asked, loaded, declared, find_line),
    ):
        screen.say(line)
    return 0


def read_request(method: str, url: str) -> Asked | str:
    """Return the request as the gateway would read it, or what is wrong with it."""
    if method.upper() not in METHODS:
        return f"{method} is no method: write it first, as in `ostiary explain GET https://shop.example.com/orders`"
    match = _URL.match(url)
    if match is None:
        return f"{url} is no http(s) URL: write it whole, as in `ostiary explain GET https://shop.example.com/orders`"
    try:
        authority = parse_authority(match[2].encode(), match[1])
        rest = match[3] if match[3].startswith("/") else "/" + match[3]
        return Asked(method.upper(), authority.host, parse_target(rest.encode()).path)
    except ClientFault as fault:
        return f"a request to {url} is answered 400 ({fault.code}): {fault.detail}"


def find_declared(document: CheckedDocument, route: Route) -> DeclaredRoute | None:
    """Return what was written about a route; None where no route matched."""
    return next((declared for declared in document.routes if declared.id == route.id), None)


def describe_match(
    asked: Asked, route: Route | None, declared: DeclaredRoute | None, find_line: FindLine
) -> Iterator[str]:
    """Yield which route is met, and why."""
    if declared is None or route is None:
        yield "No route matches: 404, after the plugins below." if route is not None else "No route matches: 404."
        return
    config = declared.config
    hosts = ", ".join(config.host_patterns) or "every host"
    yield f"Route {declared.id} ({find_line(declared.path)}): {hosts}; {', '.join(config.path_patterns)}"
    claims = [claim for plugin in route.plugins for claim in plugin.claims if claim.path == asked.path]
    for claim in claims:
        yield f"The path is claimed by a plugin of it: {claim.purpose}. Nothing is forwarded there."
    if not claims and route.upstream is not None:
        servers = ", ".join(f"{host}:{port}" for host, port, _ in route.upstream.nodes)
        yield f"What may pass goes to {servers}."


def describe_policies(
    asked: Asked, loaded: Loaded, declared: DeclaredRoute | None, find_line: FindLine
) -> Iterator[str]:
    """Yield, plugin by plugin, which level won, where it stands, and what became of the others."""
    document = loaded.document
    policies = () if document is None else document.nowhere if declared is None else declared.policies
    if not policies:
        yield "No plugin: open to everybody." if declared is not None else "No plugin reaches it."
        return
    yield "Plugins, in the order in which they decide:"
    for policy in sorted(policies, key=lambda policy: -policy.priority):
        yield from describe_policy(asked.host, policy, find_line)


def describe_policy(host: str, policy: Policy, find_line: FindLine) -> Iterator[str]:
    """Yield what one plugin's candidates come to."""
    fitting = [candidate for candidate in policy.candidates if candidate.fits(host)]
    winner = fitting[0] if fitting else None
    if winner is None:
        yield f"  {policy.name}: not here"
    elif winner.plugin is None:
        yield f"  {policy.name}: switched off by {_name(winner)} ({find_line(winner.place)})"
    else:
        yield f"  {policy.name}: from {_name(winner)} ({find_line(winner.place)})"
    wider = _find_restricted(fitting)
    for candidate in (*policy.candidates, *policy.hidden):
        if candidate is not winner:
            yield f"    {_name(candidate)} ({find_line(candidate.place)}): {_why_not(host, candidate, winner, wider)}"


def make_line_finder(file: str, lines: Mapping[str, int]) -> FindLine:
    """Return what says where a path of a file is."""

    def find_line(path: str) -> str:
        place = path
        while place and place not in lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return f"{path}, {file} line {lines[place]}" if place else path

    return find_line


def _find_restricted(fitting: Sequence[Candidate]) -> Candidate | None:
    """Return whose configuration the winner restricts, if it only does that."""
    if not fitting or not is_restricting(fitting[0].plugin):
        return None
    return next((c for c in fitting if c.plugin is not None and not is_restricting(c.plugin)), None)


def _why_not(host: str, candidate: Candidate, winner: Candidate | None, wider: Candidate | None) -> str:
    if not candidate.fits(host):
        return f"not for {host}, only for {', '.join(candidate.hosts)}"
    if candidate is wider:
        return "declares what the one above restricts"
    if winner is not None and winner.level == candidate.level:
        return "stands behind it: the first that fits the host counts, names before wildcards, longer before shorter"
    return f"a {winner.level if winner is not None else 'finer level'}'s replaces it whole"


def _name(candidate: Candidate) -> str:
    if candidate.level == "instance":
        return "the instance"
    if candidate.level == "domain":
        return f"the domain {', '.join(candidate.hosts) or candidate.scope}"
    return f"the {candidate.level} {candidate.scope}".rstrip()
