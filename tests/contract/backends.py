"""The stores that keep the port's promises, each behind one face.

It tells how to open another one on the same backend, and how time passes there.

Redis has a clock of its own, so its tests live in real time and wait for it; the others have one that a test moves.
"""

import asyncio
import time
from pathlib import Path
from typing import Protocol

import msgspec

from ostiary.adapters.clock import SystemClock
from ostiary.adapters.memory_store import MemoryStore
from ostiary.adapters.redis_store import RedisStore
from ostiary.adapters.sqlite_store import SqliteStore
from ostiary.adapters.stores import SystemStores
from ostiary.config.stores import RedisServer as RedisConfig
from ostiary.ports import Store
from tests.e2e.counterparts.session_scene import Redis
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog


class Backend(Protocol):
    """Where values are kept, and what time it is there."""

    def now(self) -> float:
        """Return the time."""
        ...

    async def let_pass(self, seconds: float) -> None:
        """Return when so much time has passed."""
        ...

    def open(self) -> Store:
        """Open another store on the same values."""
        ...

    async def close(self) -> None:
        """Close what was opened."""
        ...


class MemoryBackend:
    """One process has one memory: opening it again gives the same."""

    def __init__(self) -> None:
        """Start empty."""
        self.clock = FakeClock()
        self._store = MemoryStore(self.clock)

    def now(self) -> float:
        """Return the time."""
        return self.clock.now()

    async def let_pass(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.advance(seconds)

    def open(self) -> Store:
        """Return the memory."""
        return self._store

    async def close(self) -> None:
        """Nothing is open."""


class SqliteBackend:
    """A file."""

    def __init__(self, path: Path) -> None:
        """Take the file's path."""
        self.clock = FakeClock()
        self.log = FakeLog()
        self.path = path
        self._opened: list[SqliteStore] = []

    def now(self) -> float:
        """Return the time."""
        return self.clock.now()

    async def let_pass(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.advance(seconds)

    def open(self, *, disposable: bool = False) -> SqliteStore:
        """Open the file as another process would."""
        store = SqliteStore(self.path, self.clock, self.log, disposable=disposable)
        self._opened.append(store)
        return store

    async def close(self) -> None:
        """Close every store."""
        for store in self._opened:
            await store.close()


class RedisBackend:
    """A real redis-server, or several."""

    def __init__(self, redis: Redis, **settings: object) -> None:
        """Take what runs, and settings other than the defaults."""
        self.clock = SystemClock()
        self.settings = msgspec.structs.replace(RedisConfig.model_validate(redis.fields).settings, **settings)
        self._opened: list[SystemStores] = []

    def now(self) -> float:
        """Return the time."""
        return time.time()

    async def let_pass(self, seconds: float) -> None:
        """Wait: Redis has its own clock."""
        await asyncio.sleep(seconds)

    def open(self) -> RedisStore:
        """Open connections of its own, as another node would."""
        stores = SystemStores(Path("/nowhere"), self.clock, FakeLog())
        self._opened.append(stores)
        store = stores.open(self.settings)
        assert isinstance(store, RedisStore)
        return store

    async def close(self) -> None:
        """Close every store."""
        for stores in self._opened:
            await stores.close()
