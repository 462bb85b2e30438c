"""Refreshing a session, once for everybody: other requests, workers and nodes wait for the same result.

A provider that rotates refresh tokens takes a second use of one for theft and signs the person out (RFC 9700 §4.14),
so a refresh is done under a lock in the shared state, and its result stays there, sealed, under the old session's id
until a request shows the new cookie: whoever still comes with the old one is given the same successor. After that the
old id stands for nothing but "replaced", to its absolute limit. What fails is told apart (`Ended`, or a fault that
passes), and a refresh never outlives a logout: whoever did it looks at the revocations last.
"""

import asyncio
from functools import partial
from typing import NamedTuple, final

import msgspec

from ostiary.bounded import BoundedMap
from ostiary.errors import ProviderFault, StoreFault
from ostiary.identity.jose import TokenRefused
from ostiary.identity.sealing import NONCE_BYTES, Sealer, bind, encode_base64url
from ostiary.identity.session import Session, encode_session, open_session
from ostiary.plugin import Services
from ostiary.ports import Store
from ostiary.providers.provider import Provider
from ostiary.providers.single_flight import SingleFlight
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.successor import SuccessorMaker

# Requests that were on their way with the old cookie when the new one was shown for the first time.
GRACE_S = 60.0
PAUSE_AFTER_FAILURE_S = 30.0
POLL_S = 0.05
RETRY_S = 0.25
_REMEMBERED = 4096
# A client that keeps showing its first cookie adds a link at each refresh; the way is shortened long before the end.
_LONG_WAY = 8
_MAX_LINKS = 64


@final
class Ended:
    """The provider ended the session: it will not be renewed. `code` is the log's."""

    __slots__ = ("code",)

    def __init__(self, code: str) -> None:
        """Hold the stable code."""
        self.code = code


class _Outcome(NamedTuple):
    """What became of a session: its successor, to be handed out until `until`, or nothing any more."""

    until: float
    successor: bytes


