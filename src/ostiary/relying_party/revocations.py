"""Sessions that were ended before their time, by family: known here for as long as their cookies could come back.

They stand as a series in the shared state, and every worker and node reads what is new when it was not asked for
`revalidate_s`: that is how long a revoked session may live. While the store cannot be read nothing is known, and who
asks is told so by StoreFault: a session is never let in on old knowledge.
"""

from typing import final

from ostiary.errors import StoreFault
from ostiary.ports import Clock, Spawner, Store
from ostiary.providers.single_flight import SingleFlight

MAX_REVOKED = 1_000_000
SWEEP_S = 60.0


@final
class Revocations:
    """What one client's sessions were revoked. `asked_at` and `known_until` bound what is known without asking."""

    __slots__ = ("_begun", "_clock", "_done", "_flight", "_position", "_revalidate_s", "_series", "_store", "_swept_at",
                 "asked_at", "known_until", "revoked")  # fmt: skip

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
        self.revoked: dict[str, float] = {}

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

    async def revoke(self, family: str, expires_at: float) -> None:
        """End every session of a family, here at once and elsewhere within the time. Raises StoreFault."""
        await self._store.append(self._series, family, expires_at)
        self.revoked[family] = expires_at

    async def _read(self) -> None:
        self._begun += 1
        number = self._begun
        asked_at = self._clock.now()
        part = await self._store.read_series(self._series, self._position)
        if part.is_reset:  # the store began anew: what it has is all new, and what we know stays true
            part = await self._store.read_series(self._series, 0)
        self._position = part.position
        if part.members:
            self.revoked.update(part.members)
            self._forget_what_is_over(asked_at)
        self._done = number
        self.asked_at = asked_at
        self.known_until = asked_at + self._revalidate_s

    def _forget_what_is_over(self, now: float) -> None:
        """A family beyond its time has no cookie that counts. Raises StoreFault for more than can be remembered."""
        if abs(now - self._swept_at) < SWEEP_S and len(self.revoked) <= MAX_REVOKED:
            return
        self._swept_at = now
        self.revoked = {family: until for family, until in self.revoked.items() if until > now}
        if len(self.revoked) > MAX_REVOKED:
            raise StoreFault("store_refused", "more sessions are revoked than can be remembered")
