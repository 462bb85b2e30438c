"""Host patterns by the thousand: which of them fit a host, at a cost that depends on the host and not on their number.

Patterns are exact, `*x` (ends with x), `x*` (begins with x) and `*`; hosts are canonical (`ostiary.http.authority`).
Which of those that fit counts, is the caller's business: they come in the order in which they were given.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import final


def fits_host(pattern: str, host: str) -> bool:
    """Say whether a host fits a pattern; the port is no part of either."""
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    if pattern.endswith("*"):
        return host.startswith(pattern[:-1])
    return host == pattern


def covers_host(wide: str, narrow: str) -> bool:
    """Say whether every host that fits `narrow` fits `wide`."""
    if wide == "*" or "*" not in narrow:
        return fits_host(wide, narrow)
    if "*" not in wide or wide.startswith("*") != narrow.startswith("*"):
        return False
    return narrow.endswith(wide[1:]) if wide.startswith("*") else narrow.startswith(wide[:-1])


def meets_host(one: str, other: str) -> bool:
    """Say whether some host fits both; a beginning and an end always may."""
    if "*" in one and "*" in other and one.startswith("*") != other.startswith("*"):
        return True
    return covers_host(one, other) or covers_host(other, one)


@final
class HostIndex:
    """Finds the positions of conditions that fit a host. A condition is a list of patterns; without any it fits."""

    __slots__ = ("_backwards", "_everywhere", "_exact", "_prefix_lengths", "_prefixes", "_suffix_lengths", "_suffixes")

    def __init__(self, conditions: Iterable[Sequence[str]]) -> None:
        """Compile the conditions; their positions count from 0."""
        self._everywhere: list[int] = []
        self._exact: dict[str, list[int]] = {}
        self._suffixes: dict[str, list[int]] = {}
        self._prefixes: dict[str, list[int]] = {}
        for position, patterns in enumerate(conditions):
            if not patterns or "*" in patterns:
                self._everywhere.append(position)
                continue
            for pattern in patterns:
                self._add(pattern, position)
        self._backwards: list[tuple[str, list[int]]] | None = None
        self._suffix_lengths = _list_lengths(self._suffixes)
        self._prefix_lengths = _list_lengths(self._prefixes)

    def _add(self, pattern: str, position: int) -> None:
        if pattern.startswith("*"):
            self._suffixes.setdefault(pattern[1:], []).append(position)
        elif pattern.endswith("*"):
            self._prefixes.setdefault(pattern[:-1], []).append(position)
        else:
            self._exact.setdefault(pattern, []).append(position)

    def find(self, host: str) -> list[int]:
        """Return the positions of all conditions that fit, in order."""
        found = set(self._everywhere)
        found.update(self._exact.get(host, ()))
        found.update(self._list_ends(host))
        for length in self._prefix_lengths:
            if length <= len(host):
                found.update(self._prefixes.get(host[:length], ()))
        return sorted(found)

    def find_met(self, pattern: str) -> list[int]:
        """Return the positions of all conditions that some host of a pattern fits: a name, `*x` or `*`."""
        if "*" not in pattern:
            return self.find(pattern)
        end = pattern[1:]
        found = set(self._everywhere)  # and besides: wider ends, beginnings (which always may), and what ends so
        found.update(self._list_ends(end), chain.from_iterable(self._prefixes.values()), self._list_ending(end[::-1]))
        return sorted(found)

    def _list_ends(self, host: str) -> Iterator[int]:
        """Yield the positions of the ends that a host, or its end, has."""
        for length in self._suffix_lengths:
            if length <= len(host):
                yield from self._suffixes.get(host[len(host) - length :], ())

    def _list_ending(self, backwards: str) -> Iterator[int]:
        """Yield the positions of names and ends that end so, which are neighbours where they are sorted backwards."""
        if self._backwards is None:
            named = chain(self._exact.items(), self._suffixes.items())
            self._backwards = sorted((name[::-1], positions) for name, positions in named)
        for index in range(bisect_left(self._backwards, (backwards,)), len(self._backwards)):
            name, positions = self._backwards[index]
            if not name.startswith(backwards):
                return
            yield from positions


def find_uncovered(conditions: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return, of each condition, the patterns that none before it covers: of those alone it can be the first."""
    flat = [(number, pattern) for number, patterns in enumerate(conditions) for pattern in patterns]
    index = HostIndex((pattern,) for _, pattern in flat)
    left: list[list[str]] = [[] for _ in conditions]
    for number, pattern in flat:
        found = (flat[position] for position in index.find(pattern.strip("*")))
        if not any(earlier < number and covers_host(wide, pattern) for earlier, wide in found):
            left[number].append(pattern)
    return [tuple(patterns) for patterns in left]


def _list_lengths(texts: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted({len(text) for text in texts}))