@final
class Renewal:
    """Refreshes the sessions of one client under one scheme."""

    __slots__ = ("_binding", "_client_id", "_failures", "_flights", "_keeper", "_patience_s", "_revocations", "_sealer",
                 "_services", "_store", "_successors", "_unsaved")  # fmt: skip

    def __init__(
        self,
        settings: RelyingPartySettings,
        provider: Provider,
        keeper: SessionKeeper,
        revocations: Revocations,
        services: Services,
    ) -> None:
        """Take the parts; no I/O."""
        self._keeper = keeper
        self._revocations = revocations
        self._services = services
        self._store: Store = find_state(settings, services)
        self._client_id = settings.credentials.client_id
        self._sealer = Sealer(settings.secrets, "renewed session")
        self._binding = (settings.discovery, self._client_id)
        self._successors = SuccessorMaker(settings, provider, services)
        self._patience_s = provider.settings.timeout_s + 2.0
        self._flights: SingleFlight[Session | Ended] = SingleFlight(services.spawner, "session refresh")
        self._failures: BoundedMap[str, ProviderFault] = BoundedMap(_REMEMBERED)
        self._unsaved: BoundedMap[str, Session] = BoundedMap(_REMEMBERED)

    async def renew(self, record: Session) -> Session | Ended:
        """Return the successor of a session, refreshed by whoever comes first. Raises ProviderFault, StoreFault.

        A ProviderFault passes: the session stays as it is, and the same refresh is not tried again for half a minute.
        """
        failure = self._failures.get(record.id, self._services.clock.now())
        if failure is not None:
            raise failure.again()
        return await self._flights.join(record.id, partial(self._renew, record))

    async def find_successor(self, session_id: str) -> Session | Ended | None:
        """Return what replaced the session with this id; None when nothing did. Raises StoreFault."""
        unsaved = self._unsaved.get(session_id, self._services.clock.now())
        if unsaved is not None:
            raise StoreFault("store_unavailable", "a refreshed session could not be kept yet")
        first: _Outcome | None = None
        found: Session | None = None
        step = session_id
        for links in range(_MAX_LINKS):
            outcome = await self._read_outcome(step)
            if outcome is None:
                if first is not None and found is not None and links >= _LONG_WAY:
                    sealed = self._seal(found, first.until, session_id)
                    await self._store.write(_name_outcome(session_id), sealed, found.expires_at)
                return found
            first = first or outcome
            opened = self._open_outcome(outcome)
            if isinstance(opened, Ended):
                return opened
            found, step = opened, opened.id
        return Ended("session_replaced")

    async def confirm(self, session_id: str) -> None:
        """Note that a successor's cookie was shown: what it replaced is handed out for a moment longer, no more."""
        outcome = await self._read_outcome(session_id)
        now = self._services.clock.now()
        if outcome is None or outcome.until <= now + GRACE_S:
            return
        found = self._open_outcome(outcome)
        if isinstance(found, Session):
            await self._store.write(
                _name_outcome(session_id), self._seal(found, now + GRACE_S, session_id), found.expires_at
            )
        await self._keeper.remove(session_id)

    async def _renew(self, record: Session) -> Session | Ended:
        """Take the lock and refresh, or wait for who has it."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience_s
        owner = encode_base64url(self._services.random.token_bytes(NONCE_BYTES))
        while True:
            known = await self.find_successor(record.id)
            if known is not None:
                return known
            lock_until = self._services.clock.now() + 2 * self._patience_s
            if await self._store.create(_name_lock(record.id), owner, lock_until):
                return await self._renew_alone(record, owner)
            if loop.time() >= give_up_at:
                raise ProviderFault("refresh_timeout", "another worker's refresh of this session does not end")
            await asyncio.sleep(POLL_S)

    async def _renew_alone(self, record: Session, owner: bytes) -> Session | Ended:
        """Refresh under the lock; it is let go when the outcome stands, or there is none."""
        try:
            known = await self.find_successor(record.id)  # from who had the lock when we looked
            return known if known is not None else await self._ask_provider(record)
        finally:
            if self._unsaved.get(record.id, self._services.clock.now()) is None:  # else nobody may use the token again
                await self._let_go(record.id, owner)

    async def _ask_provider(self, record: Session) -> Session | Ended:
        try:
            successor = await self._successors.make(record)
        except (ProviderFault, TokenRefused) as failure:
            return await self._settle_failure(record, failure)
        try:
            is_first = await self._keep(record, successor)
        except StoreFault:  # the old refresh token is used up: what came for it must not be lost
            now = self._services.clock.now()
            self._unsaved.put(record.id, successor, expires_at=now + self._patience_s, now=now)
            self._services.spawner.spawn("keeping a refreshed session", self._keep_later(record, successor))
            raise
        if not is_first:
            known = await self.find_successor(record.id)  # our lock ran out meanwhile, and somebody was faster
            return known if known is not None else Ended("session_replaced")
        return await self._check_still_wanted(record, successor)

    async def _keep(self, record: Session, successor: Session) -> bool:
        """Let everybody have the successor; say whether it is the first that this session has."""
        await self._keeper.save(successor)
        sealed = self._seal(successor, record.expires_at, record.id)
        return await self._store.create(_name_outcome(record.id), sealed, record.expires_at)

    async def _keep_later(self, record: Session, successor: Session) -> None:
        """Try again while the lock lasts: others would use the old refresh token once more after that."""
        while self._unsaved.get(record.id, self._services.clock.now()) is not None:
            await asyncio.sleep(RETRY_S)
            try:
                await self._keep(record, successor)
            except StoreFault:
                continue
            self._unsaved.discard(record.id)

    async def _check_still_wanted(self, record: Session, successor: Session) -> Session | Ended:
        """A logout that came while the provider was asked wins: it noted the revocation before it looked for us."""
        await self._revocations.refresh()
        if record.family in self._revocations.revoked:
            await self._keeper.remove(successor.id)
            return Ended("session_revoked")
        self._services.log.event("info", "session_refreshed", "a session was refreshed", client=self._client_id)
        return successor

    async def _settle_failure(self, record: Session, failure: ProviderFault | TokenRefused) -> Ended:
        """Security catalogue §2.7: what the provider refuses ends the session; what may pass does not touch it."""
        now = self._services.clock.now()
        if isinstance(failure, ProviderFault) and not _is_fatal(failure):
            self._failures.put(record.id, failure, expires_at=now + PAUSE_AFTER_FAILURE_S, now=now)
            self._services.log.event(
                "warning", "refresh_failed", "a session could not be refreshed, and is kept", cause=failure.code,
                detail=failure.detail, client=self._client_id,
            )  # fmt: skip
            raise failure
        cause = failure.detail or failure.code if isinstance(failure, ProviderFault) else failure.code
        self._services.log.event(
            "warning", "refresh_refused", "the provider does not renew a session: it is over", cause=cause,
            client=self._client_id,
        )  # fmt: skip
        await self._store.write(_name_outcome(record.id), self._seal(None, now, record.id), record.expires_at)
        await self._keeper.remove(record.id)
        return Ended("refresh_refused")

    async def _let_go(self, session_id: str, owner: bytes) -> None:
        try:
            await self._store.delete(_name_lock(session_id), owner)
        except StoreFault as fault:  # it ends by itself
            self._services.log.event("warning", fault.code, "a refresh lock is left to run out", detail=fault.detail)

    async def _read_outcome(self, session_id: str) -> _Outcome | None:
        sealed = await self._store.read(_name_outcome(session_id))
        if sealed is None:
            return None
        plain = self._sealer.open(sealed, bind(*self._binding, session_id))
        if plain is None:  # another secret's, or no work of ours: nobody may refresh what may have been refreshed
            return _Outcome(0.0, b"")
        return msgspec.msgpack.decode(plain, type=_Outcome)

    def _open_outcome(self, outcome: _Outcome) -> Session | Ended:
        if not outcome.successor:
            return Ended("refresh_refused")
        if outcome.until <= self._services.clock.now():
            return Ended("session_replaced")
        return open_session(outcome.successor, self._client_id)

    def _seal(self, successor: Session | None, until: float, session_id: str) -> bytes:
        outcome = _Outcome(until, b"" if successor is None else encode_session(successor))
        nonce = self._services.random.token_bytes(NONCE_BYTES)
        return self._sealer.seal(msgspec.msgpack.encode(outcome), bind(*self._binding, session_id), nonce)


def _is_fatal(failure: ProviderFault) -> bool:
    """Say whether a token endpoint refused the refresh token itself (RFC 6749 §5.2), and did not merely stumble."""
    if failure.code != "token_refused" or failure.passing:
        return False
    return not failure.detail.startswith("status ") or failure.detail in {"status 400", "status 401"}


def find_state(settings: RelyingPartySettings, services: Services) -> Store:
    """Return where locks, results and revocations stand: with the sessions, else in the shared state."""
    return services.stores.shared if settings.store is None else services.stores.open(settings.store)


def _name_outcome(session_id: str) -> str:
    return f"renewed:{session_id}"


def _name_lock(session_id: str) -> str:
    return f"renewing:{session_id}"
