"""Sessions that were ended before their time: known here for as long as their cookies could come back.

By family, where they were ended here; by mark (`logout_marks`), where the provider says so.

They stand as a series in the shared state, and every worker and node reads what is new when it was not asked for
`revalidate_s`: that is how long a revoked session may live. While the store cannot be read nothing is known, and who
asks is told so by StoreFault: a session is never let in on old knowledge.
"""

from typing import final

from ostiary.errors import StoreFault
from ostiary.identity.session import Session
from ostiary.ports import Clock, Spawner, Store
from ostiary.providers.single_flight import SingleFlight
from ostiary.relying_party.logout_marks import Handles, Mark, find_handles, read_mark, write_mark

MAX_REVOKED = 1_000_000
SWEEP_S = 60.0


@final
class Revocations:
    """Which of one client's sessions are over. `asked_at` and `known_until` bound what is known without asking.

    `revoked` are families with the time until which they have to be known, `marks` those by key.
    """

    __slots__ = ("_begun", "_clock", "_done", "_flight", "_position", "_revalidate_s", "_series", "_store", "_swept_at",
                 "asked_at", "known_until", "marks", "revoked")  # fmt: skip

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
        self.marks: dict[str, Mark] = {}

    def is_current(self, now: float) -> bool:
        """Say whether what is known is recent enough to go by."""
        return self.asked_at <= now < self.known_until

    def has_ended(self, record: Session) -> bool:
        """Say whether a session is over, by its family or by a mark."""
        return record.family in self.revoked or (bool(self.marks) and self.is_marked(find_handles(record)))

    def is_marked(self, handles: Handles) -> bool:
        """Say whether the provider ended the session with these handles."""
        marks = self.marks
        mark = marks.get(handles.session_key)
        if mark is not None and mark.ends(handles):
            return True
        mark = marks.get(handles.subject_key)
        return mark is not None and mark.ends(handles)

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

    async def mark(self, key: str, mark: Mark) -> None:
        """End the sessions under a key that a mark ends, as `revoke` does. Raises StoreFault."""
        await self._store.append(self._series, write_mark(key, mark), mark.until)
        self._take_mark(key, mark)

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
                marked = read_mark(member, expires_at)
                if marked is None:
                    self.revoked[member] = expires_at
                else:
                    self._take_mark(*marked)
            self._forget_what_is_over(asked_at)
        self._done = number
        self.asked_at = asked_at
        self.known_until = asked_at + self._revalidate_s

    def _take_mark(self, key: str, mark: Mark) -> None:
        """The later mark ends what the earlier one does, and more."""
        known = self.marks.get(key)
        self.marks[key] = mark if known is None else Mark(*map(max, known, mark))

    def _forget_what_is_over(self, now: float) -> None:
        """What is beyond its time has no cookie that counts. Raises StoreFault for more than can be remembered."""
        if abs(now - self._swept_at) < SWEEP_S and len(self.revoked) + len(self.marks) <= MAX_REVOKED:
            return
        self._swept_at = now
        self.revoked = {family: until for family, until in self.revoked.items() if until > now}
        self.marks = {key: mark for key, mark in self.marks.items() if mark.until > now}
        if len(self.revoked) + len(self.marks) > MAX_REVOKED:
            raise StoreFault("store_refused", "more sessions are revoked than can be remembered")
