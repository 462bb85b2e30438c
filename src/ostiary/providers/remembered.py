"""A value that was fetched from afar: fresh, stale (served while one refresh runs), or absent.

A refresh that fails changes nothing: the last known good value stays, and the failure is logged and remembered for a
moment, so that a provider that is down is not asked by every request. Ages are of the wall clock, from the moment
the answer came.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, final

import msgspec

from ostiary.errors import ProviderFault
from ostiary.ports import Clock, HttpClient, Log, Spawner
from ostiary.providers.single_flight import SingleFlight

T = TypeVar("T")

PAUSE_AFTER_FAILURE_S = 1.0


@final
class ProviderPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider asks of the outside."""

    http: HttpClient
    clock: Clock
    spawner: Spawner
    log: Log


@final
class Remembered(Generic[T]):
    """One value and how it is fetched. Stale after `fresh_s`, unusable after `usable_s` (None: never)."""

    __slots__ = ("_failure", "_fetch", "_fetched_at", "_flight", "_fresh_s", "_name", "_paused_until", "_ports",
                 "_usable_s", "_value")  # fmt: skip

    def __init__(
        self,
        name: str,
        fetch: Callable[[], Awaitable[T]],
        ports: ProviderPorts,
        *,
        fresh_s: float,
        usable_s: float | None = None,
    ) -> None:
        """Know nothing yet; `name` is that of the tasks and the log lines."""
        self._name = name
        self._fetch = fetch
        self._ports = ports
        self._fresh_s = fresh_s
        self._usable_s = usable_s
        self._flight: SingleFlight[T] = SingleFlight(ports.spawner, name)
        self._value: T | None = None
        self._fetched_at = 0.0
        self._failure: ProviderFault | None = None
        self._paused_until = 0.0

    @property
    def is_refreshing(self) -> bool:
        """Whether a fetch is in the air."""
        return self._flight.is_running(None)

    def get(self, now: float) -> T | None:
        """Return the value in memory, or None. A stale one is returned, too, and one refresh is started."""
        value = self._value
        if value is None:
            return None
        age_s = now - self._fetched_at
        if age_s < self._fresh_s:
            return value
        if self._usable_s is not None and age_s >= self._usable_s:
            return None
        if not self.is_refreshing and self._find_pause(now) is None:
            self._ports.spawner.spawn(self._name, self._refresh_quietly())
        return value

    async def load(self, now: float) -> T:
        """Return the value, fetched when there is none. Raises ProviderFault, for a moment the same one again."""
        value = self.get(now)
        if value is not None:
            return value
        failure = None if self.is_refreshing else self._find_pause(now)
        if failure is not None:
            raise ProviderFault(failure.code, failure.detail, passing=failure.passing)
        return await self.refresh()

    async def refresh(self) -> T:
        """Fetch now, or wait for the fetch that is in the air. Raises ProviderFault; the old value stays then."""
        return await self._flight.join(None, self._fetch_once)

    def _find_pause(self, now: float) -> ProviderFault | None:
        return self._failure if now < self._paused_until else None

    async def _refresh_quietly(self) -> None:
        try:
            await self.refresh()
        except ProviderFault:
            return  # it is logged where it happened

    async def _fetch_once(self) -> T:
        try:
            value = await self._fetch()
        except ProviderFault as fault:
            self._failure = fault
            self._paused_until = self._ports.clock.now() + PAUSE_AFTER_FAILURE_S
            self._ports.log.event(
                "warning", "provider_unavailable", f"{self._name} could not be fetched: {fault.detail}",
                fault=fault.code, last_known_good=self._value is not None,
            )  # fmt: skip
            raise
        self._value = value
        self._fetched_at = self._ports.clock.now()
        self._failure = None
        self._paused_until = 0.0
        return value
