"""A map with a size and an expiry. The only cache of this code base; `now` is an argument.

It is for proven credentials, remembered answers and the like: small values under digests or tuples. When it is full
the entry that was put first leaves. It holds no lock (one event loop uses it) and never calls anything.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(Generic[K, V]):
    """At most `max_entries` values, each until its own `expires_at` (seconds, the clock that `now` comes from)."""

    __slots__ = ("_entries", "_max_entries")

    def __init__(self, max_entries: int) -> None:
        """Make an empty map. Raises ValueError when `max_entries` is below one."""
        if max_entries < 1:
            message = "a bounded map holds at least one entry"
            raise ValueError(message)
        self._max_entries = max_entries
        # An ordered one: finding the first entry of a plain dict again and again walks over all that left before it.
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K, now: float) -> V | None:
        """Return the value under `key`, or None when there is none or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= now:
            del self._entries[key]
            return None
        return entry[1]

    def put(self, key: K, value: V, *, expires_at: float, now: float) -> None:
        """Remember `value` until `expires_at`; a value that is already over is not kept."""
        self._entries.pop(key, None)
        if expires_at <= now:
            return
        while len(self._entries) >= self._max_entries:
            self._entries.popitem(last=False)
        self._entries[key] = (expires_at, value)

    def discard(self, key: K) -> None:
        """Forget `key`; forgetting what is not there is fine."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def is_full(self, now: float) -> bool:
        """Say whether one more value makes another leave; those put first whose time is over have left by then."""
        entries = self._entries
        while entries and next(iter(entries.values()))[0] <= now:
            entries.popitem(last=False)
        return len(entries) >= self._max_entries

    def __len__(self) -> int:
        """Count the entries held, expired ones included until they are met."""
        return len(self._entries)
