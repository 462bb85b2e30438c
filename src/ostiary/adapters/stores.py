"""The stores of this process, as `ostiary.ports.Stores`: equal settings share one, and opening one does no I/O.

Relative paths are relative to the configuration file's folder. A store stays open until `close()`, also when a later
configuration names another: requests that began with it end with it.
"""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, final

import msgspec

from ostiary.adapters.sqlite_store import SqliteStore
from ostiary.errors import Fault
from ostiary.ports import Clock, Log, Store
from ostiary.store_settings import RedisSettings, SqliteSettings, StoreSettings
from ostiary.upstream.tls_client import make_tls_context

if TYPE_CHECKING:
    from ostiary.adapters.redis_store import RedisStore


@final
class SystemStores:
    """Opens stores by their settings; make one per process, and `close()` it."""

    __slots__ = ("_clock", "_contexts", "_folder", "_log", "_opened")

    def __init__(self, folder: Path, clock: Clock, log: Log) -> None:
        """Open nothing yet; `folder` is where relative paths begin."""
        self._folder = folder
        self._clock = clock
        self._log = log
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._opened: dict[StoreSettings, SqliteStore | RedisStore] = {}

    def open(self, settings: StoreSettings) -> Store:
        """Return the store with these settings, always the same one."""
        if isinstance(settings, SqliteSettings):
            settings = msgspec.structs.replace(settings, path=str(self._folder / settings.path))
        store = self._opened.get(settings)
        if store is None:
            store = self._opened[settings] = self._make(settings)
        return store

    def share(self, settings: StoreSettings) -> "SharingStores":
        """Return the stores as configured with this `state`."""
        return SharingStores(self, settings)

    async def find_faults(self) -> tuple[Fault, ...]:
        """Write to every file that is open by now, and return what went wrong: better at start than at a sign-in.

        Servers are not tried: one that is away at start may come back.
        """
        faults: list[Fault] = []
        for store in [each for each in self._opened.values() if isinstance(each, SqliteStore)]:
            try:
                await store.write("start", b"1", self._clock.now() + 1.0)
            except Fault as fault:
                faults.append(fault)
        return tuple(faults)

    async def close(self) -> None:
        """Write what waits and close every store; one that is opened later is another one."""
        opened, self._opened = self._opened, {}
        for store in opened.values():
            await store.close()

    def _make(self, settings: StoreSettings) -> "SqliteStore | RedisStore":
        if isinstance(settings, RedisSettings):
            # Who has no Redis does not pay for its client at every start.
            from ostiary.adapters.redis_store import RedisStore  # noqa: PLC0415
            from ostiary.adapters.redis_topology import open_redis  # noqa: PLC0415

            return RedisStore(open_redis(settings, self._find_context, self._log), settings.prefix, self._clock)
        return SqliteStore(Path(settings.path), self._clock, self._log, disposable=settings.disposable)

    def _find_context(self, verify: bool) -> ssl.SSLContext:  # noqa: FBT001 - the key of the two contexts there are
        """Return one context for all connections alike: making one reads every authority of the system."""
        context = self._contexts.get(verify)
        if context is None:
            context = self._contexts[verify] = make_tls_context(verify=verify)
        return context


@final
class SharingStores:
    """Implements `ostiary.ports.Stores` for one configuration: its `state` is the shared store."""

    __slots__ = ("_settings", "_stores")

    def __init__(self, stores: SystemStores, settings: StoreSettings) -> None:
        """Open nothing: a configuration that needs no state has none."""
        self._stores = stores
        self._settings = settings

    @property
    def shared(self) -> Store:
        """The shared state."""
        return self._stores.open(self._settings)

    def open(self, settings: StoreSettings) -> Store:
        """Return the store with these settings, always the same one."""
        return self._stores.open(settings)
