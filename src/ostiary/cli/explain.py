"""`ostiary explain METHOD URL`: which route a request meets, which level each plugin comes from, and why not another.

The route is the router's own answer and the levels are the candidates that it was compiled from. Nothing is sent: the
plugins are built as for `ostiary check`, and none of them decides anything here.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence

from ostiary.cli.contenders import Asked, Contender, compare, list_contenders
from ostiary.cli.inert import make_inert_services
from ostiary.cli.presentation import Screen
from ostiary.config.checking import CheckedDocument, DeclaredRoute, Registry
from ostiary.config.closed import ClosedPlugin
from ostiary.config.patterns import METHODS
from ostiary.config.problems import CLOSED, NOTHING_DONE, quote
from ostiary.config.routes import Route
from ostiary.config.scopes import Candidate, Policy, is_restricting
from ostiary.config.snapshot import Snapshot
from ostiary.config.sources import FindLine, Source, load_with_lines, name_source
from ostiary.errors import ClientFault
from ostiary.http.authority import parse_authority
from ostiary.http.forwarded import parse_address
from ostiary.http.head import METHODS as FORWARDED
from ostiary.http.target import parse_target

MAX_SHOWN = 5
EXAMPLE = "ostiary explain GET https://shop.example.com/orders/4711"
ELSEWHERE = "the router goes elsewhere"
_URL = re.compile(r"(https?)://([^/?#]+)([^#]*)\Z", re.IGNORECASE)


def explain_file(
    asked: Asked | str,
    file: Source,
    environ: Mapping[str, str] = os.environ,
    registry: Registry | None = None,
    screen: Screen | None = None,
) -> int:
    """Explain what `read_request` returned; return the exit code: 0 explained, 1 problems, 2 unreadable or misused."""
    screen = screen or Screen(sys.stdout)
    if isinstance(asked, str):
        print(f"ostiary explain: {asked}", file=sys.stderr)
        return 2
    if registry is None:
        from ostiary.wiring import load_registry

        registry = load_registry()
    try:
        loaded, find_line = load_with_lines(file, environ, registry, make_inert_services)
    except OSError as error:
        name = error.filename or name_source(file)
        print(f"ostiary explain: {name} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    if loaded.problems:
        outcome = NOTHING_DONE if loaded.snapshot is None else CLOSED
        screen.show_problems(name_source(file), loaded.problems, outcome)
    if loaded.snapshot is None or loaded.document is None:
        return 1
    explain_loaded(asked, loaded.snapshot, loaded.document, find_line, screen)
    return 1 if loaded.problems else 0


def explain_loaded(
    asked: Asked, snapshot: Snapshot, document: CheckedDocument, find_line: FindLine, screen: Screen
) -> None:
    """Print what a configuration makes of a request."""
    route = snapshot.router.find(asked.host, asked.path, asked.method, asked.client) or Route("")
    contenders = list_contenders(document.routes, asked)
    declared = next((declared for declared in document.routes if declared.id == route.id), None)
    first = next((each.declared for each in contenders if not each.refusal), None)
    is_taken = first is not declared and not (declared is None and asked.host in document.own_hosts)
    claim = find_claim(asked, route, snapshot, is_taken=is_taken)
    screen.say(f"{asked.method} {asked.path} on {asked.host}", "bold")
    for line in (
        *describe_route(declared, contenders, claim, find_line),
        *describe_end(asked, route, claim),
        *describe_policies(asked.host, document.nowhere if declared is None else declared.policies, find_line),
    ):
        screen.say(line)


def read_request(method: str, url: str, client: str = "") -> Asked | str:
    """Return the request as the gateway would read it, or what is wrong with it."""
    if method.upper() not in METHODS:
        return f"{quote(method)} is no method: write `{EXAMPLE}`"
    if method.upper().encode() not in FORWARDED:
        return "such a request is answered 405 (method_refused): the gateway opens no tunnels and echoes no requests"
    match = _URL.match(url)
    if match is None:
        return f"{quote(url)} is no http(s) URL: write it whole and without fragment, as in `{EXAMPLE}`"
    if client and parse_address(client) is None:
        return f"{quote(client)} is no address of a client: write one like 192.0.2.7"
    try:
        authority = parse_authority(match[2].encode(), match[1].lower())
        target = parse_target((match[3] if match[3].startswith("/") else "/" + match[3]).encode())
    except ClientFault as fault:
        return f"such a request is answered 400 ({fault.code}): {fault.detail}"
    return Asked(method.upper(), authority.host, target.path, client, target.has_encoded_slash)


def find_claim(asked: Asked, route: Route, snapshot: Snapshot, *, is_taken: bool = False) -> str:
    """Say whose own path this is, among the plugins that are met there; empty when it is nobody's.

    A path that `is_taken` from the routes whose patterns fit may be that of a plugin which a finer level replaces here.
    """
    names = {id(instance.plugin): instance.type.name for instance in snapshot.instances.values()}
    replaced = (instance.plugin for instance in snapshot.instances.values() if is_taken)
    plugins = (*route.plugins, *replaced)
    claims = ((names.get(id(plugin), ""), claim) for plugin in plugins for claim in plugin.claims)
    return next((f"{name}'s {claim.purpose}" for name, claim in claims if claim.path == asked.path), "")


def describe_route(
    declared: DeclaredRoute | None, contenders: Sequence[Contender], claim: str, find_line: FindLine
) -> Iterator[str]:
    """Yield which route is met and why, and why not those that would fit too."""
    winner = next((each for each in contenders if each.declared is declared and not each.refusal), None)
    if declared is None:
        yield f"This path is {claim}; no route has it." if claim else "No route matches."
    elif winner is None:
        yield f"Route {declared.id} ({find_line(declared.path)}): this path is {claim}"
    else:
        host = winner.host or "every host"
        yield f"Route {declared.id} ({find_line(declared.path)}): host {host}, path {winner.path}"
        if claim:
            yield f"This path is {claim}."
    losers = [contender for contender in contenders if contender is not winner]
    for loser in losers[:MAX_SHOWN]:
        yield f"  not {loser.declared.id} ({find_line(loser.declared.path)}): {_why_not_met(loser, winner, claim)}"
    if len(losers) > MAX_SHOWN:
        yield f"  nor {len(losers) - MAX_SHOWN} more whose host and path fit"


def _why_not_met(loser: Contender, winner: Contender | None, claim: str) -> str:
    if loser.refusal:
        return loser.refusal
    if winner is not None and winner.rank < loser.rank:
        return compare(loser, winner)
    return "a path of a plugin's own goes before" if claim else "the host has routes of its own, and those count"


def describe_end(asked: Asked, route: Route, claim: str) -> Iterator[str]:
    """Yield what becomes of a request that the plugins let pass."""
    if asked.has_encoded_slash and not route.allow_encoded_slash:
        yield "It is answered 400: the path encodes a slash, and `allow_encoded_slash` is not on."
    elif any(isinstance(plugin, ClosedPlugin) for plugin in route.plugins):
        yield "It is answered 503: the configuration of a plugin that decides here is wrong (see above), and closes it."
    elif route.upstream is not None:
        servers = ", ".join(_write_address(host, port) for host, port, _ in route.upstream.nodes)
        how = "" if route.upstream.tls is None else " over https"
        yield f"What may pass goes to {servers or 'nobody: the upstream has no nodes'}{how}."
        yield "It passes when a plugin admits it." if route.requires_principal else "Nobody has to say who they are."
    elif claim:
        yield "Nothing is forwarded there: what the plugin does not answer is answered 404."
    elif route.requires_principal:
        yield "It is answered 404, to those who are admitted; others are not told that there is nothing."
    else:
        yield "It is answered 404."


def describe_policies(host: str, policies: Sequence[Policy], find_line: FindLine) -> Iterator[str]:
    """Yield, plugin by plugin, which level won, where it stands, and what became of the others."""
    if not policies:
        yield "No plugin decides."
        return
    yield "Plugins, in the order in which they decide:"
    for policy in sorted(policies, key=lambda policy: -policy.priority):
        yield from describe_policy(host, policy, find_line)


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
    losers = _list_losers(host, policy, winner)
    for loser in losers[:MAX_SHOWN]:
        yield f"    {_name(loser)} ({find_line(loser.place)}): {_why_not(host, loser, winner, wider)}"
    if len(losers) > MAX_SHOWN:
        yield f"    and {len(losers) - MAX_SHOWN} more, which are not for {host} or stand behind these"


def _list_losers(host: str, policy: Policy, winner: Candidate | None) -> list[Candidate]:
    """Return the other places, each once: those that fit the host in their order, then the others with all hosts."""
    places: dict[str, Candidate] = {}
    for candidate in (*policy.candidates, *policy.hidden):
        if candidate.fits(host) and (winner is None or candidate.place != winner.place):
            places.setdefault(candidate.place, candidate)
    for candidate in (*policy.candidates, *policy.hidden):
        if winner is None or candidate.place != winner.place:
            places.setdefault(candidate.place, candidate._replace(hosts=tuple(candidate.scope.split(", "))))
    return list(places.values())


def _write_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _find_restricted(fitting: Sequence[Candidate]) -> Candidate | None:
    """Return whose configuration the winner restricts, if it only does that."""
    if not fitting or not is_restricting(fitting[0].plugin):
        return None
    return next((c for c in fitting if c.plugin is not None and not is_restricting(c.plugin)), None)


def _why_not(host: str, candidate: Candidate, winner: Candidate | None, wider: Candidate | None) -> str:
    if not candidate.fits(host):
        return f"not for {host}"
    if candidate is wider:
        return "declares what the one above restricts"
    if winner is not None and winner.level == candidate.level:
        return "fits too, but stands behind it"
    return f"a {winner.level if winner is not None else 'finer level'}'s replaces it whole"


def _name(candidate: Candidate) -> str:
    if candidate.level == "instance":
        return "the instance"
    if candidate.level == "domain":
        return f"the domain {', '.join(candidate.hosts) or candidate.scope}"
    return f"the {candidate.level} {candidate.scope}".rstrip()
