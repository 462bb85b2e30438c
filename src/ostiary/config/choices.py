"""What is left of routing when host and path are known: methods and client addresses, in order.

Routes that share a host and a path pattern stand in one `Choice`: compiled so that neither a thousand routes on one
path nor a list of ten thousand networks is walked through for a request.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, final

from ostiary.config.patterns import Network
from ostiary.config.routes import Route
from ostiary.http.forwarded import parse_address

_NOBODY = 1 << 62
_BITS = {4: 32, 6: 128}


class Candidate(NamedTuple):
    """A route with its conditions; None is no condition."""

    route: Route
    methods: frozenset[str] | None
    networks: tuple[Network, ...] | None


@final
class _Ranks:
    """Which of the networks that hold an address comes first: one look-up per different prefix length."""

    __slots__ = ("_by_version",)

    def __init__(self, ranked: Iterable[tuple[int, Network]]) -> None:
        tables: dict[int, dict[int, dict[int, int]]] = {4: {}, 6: {}}
        for rank, network in ranked:
            shift = network.max_prefixlen - network.prefixlen
            ranks = tables[network.version].setdefault(shift, {})
            ranks.setdefault(int(network.network_address) >> shift, rank)
        self._by_version = {version: tuple(by_shift.items()) for version, by_shift in tables.items()}

    def first(self, client: str) -> int:
        """Return the lowest rank among networks that hold the client, or `_NOBODY`."""
        address = parse_address(client)
        if address is None:
            return _NOBODY
        number = int(address)
        return min(
            (ranks.get(number >> shift, _NOBODY) for shift, ranks in self._by_version[address.version]), default=_NOBODY
        )


@final
class _Method:
    """The candidates for one method: the first that takes every client, and those before it that take some."""

    __slots__ = ("_ranks", "_routes", "anyone")

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self.anyone: Route | None = None
        routes: list[Route] = []
        ranked: list[tuple[int, Network]] = []
        for candidate in candidates:
            if candidate.networks is None:
                self.anyone = candidate.route
                break
            ranked += ((len(routes), network) for network in candidate.networks)
            routes.append(candidate.route)
        self._routes = tuple(routes)
        self._ranks = _Ranks(ranked) if ranked else None

    def choose(self, client: str) -> Route | None:
        if self._ranks is None:
            return self.anyone
        rank = self._ranks.first(client)
        return self.anyone if rank == _NOBODY else self._routes[rank]


@final
class Choice:
    """The candidates of one host and one path pattern, compiled. `sole` is the one that takes every request, if any."""

    __slots__ = ("_by_method", "_other", "sole")

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        """Take the candidates in the order in which they are to be tried."""
        first = candidates[0] if candidates else None
        self.sole = first.route if first is not None and first.methods is None and first.networks is None else None
        tried = candidates if self.sole is None else ()
        named = {method for candidate in tried for method in candidate.methods or ()}
        self._other = _Method(candidate for candidate in tried if candidate.methods is None)
        self._by_method = {
            method: _Method(found for found in tried if found.methods is None or method in found.methods)
            for method in named
        }

    def choose(self, method: str, client: str) -> Route | None:
        """Return the first route whose conditions hold, or None."""
        return self.sole or self._by_method.get(method, self._other).choose(client)
