"""Claimed paths: what plugins answer besides their route's own paths (callbacks, logout), on the route's hosts.

Pure planning: claims in, router entries out, with the problems of two that want the same path and a notice for each
default that gives way. A claim keeps the route's client networks and takes every method: the plugin knows its methods.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, final

from ostiary.config.host_index import HostIndex, covers_host
from ostiary.config.problems import Problem
from ostiary.config.router import Entry, fold_path
from ostiary.config.routes import Route
from ostiary.config.scopes import rank_host
from ostiary.plugin import Claim, Plugin


class Claimant(NamedTuple):
    """A plugin that may claim paths, and where it stands in the file."""

    plugin: Plugin
    place: str


class Owner(NamedTuple):
    """A route in the router, and the plugins that claim paths on its hosts: its own and its service's.

    What domains and the whole gateway claim has owners without paths, which give way to routes (`is_wider`).
    """

    entry: Entry
    claimants: tuple[Claimant, ...]
    is_wider: bool = False


class _Wish(NamedTuple):
    owner: Owner
    host: str
    claim: Claim
    place: str
    fingerprint: str


@final
class ClaimPlan(NamedTuple):
    """What became of the claims."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]


def plan_claims(owners: Sequence[Owner]) -> ClaimPlan:
    """Give each claimed path to one plugin per host pattern: what was typed goes before defaults, then by order."""
    wishes: dict[tuple[str, str], list[_Wish]] = {}
    for wish in _list_wishes(owners):
        wishes.setdefault((wish.host, wish.claim.path), []).append(wish)
    _prefer_routes(wishes)
    exact = {
        (host, path): owner
        for owner in owners
        for host in owner.entry.hosts or ("",)
        for path in owner.entry.paths
        if owner.entry.methods is None and owner.entry.networks is None
    }
    planner = _Planner()
    for place, rivals in wishes.items():
        planner.settle(rivals, exact.get(place))
    return ClaimPlan(tuple(planner.entries), tuple(planner.problems), tuple(planner.notices))


@final
class _Planner:
    """Settles who gets which path, one path after the other."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.problems: list[Problem] = []
        self.notices: list[str] = []
        self._doubles: dict[Route, Route] = {}

    def settle(self, rivals: Sequence[_Wish], exact: Owner | None) -> None:
        """Decide about one path on one host; `exact` is the route that has it as its own, if any."""
        ranked = sorted(rivals, key=lambda wish: (wish.owner.is_wider, not wish.claim.typed))
        winner = ranked[0]
        for wish in ranked:
            if wish.fingerprint == winner.fingerprint:
                self.entries += _build_entries(wish, self._doubles)
            elif wish.claim.typed and wish.owner.is_wider == winner.owner.is_wider:
                self.problems.append(_word_conflict(wish, winner))
            else:
                self.notices.append(f"{wish.place}: {_word(wish)} is answered by {winner.place}: write another path")
        if (
            exact is not None
            and exact is not winner.owner
            and winner.fingerprint not in _fingerprints(exact, winner.host)
        ):
            owner = exact.entry.route.id
            self.notices.append(f"{winner.place}: {_word(winner)} is the path of route {owner} and goes there")


def _list_wishes(owners: Iterable[Owner]) -> Iterator[_Wish]:
    for owner in owners:
        claims = [(claim, place, plugin.fingerprint) for plugin, place in owner.claimants for claim in plugin.claims]
        for host in owner.entry.hosts or ("",):
            yield from (_Wish(owner, host, *claim) for claim in claims)


def _prefer_routes(wishes: dict[tuple[str, str], list[_Wish]]) -> None:
    """Let routes of wider hosts want a path wherever domains do: the router would find the domain's host first."""
    by_path: dict[str, list[_Wish]] = {}
    for (_, path), wanted in wishes.items():
        by_path.setdefault(path, []).extend(wanted)
    for path, wanted in by_path.items():
        finer = sorted(
            (wish for wish in wanted if not wish.owner.is_wider), key=lambda wish: rank_host(wish.host or "*")
        )
        index = HostIndex((wish.host,) if wish.host else () for wish in finer)
        for host in dict.fromkeys(wish.host for wish in wanted if wish.owner.is_wider and wish.host):
            ends = (finer[position] for position in index.find(host.removeprefix("*")))
            found = [wish for wish in ends if covers_host(wish.host or "*", host)]  # `a.test` ends `*a.test`, no more
            nearest = [wish for wish in found if wish.host == found[0].host]
            wishes[host, path] += (wish._replace(host=host) for wish in nearest if wish.host != host)


def _fingerprints(owner: Owner, host: str) -> set[str]:
    return {plugin.fingerprint for plugin in owner.entry.route.at(host).plugins}


def _word(wish: _Wish) -> str:
    where = f"on {wish.host}" if wish.host else "on every host"
    return f"`{wish.claim.path}` ({wish.claim.purpose}, {where})"


def _word_conflict(loser: _Wish, winner: _Wish) -> Problem:
    problem = f"{_word(loser)} is also wanted by {winner.place}, whose configuration differs"
    return Problem(loser.place, problem, loser.claim.remedy)


def _build_entries(wish: _Wish, claim_routes: dict[Route, Route]) -> list[Entry]:
    """Make the entries of one claim: the route itself where it covers the path, its claim-only double elsewhere.

    The double forwards nothing: a path is not opened to the upstream because a plugin claimed it.
    """
    entry = wish.owner.entry
    hosts = (wish.host,) if wish.host else ()
    path = (wish.claim.path,)
    entries = []
    if any(_covers(pattern, wish.claim.path, ignores_case=entry.ignores_case) for pattern in entry.paths):
        entries.append(Entry(entry.route, path, hosts, entry.methods, entry.networks, for_claim=True))
        if entry.methods is None:
            return entries
    route = entry.route
    double = claim_routes.get(route)
    if double is None:
        double = claim_routes[route] = route.without_upstream()
    entries.append(Entry(double, path, hosts, None, entry.networks, for_claim=True))
    return entries


def _covers(pattern: str, path: str, *, ignores_case: bool) -> bool:
    if ignores_case:
        pattern, path = fold_path(pattern), fold_path(path)
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
