"""Why a request meets this route and no other: every route whose host and path fit, in the router's order.

For `ostiary explain` alone. The router finds its route without walking through all of them; here they are walked
through, so that those which lost can be named with the reason.
"""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import NamedTuple

from ostiary.config.checking import DeclaredRoute
from ostiary.config.host_index import fits_host
from ostiary.config.router import fold_path
from ostiary.config.scopes import rank_host
from ostiary.http.forwarded import parse_address


class Asked(NamedTuple):
    """A request as the gateway would read it. `client` is an address, or empty: one that no route names."""

    method: str
    host: str
    path: str
    client: str = ""
    has_encoded_slash: bool = False


class Contender(NamedTuple):
    """A route whose host and path fit, and by which patterns. `refusal` says which of its conditions does not hold."""

    declared: DeclaredRoute
    host: str
    path: str
    position: int
    refusal: str

    @property
    def rank(self) -> tuple[tuple[bool, int], tuple[bool, int], bool, int, int]:
        """Return its place among those that fit: the lowest goes first."""
        host = rank_host(self.host) if self.host else (True, 1)
        path = ("*" in self.path, -len(self.path))
        config = self.declared.config
        return host, path, config.ignore_path_case, -config.priority, self.position


def list_contenders(routes: Iterable[DeclaredRoute], asked: Asked) -> list[Contender]:
    """Return the routes in use whose host and path fit, in the order in which the router prefers them."""
    found = []
    for position, declared in enumerate(routes):
        config = declared.config
        hosts = [pattern for pattern in config.host_patterns or ("",) if not pattern or fits_host(pattern, asked.host)]
        paths = [
            pattern for pattern in config.path_patterns if _fits_path(pattern, asked.path, config.ignore_path_case)
        ]
        if config.status and hosts and paths:
            host = min(hosts, key=rank_host)
            path = min(paths, key=lambda pattern: ("*" in pattern, -len(pattern)))
            found.append(Contender(declared, host, path, position, _find_refusal(declared, asked)))
    return sorted(found, key=lambda contender: contender.rank)


def compare(loser: Contender, winner: Contender) -> str:
    """Say why one of two lost."""
    if loser.refusal:
        return loser.refusal
    one, other = loser.rank, winner.rank
    if one[0] != other[0]:
        return f"its host ({loser.host or 'every host'}) is less exact than {winner.host or 'every host'}"
    if one[1] != other[1]:
        return f"its path {loser.path} is less exact than {winner.path}"
    if one[2] != other[2]:
        return "it ignores the path's case, which is less exact"
    if one[3] != other[3]:
        return f"its priority is {-one[3]}, the other's {-other[3]}"
    return "it stands further down"


def _fits_path(pattern: str, path: str, ignores_case: bool) -> bool:
    if ignores_case:
        pattern, path = fold_path(pattern), fold_path(path)
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def _find_refusal(declared: DeclaredRoute, asked: Asked) -> str:
    config = declared.config
    if config.methods is not None and asked.method not in config.methods:
        return f"it takes {', '.join(config.methods)} only"
    if config.networks and not _is_within(asked.client, config.networks):
        return f"it takes clients of {', '.join(config.networks)} only: say who asks with --client"
    return ""


def _is_within(client: str, networks: Iterable[str]) -> bool:
    address = parse_address(client)
    return address is not None and any(address in ip_network(network) for network in networks)
