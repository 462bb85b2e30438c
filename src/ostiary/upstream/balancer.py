"""Which node is next: round robin by weight, smooth (a node of weight 3 is not asked three times in a row).

The order is computed once, as a cycle; choosing is one index step. Weight 0 takes no new requests.
"""

from functools import reduce
from math import gcd
from typing import final

Node = tuple[str, int]
MAX_CYCLE = 1000


def plan_cycle(nodes: tuple[tuple[str, int, int], ...]) -> tuple[Node, ...]:
    """Lay out (host, port, weight) nodes in a smooth weighted cycle; empty when every weight is 0.

    Weights are divided by their common divisor; a cycle that would still be longer than 1,000 is scaled down, every
    node with a weight keeping at least one place.
    """
    weights = {(host, port): weight for host, port, weight in nodes if weight > 0}
    if not weights:
        return ()
    divisor = reduce(gcd, weights.values())
    total = sum(weights.values()) // divisor
    scale = max(1.0, total / MAX_CYCLE)
    shares = {node: max(1, round(weight / divisor / scale)) for node, weight in weights.items()}
    credit = dict.fromkeys(shares, 0)
    length = sum(shares.values())
    cycle = []
    for _ in range(length):
        for node, share in shares.items():
            credit[node] += share
        chosen = max(credit, key=credit.__getitem__)
        credit[chosen] -= length
        cycle.append(chosen)
    return tuple(cycle)


@final
class Balancer:
    """Walks a cycle. `nodes` are the different nodes in it."""

    __slots__ = ("_cycle", "_next", "nodes")

    def __init__(self, cycle: tuple[Node, ...]) -> None:
        """Start at the beginning of the cycle."""
        self._cycle = cycle
        self._next = 0
        self.nodes = tuple(dict.fromkeys(cycle))

    def choose(self) -> Node | None:
        """Return the next node, or None when there is none to ask."""
        if not self._cycle:
            return None
        index = self._next
        self._next = index + 1 if index + 1 < len(self._cycle) else 0
        return self._cycle[index]

    def choose_other(self, tried: set[Node]) -> Node | None:
        """Return a node that was not tried yet, or None."""
        return next((node for node in self.nodes if node not in tried), None)
