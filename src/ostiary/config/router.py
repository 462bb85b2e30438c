"""The router: host, path, method and client → route, at a cost that depends on the request and not on the routes.

APISIX's order: an exact host before wildcards (the longest first) before routes without host; in each an exact path
before prefixes (the longest first); then priority, then order of writing. A candidate whose conditions fail gives way
to the next, also to shorter prefixes and wider hosts. Claimed paths (`ostiary.plugin.Claim`) stand behind the exact
paths of routes. Prefixes are found by cutting the path at its slashes, wildcards by cutting the host at its dots.
An entry may ignore the case of the path's ASCII letters; hosts without such a one pay nothing for it.
"""

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple, final

from ostiary.config.choices import Candidate, Choice
from ostiary.config.patterns import Network
from ostiary.config.routes import Route


class Entry(NamedTuple):
    """A route with everything that decides whether a request meets it. Empty `hosts`: every host.

    The position of an entry among those with the same priority is its order; one `for_claim` comes after all others.
    """

    route: Route
    paths: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    methods: frozenset[str] | None = None
    networks: tuple[Network, ...] | None = None
    priority: int = 0
    for_claim: bool = False
    ignores_case: bool = False


def fold_path(path: str) -> str:
    """Return a path in lower case, ASCII letters only; every character keeps its place."""
    return path.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


@final
class _Branch:
    """The prefixes that end between two slashes: `/a/*` itself, and `/a/b*` as the tail `b`."""

    __slots__ = ("choice", "tail_lengths", "tails")

    def __init__(self) -> None:
        self.choice: Choice | None = None
        self.tails: dict[str, Choice] = {}
        self.tail_lengths: tuple[int, ...] = ()

    def add(self, tail: str, choice: Choice) -> None:
        if tail:
            self.tails[tail] = choice
            self.tail_lengths = tuple(sorted({len(known) for known in self.tails}, reverse=True))
        else:
            self.choice = choice


@final
class _Paths:
    """The path patterns of one host pattern."""

    __slots__ = ("_branches", "_exact", "_longest")

    def __init__(self, candidates: dict[str, list[Candidate]]) -> None:
        self._exact: dict[str, Choice] = {}
        self._branches: dict[str, _Branch] = {}
        for pattern, found in candidates.items():
            choice = Choice(found)
            if pattern.endswith("*"):
                parent, slash, tail = pattern[:-1].rpartition("/")
                self._branches.setdefault(parent + slash, _Branch()).add(tail, choice)
            else:
                self._exact[pattern] = choice
        self._longest = max(map(len, self._branches), default=0)

    def find(self, path: str, method: str, client: str) -> Route | None:
        exact = self._exact.get(path)
        if exact is not None:
            route = exact.sole or exact.choose(method, client)
            if route is not None:
                return route
        branches = self._branches
        end = self._longest
        while True:
            slash = path.rfind("/", 0, end)
            if slash < 0:
                return None
            branch = branches.get(path[: slash + 1])
            if branch is not None:
                route = None if not branch.tails else _find_tail(branch, path, slash + 1, method, client)
                if route is None and branch.choice is not None:
                    route = branch.choice.sole or branch.choice.choose(method, client)
                if route is not None:
                    return route
            end = slash

    def walk(self, path: str) -> Iterator[tuple[int, Choice]]:
        """Yield what `find` asks one after the other, with the length of each pattern; an exact path is the longest."""
        exact = self._exact.get(path)
        if exact is not None:
            yield len(path) + 1, exact
        end = self._longest
        while (slash := path.rfind("/", 0, end)) >= 0:
            branch = self._branches.get(path[: slash + 1])
            if branch is not None:
                ends = (slash + 1 + length for length in branch.tail_lengths)
                found = ((at, branch.tails.get(path[slash + 1 : at])) for at in ends if at <= len(path))
                yield from ((length, choice) for length, choice in found if choice is not None)
                if branch.choice is not None:
                    yield slash + 1, branch.choice
            end = slash


@final
class _MixedPaths:
    """The path patterns of a host where some ignore case. Of equally long ones, those that mind it go first."""

    __slots__ = ("_blind", "_claimed", "_seeing")

    def __init__(self, seeing: _Paths, blind: _Paths, claimed: _Paths) -> None:
        self._seeing = seeing
        self._blind = blind
        self._claimed = claimed

    def find(self, path: str, method: str, client: str) -> Route | None:
        walks = (self._seeing.walk(path), self._blind.walk(fold_path(path)), self._claimed.walk(path))
        for _, choice in heapq.merge(*walks, key=lambda found: -found[0]):
            route = choice.choose(method, client)
            if route is not None:
                return route
        return None


