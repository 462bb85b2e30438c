"""How long sessions of one client can last, whichever of its routes they began at: what a mark has to outlive.

A provider tells one route that somebody left, and the session may be another's, with a longer absolute limit. So every
route notes its own limit in the shared state before it lets somebody in, and the longest that is noted counts until the
last of those sessions is over. One write for each process and limit in the time that a session can last.
"""

from typing import NamedTuple, final

from ostiary.plugin import Services
from ostiary.relying_party.client_cookies import digest_client
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.settings import RelyingPartySettings

# The clocks of nodes differ a little.
_SPARE_S = 300.0


class _Note(NamedTuple):
    """The longest limit in seconds, and until when it counts (wall clock)."""

    longest_s: float
    until: float


@final
class LongestSession:
    """The note of one client, in the state that workers and nodes share."""

    __slots__ = ("_clock", "_covered_until", "_name", "_own_s", "_store")

    def __init__(self, settings: RelyingPartySettings, services: Services) -> None:
        """Take the parts; no I/O."""
        self._clock = services.clock
        self._store = find_state(settings, services)
        self._name = f"longest:{digest_client(settings)}"
        self._own_s = settings.limits.absolute_s
        self._covered_until = 0.0

    async def note(self) -> None:
        """See that the limit of sessions that begin now is noted until they are over. Raises StoreFault."""
        now = self._clock.now()
        if self._covered_until - self._own_s <= now < self._covered_until:
            return
        own = _Note(self._own_s, now + 2 * self._own_s + _SPARE_S)
        while not await self._store.create(self._name, _write(own), own.until):
            known = await self._store.read(self._name)
            if known is None:
                continue
            latest = _Note(*map(max, _read(known), own))
            if await self._store.replace(self._name, known, _write(latest), latest.until):
                break
        self._covered_until = now + self._own_s

    async def find(self) -> float:
        """Return the longest limit of the client's sessions, in seconds. Raises StoreFault."""
        known = await self._store.read(self._name)
        return self._own_s if known is None else max(self._own_s, _read(known).longest_s)


def _write(note: _Note) -> bytes:
    return f"{note.longest_s!r} {note.until!r}".encode("ascii")


def _read(written: bytes) -> _Note:
    longest_s, until = written.split()
    return _Note(float(longest_s), float(until))
