"""Notes of which of the provider's sessions people are signed in by here: only for front-channel logout.

Its request shows no token, just `iss` and `sid` in an address that anybody can open, so it is believed only about a
`sid` that a login noted; otherwise anybody could fill the series of revocations. A note holds the `iat` of the latest
ID token of that session, for as long as a session can last.
"""

from typing import final

from ostiary.identity.session import Session
from ostiary.plugin import Services
from ostiary.relying_party.client_cookies import digest_client
from ostiary.relying_party.logout_marks import digest_session, find_mark_end
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.settings import RelyingPartySettings


@final
class SidNotes:
    """The notes of one client, in the state that workers and nodes share."""

    __slots__ = ("_clock", "_prefix", "_settings", "_store")

    def __init__(self, settings: RelyingPartySettings, services: Services) -> None:
        """Take the parts; no I/O."""
        self._settings = settings
        self._clock = services.clock
        self._store = find_state(settings, services)
        self._prefix = f"signed_in:{digest_client(settings)}:"

    async def note(self, record: Session) -> None:
        """Note the session of a login, if front-channel logout is on and the provider named one. Raises StoreFault."""
        if self._settings.logout.front_channel_path is None or record.provider_session_id is None:
            return
        name = self._name(record.issuer, record.provider_session_id)
        value = _write_time(record.id_token_issued_at)
        until = find_mark_end(self._settings.limits.absolute_s, self._clock.now())
        while not await self._store.create(name, value, until):
            known = await self._store.read(name)
            if known is None:
                continue
            latest = max(known, value, key=float)
            if await self._store.replace(name, known, latest, until):
                return

    async def find(self, issuer: str, session_id: str) -> float | None:
        """Return the latest `iat` noted for a session of the provider, None for one that nobody knows here."""
        noted = await self._store.read(self._name(issuer, session_id))
        return None if noted is None else float(noted)

    async def forget(self, issuer: str, session_id: str, issued_at: float) -> None:
        """Take the note away, unless a later login wrote it anew: whoever asks again is told of no session."""
        await self._store.delete(self._name(issuer, session_id), _write_time(issued_at))

    def _name(self, issuer: str, session_id: str) -> str:
        return self._prefix + digest_session(issuer, session_id)


def _write_time(at: float) -> bytes:
    return repr(at).encode("ascii")