def _find_tail(branch: _Branch, path: str, start: int, method: str, client: str) -> Route | None:
    for length in branch.tail_lengths:
        choice = branch.tails.get(path[start : start + length])
        if choice is not None:
            route = choice.choose(method, client)
            if route is not None:
                return route
    return None


def _compile(entries: Iterable[Entry]) -> dict[str, _Paths | _MixedPaths]:
    """Compile ordered entries by host pattern; "" is every host."""
    entries = tuple(entries)
    mixed = {host for entry in entries if entry.ignores_case for host in entry.hosts or ("",)}
    grouped: dict[str, tuple[dict[str, list[Candidate]], ...]] = {}
    for entry in entries:
        candidate = Candidate(entry.route, entry.methods, entry.networks)
        for host in entry.hosts or ("",):
            kind = 0 if host not in mixed else 1 if entry.ignores_case else 2 if entry.for_claim else 0
            patterns = grouped.setdefault(host, ({}, {}, {}))[kind]
            for pattern in entry.paths:
                patterns.setdefault(fold_path(pattern) if kind == 1 else pattern, []).append(candidate)
    return {
        host: _MixedPaths(*map(_Paths, kinds)) if host in mixed else _Paths(kinds[0]) for host, kinds in grouped.items()
    }


@final
class Router:
    """The compiled routes of a snapshot."""

    __slots__ = ("_everywhere", "_exact", "_odd_lengths", "_suffixes", "nowhere")

    def __init__(self, entries: Iterable[Entry] = (), nowhere: Route | None = None) -> None:
        """Compile the entries; their order is the order of writing. `nowhere` is what no route matches meets."""
        self.nowhere = nowhere
        tables = _compile(sorted(entries, key=lambda entry: (entry.for_claim, -entry.priority)))
        self._everywhere = tables.pop("", None)
        self._exact = {host: table for host, table in tables.items() if not host.startswith("*")}
        self._suffixes = {host[1:]: table for host, table in tables.items() if host.startswith("*")}
        is_odd = any(suffix and not suffix.startswith(".") for suffix in self._suffixes)
        self._odd_lengths = tuple(sorted({len(suffix) for suffix in self._suffixes}, reverse=True)) if is_odd else ()

    def find(self, host: str, path: str, method: str, client: str) -> Route | None:
        """Return what a request meets: its route as it is for this host, or what there is where no route matches."""
        route = self.match(host, path, method, client) or self.nowhere
        return route if route is None or route.by_host is None else route.at(host)

    def match(self, host: str, path: str, method: str, client: str) -> Route | None:
        """Return the route that a request meets, or None. `host` is lower-case and without port."""
        table = self._exact.get(host)
        if table is not None:
            route = table.find(path, method, client)
            if route is not None:
                return route
        if self._suffixes:
            route = self._match_suffix(host, path, method, client)
            if route is not None:
                return route
        return None if self._everywhere is None else self._everywhere.find(path, method, client)

    def names_host(self, host: str) -> bool:
        """Say whether the operator wrote this host, or a wildcard for what lies below a parent of it."""
        return host in self._exact or any(
            host[cut:] in self._suffixes for cut in self._cut(host) if host[cut:].startswith(".")
        )

    def _match_suffix(self, host: str, path: str, method: str, client: str) -> Route | None:
        """Try wildcard hosts, the longest first."""
        suffixes = self._suffixes
        for cut in self._cut(host):
            table = suffixes.get(host[cut:])
            if table is not None:
                route = table.find(path, method, client)
                if route is not None:
                    return route
        return None

    def _cut(self, host: str) -> list[int]:
        """Find where a wildcard's suffix may begin. One like `*foo` begins inside a label: then by lengths."""
        if self._odd_lengths:
            return [len(host) - length for length in self._odd_lengths if length <= len(host)]
        cuts = []
        dot = host.find(".")
        while dot >= 0:
            cuts.append(dot)
            dot = host.find(".", dot + 1)
        cuts.append(len(host))
        return cuts
