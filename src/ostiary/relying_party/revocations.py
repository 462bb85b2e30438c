"""Sessions that were ended before their time: known here for as long as their cookies could come back.

By family, where they were ended here; by mark (`logout_marks`), where the provider says so.

They stand as a series in the shared state, and every worker and node reads what is new when it was not asked for
`revalidate_s`: that is how long a revoked session may live (`ostiary.providers.polled_series`).
"""

from typing import final

from ostiary.identity.session import Session
from ostiary.ports import Clock, Spawner, Store
from ostiary.providers.polled_series import PolledSeries
from ostiary.relying_party.logout_marks import Handles, Mark, find_handles, read_mark, write_mark


@final
class Revocations(PolledSeries):
    """Which of one client's sessions are over.

    `revoked` are families with the time until which they have to be known, `marks` those by key.
    """

    __slots__ = ("marks", "revoked")

    def __init__(self, store: Store, series: str, revalidate_s: float, clock: Clock, spawner: Spawner) -> None:
        """Know nothing yet."""
        super().__init__(store, series, revalidate_s, clock, spawner)
        self.revoked: dict[str, float] = {}
        self.marks: dict[str, Mark] = {}

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

    async def revoke(self, family: str, expires_at: float) -> None:
        """End every session of a family, here at once and elsewhere within the time. Raises StoreFault."""
        await self._store.append(self._series, family, expires_at)
        self.revoked[family] = expires_at

    async def mark(self, key: str, mark: Mark) -> None:
        """End the sessions under a key that a mark ends, as `revoke` does. Raises StoreFault."""
        await self._store.append(self._series, write_mark(key, mark), mark.until)
        self._take_mark(key, mark)

    def take(self, member: str, expires_at: float) -> None:
        """Learn of a family, or of a mark."""
        marked = read_mark(member, expires_at)
        if marked is None:
            self.revoked[member] = expires_at
        else:
            self._take_mark(*marked)

    def count(self) -> int:
        """Return how many families and marks are known."""
        return len(self.revoked) + len(self.marks)

    def forget(self, now: float) -> None:
        """What is beyond its time has no cookie that counts."""
        self.revoked = {family: until for family, until in self.revoked.items() if until > now}
        self.marks = {key: mark for key, mark in self.marks.items() if mark.until > now}

    def _take_mark(self, key: str, mark: Mark) -> None:
        """The later mark ends what the earlier one does, and more."""
        known = self.marks.get(key)
        self.marks[key] = mark if known is None else Mark(*map(max, known, mark))
