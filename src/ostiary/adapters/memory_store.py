"""A store in the memory of one process, as `ostiary.ports.Store`: for tests, the demo, and trials of a single process.

It forgets everything when the process ends, and no other process sees it; nothing in it ever fails. At most
`MAX_VALUES` values and as many members; beyond that the one that was put first leaves.
"""

from typing import final

from ostiary.adapters.store_rules import check_key, check_member, check_value
from ostiary.bounded import BoundedMap
from ostiary.ports import Clock, SeriesPart, Store
from ostiary.store_settings import StoreSettings

MAX_VALUES = 100_000


@final
class MemoryStore:
    """Values in a bounded map, series in another."""

    __slots__ = ("_clock", "_position", "_series", "_values")

    def __init__(self, clock: Clock) -> None:
        """Hold nothing yet."""
        self._clock = clock
        self._values: BoundedMap[str, bytes] = BoundedMap(MAX_VALUES)
        self._series: dict[str, dict[str, tuple[int, float]]] = {}
        self._position = 0

    async def read(self, key: str) -> bytes | None:
        """Return the value, or None."""
        check_key(key)
        return self._values.get(key, self._clock.now())

    async def write(self, key: str, value: bytes, expires_at: float) -> None:
        """Put the value, whatever was there."""
        check_key(key)
        check_value(value, expires_at)
        self._values.put(key, value, expires_at=expires_at, now=self._clock.now())

    async def create(self, key: str, value: bytes, expires_at: float) -> bool:
        """Put the value where there is none; say whether that was so."""
        if await self.read(key) is not None:
            return False
        await self.write(key, value, expires_at)
        return True

    async def replace(self, key: str, expected: bytes, value: bytes, expires_at: float) -> bool:
        """Put the value where exactly `expected` is; say whether that was so."""
        if await self.read(key) != expected:
            return False
        await self.write(key, value, expires_at)
        return True

    async def delete(self, key: str, expected: bytes | None = None) -> bool:
        """Take the value away (with `expected`: only exactly that one); say whether there was one to take."""
        found = await self.read(key)
        if found is None or (expected is not None and found != expected):
            return False
        self._values.discard(key)
        return True

    async def append(self, series: str, member: str, expires_at: float) -> None:
        """Add a member to a series; one that is there already gets the later of both times, and counts as new."""
        check_key(series)
        check_member(member, expires_at)
        members = self._series.setdefault(series, {})
        _, known_until = members.pop(member, (0, 0.0))
        self._position += 1
        members[member] = (self._position, max(expires_at, known_until))
        while len(members) > MAX_VALUES:
            del members[next(iter(members))]

    async def read_series(self, series: str, after: int) -> SeriesPart:
        """Return the live members that were added after a position; all of them when the position is not its own."""
        check_key(series)
        now = self._clock.now()
        members = {
            member: entry for member, entry in self._series.get(series, {}).items() if entry[1] > now
        }  # what is over leaves
        self._series[series] = members
        is_reset = after > self._position
        since = 0 if is_reset else after
        found = tuple((member, until) for member, (position, until) in members.items() if position > since)
        return SeriesPart(found, self._position, is_reset=is_reset)


@final
class MemoryStores:
    """Implements `ostiary.ports.Stores`: every store it opens is a memory of its own."""

    __slots__ = ("_clock", "_opened", "shared")

    def __init__(self, clock: Clock) -> None:
        """Open the shared one."""
        self._clock = clock
        self._opened: dict[StoreSettings, MemoryStore] = {}
        self.shared: Store = MemoryStore(clock)

    def open(self, settings: StoreSettings) -> Store:
        """Return the store with these settings, always the same one."""
        return self._opened.setdefault(settings, MemoryStore(self._clock))
