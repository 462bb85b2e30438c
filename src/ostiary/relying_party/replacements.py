"""What became of sessions that a refresh replaced, by their old ids, in the state that workers and nodes share.

A successor stands there, sealed, until a request shows its cookie: whoever still comes with the old one is given it.
After that it is handed out for a minute, to requests that were on their way, and then a mark stays that says "replaced"
to the old session's absolute limit: a refresh token that was used must never be used again, whoever shows it.
"""

from typing import NamedTuple, final

import msgspec

from ostiary.bounded import BoundedMap
from ostiary.identity.sealing import NONCE_BYTES, Sealer, bind
from ostiary.identity.session import Session, SessionRefused, build_ticket, encode_session, open_session
from ostiary.plugin import Services
from ostiary.ports import Store
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.settings import RelyingPartySettings

# Requests that were on their way with the old cookie when the new one was shown for the first time.
GRACE_S = 60.0
# A client that keeps showing its first cookie adds a link at each refresh; the way is shortened long before the end.
_LONG_WAY = 8
_MAX_LINKS = 64
_REMEMBERED = 4096


@final
class Ended:
    """A session that goes no further. `code` is the log's."""

    __slots__ = ("code",)

    def __init__(self, code: str) -> None:
        """Hold the stable code."""
        self.code = code


class _Outcome(NamedTuple):
    """What became of a session: its successor, handed out until `until`, or nothing (the provider ended it)."""

    until: float
    successor: bytes


_REPLACED = _Outcome(0.0, b"")


@final
class Replacements:
    """The replacements of one client's sessions under one scheme."""

    __slots__ = ("_binding", "_client_id", "_confirmed", "_keeper", "_sealer", "_services", "_store")

    def __init__(self, settings: RelyingPartySettings, keeper: SessionKeeper, services: Services) -> None:
        """Take the parts; no I/O."""
        self._keeper = keeper
        self._services = services
        self._store = find_state(settings, services)
        self._client_id = settings.credentials.client_id
        self._sealer = Sealer(settings.secrets, "renewed session")
        self._binding = (settings.discovery, self._client_id)
        self._confirmed: BoundedMap[str, bool] = BoundedMap(_REMEMBERED)

    async def find(self, session_id: str) -> Session | Ended | None:
        """Return what replaced the session with this id; None when nothing did. Raises StoreFault."""
        first: _Outcome | None = None
        found: Session | None = None
        step = session_id
        for links in range(_MAX_LINKS):
            outcome = await self._read(step)
            if outcome is None:
                return None if found is None or first is None else await self._arrive(session_id, first, found, links)
            if outcome is _REPLACED:
                return Ended("session_replaced")
            if not outcome.successor:
                return Ended("refresh_refused")
            first = first or outcome
            found = open_session(outcome.successor, self._client_id)
            step = found.id
        return Ended("session_replaced")

    async def note(self, record: Session, successor: Session) -> bool:
        """Let everybody have the successor; say whether it is the first that this session has.

        Raises StoreFault, and ValueError for claims that cannot be kept.
        """
        await self._keeper.save(successor)
        sealed = self._seal(_Outcome(record.expires_at, encode_session(successor)), record.id)
        return await self._store.create(_name_outcome(record.id), sealed, record.expires_at)

    async def note_end(self, record: Session) -> bool:
        """Let everybody know that the provider renews this session no more; say whether nothing else is known of it."""
        sealed = self._seal(_Outcome(record.expires_at, b""), record.id)
        is_first = await self._store.create(_name_outcome(record.id), sealed, record.expires_at)
        if is_first:
            await self._keeper.remove(record.id)
        return is_first

    async def confirm(self, session_id: str) -> None:
        """Note that a successor's cookie was shown: what it replaced is handed out for a moment longer, no more."""
        now = self._services.clock.now()
        outcome = await self._read(session_id)
        if outcome is not None and outcome is not _REPLACED and outcome.successor:
            absolute = open_session(outcome.successor, self._client_id).expires_at
            await self._store.write(_name_mark(session_id), b"1", absolute)
            until = min(outcome.until, now + GRACE_S)
            sealed = self._seal(_Outcome(until, outcome.successor), session_id)
            await self._store.write(_name_outcome(session_id), sealed, until)
            await self._keeper.remove(session_id)
        self._confirmed.put(session_id, value=True, expires_at=now + 86_400.0, now=now)

    def is_confirmed(self, session_id: str, now: float) -> bool:
        """Say whether that was noted already, as far as this process knows."""
        return self._confirmed.get(session_id, now) is not None

    async def _arrive(self, session_id: str, first: _Outcome, found: Session, links: int) -> Session | Ended:
        """Shorten the way if it was long; where a store has the record, what is there counts, not the copy."""
        if links >= _LONG_WAY:
            sealed = self._seal(_Outcome(first.until, encode_session(found)), session_id)
            await self._store.write(_name_outcome(session_id), sealed, first.until)
        if self._keeper.is_sealed:
            return found
        try:
            kept = await self._keeper.load(build_ticket(found))
        except SessionRefused:
            kept = None
        return kept if kept is not None else Ended("session_gone")

    async def _read(self, session_id: str) -> _Outcome | None:
        sealed = await self._store.read(_name_outcome(session_id))
        if sealed is None:
            return _REPLACED if await self._store.read(_name_mark(session_id)) is not None else None
        plain = self._sealer.open(sealed, bind(*self._binding, session_id))
        if plain is None:  # another secret's, or no work of ours: nobody may refresh what may have been refreshed
            return _REPLACED
        return msgspec.msgpack.decode(plain, type=_Outcome)

    def _seal(self, outcome: _Outcome, session_id: str) -> bytes:
        nonce = self._services.random.token_bytes(NONCE_BYTES)
        return self._sealer.seal(msgspec.msgpack.encode(outcome), bind(*self._binding, session_id), nonce)


def find_state(settings: RelyingPartySettings, services: Services) -> Store:
    """Return where locks, results and revocations stand: with the sessions, else in the shared state."""
    return services.stores.shared if settings.store is None else services.stores.open(settings.store)


def _name_outcome(session_id: str) -> str:
    return f"renewed:{session_id}"


def _name_mark(session_id: str) -> str:
    return f"replaced:{session_id}"
