"""A series in the shared state that every worker and node reads again when it was not asked for a moment.

What was ended before its time (sessions, tokens) stands in such series: a member with the time until which it has to be
known. How old knowledge may be is the operator's word; while the store cannot be read nothing is known, and who asks is
told so by StoreFault. What a member means is the subclass's.
"""

from abc import ABC, abstractmethod

from ostiary.errors import StoreFault
from ostiary.ports import Clock, Spawner, Store
from ostiary.providers.single_flight import SingleFlight

MAX_KNOWN = 1_000_000
SWEEP_S = 60.0


class PolledSeries(ABC):
    """One series. `asked_at` and `known_until` bound what is known without asking (wall-clock seconds)."""

    __slots__ = (
        "_begun", "_clock", "_done", "_flight", "_position", "_revalidate_s", "_series", "_store", "_swept_at",
        "asked_at", "known_until",
    )  # fmt: skip

    def __init__(self, store: Store, series: str, revalidate_s: float, clock: Clock, spawner: Spawner) -> None:
        """Know nothing yet."""
        self._store = store
        self._series = series
        self._revalidate_s = revalidate_s
        self._clock = clock
        self._flight: SingleFlight[None] = SingleFlight(spawner, "revocations")
        self._position = 0
        self._begun = 0
        self._done = 0
        self._swept_at = 0.0
        self.asked_at = 0.0
        self.known_until = 0.0

    def is_current(self, now: float) -> bool:
        """Say whether what is known is recent enough to go by."""
        return self.asked_at <= now < self.known_until

    async def refresh(self) -> None:
        """Read what is new, once for everybody who waits. Raises StoreFault."""
        await self._flight.join(None, self._read)

    async def read_anew(self) -> None:
        """Read what is new in a read that begins after this call: what was noted before it is known then."""
        wanted = self._begun + 1
        while self._done < wanted:
            await self.refresh()

    async def require(self, now: float) -> None:
        """Read what is new unless that was done a moment ago. Raises StoreFault."""
        if not self.is_current(now):
            await self.refresh()

    @abstractmethod
    def take(self, member: str, expires_at: float) -> None:
        """Learn of a member."""

    @abstractmethod
    def count(self) -> int:
        """Return how much is known."""

    @abstractmethod
    def forget(self, now: float) -> None:
        """Drop what is beyond its time."""

    async def _read(self) -> None:
        self._begun += 1
        number = self._begun
        asked_at = self._clock.now()
        part = await self._store.read_series(self._series, self._position)
        if part.is_reset:  # the store began anew: what it has is all new, and what we know stays true
            part = await self._store.read_series(self._series, 0)
        self._position = part.position
        if part.members:
            for member, expires_at in part.members:
                self.take(member, expires_at)
            self._sweep(asked_at)
        self._done = number
        self.asked_at = asked_at
        self.known_until = asked_at + self._revalidate_s

    def _sweep(self, now: float) -> None:
        """What is beyond its time counts nowhere. Raises StoreFault for more than can be remembered."""
        if abs(now - self._swept_at) < SWEEP_S and self.count() <= MAX_KNOWN:
            return
        self._swept_at = now
        self.forget(now)
        if self.count() > MAX_KNOWN:
            raise StoreFault("store_refused", "more is revoked than can be remembered")
