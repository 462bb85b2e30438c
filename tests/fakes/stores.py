"""Stores for tests: one memory for everything, and switches that take it away."""

from collections.abc import Awaitable, Callable
from typing import Any

from ostiary.adapters.memory_store import MemoryStore
from ostiary.errors import StoreFault
from ostiary.ports import Clock, SeriesPart
from ostiary.store_settings import StoreSettings


class FakeStore:
    """A memory store that counts calls by name (`calls`) and fails them all while it `is_down`."""

    def __init__(self, clock: Clock) -> None:
        """Work, and hold nothing."""
        self.memory = MemoryStore(clock)
        self.is_down = False
        self.calls: list[tuple[str, str]] = []
        self.before: Callable[[str, str], Awaitable[None]] | None = None

    async def _reach(self, name: str, key: str) -> None:
        self.calls.append((name, key))
        if self.before is not None:
            await self.before(name, key)
        if self.is_down:
            raise StoreFault("store_unavailable", "the test took the store away")

    def count(self, name: str) -> int:
        """Count the calls of one kind so far."""
        return sum(1 for called, _ in self.calls if called == name)

    async def read(self, key: str) -> bytes | None:
        """As the port says."""
        await self._reach("read", key)
        return await self.memory.read(key)

    async def write(self, key: str, value: bytes, expires_at: float) -> None:
        """As the port says."""
        await self._reach("write", key)
        await self.memory.write(key, value, expires_at)

    async def create(self, key: str, value: bytes, expires_at: float) -> bool:
        """As the port says."""
        await self._reach("create", key)
        return await self.memory.create(key, value, expires_at)

    async def replace(self, key: str, expected: bytes, value: bytes, expires_at: float) -> bool:
        """As the port says."""
        await self._reach("replace", key)
        return await self.memory.replace(key, expected, value, expires_at)

    async def delete(self, key: str, expected: bytes | None = None) -> bool:
        """As the port says."""
        await self._reach("delete", key)
        return await self.memory.delete(key, expected)

    async def append(self, series: str, member: str, expires_at: float) -> None:
        """As the port says."""
        await self._reach("append", series)
        await self.memory.append(series, member, expires_at)

    async def read_series(self, series: str, after: int) -> SeriesPart:
        """As the port says."""
        await self._reach("read_series", series)
        return await self.memory.read_series(series, after)


class FakeStores:
    """Every store there is: `shared`, and one for each settings value."""

    def __init__(self, clock: Clock) -> None:
        """Open nothing yet."""
        self._clock = clock
        self.shared: Any = FakeStore(clock)
        self.opened: dict[StoreSettings, FakeStore] = {}

    def open(self, settings: StoreSettings) -> Any:
        """Return the store with these settings, always the same one."""
        return self.opened.setdefault(settings, FakeStore(self._clock))
