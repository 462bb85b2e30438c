"""Refreshing a session, once for everybody: other requests, workers and nodes wait for the same result.

A provider that rotates refresh tokens takes a second use of one for theft and signs the person out (RFC 9700 §4.14),
so a refresh is done under a lock in the shared state, and its result is kept there (`replacements`). What fails is told
apart: what the provider refuses ends the session, what may pass leaves it as it is. A refresh never outlives a logout:
whoever did it looks at the revocations last.
"""

import asyncio
from functools import partial
from typing import final

from ostiary.bounded import BoundedMap
from ostiary.errors import ProviderFault, StoreFault
from ostiary.identity.jose import TokenRefused
from ostiary.identity.sealing import NONCE_BYTES, encode_base64url
from ostiary.identity.session import Session
from ostiary.plugin import Services
from ostiary.providers.single_flight import SingleFlight
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.replacements import Ended, Replacements, find_state
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.successor import SuccessorMaker

PAUSE_AFTER_FAILURE_S = 30.0
POLL_S = 0.05
RETRY_S = 0.25
# What a refresh may take at most: metadata, tokens, keys, new keys and userinfo, each with the provider's time limit.
_CALLS = 5
_SPARE_S = 5.0
_REMEMBERED = 4096


@final
class Renewal:
    """Refreshes the sessions of one client under one scheme."""

    __slots__ = ("_client_id", "_failures", "_flights", "_keeper", "_lock_s", "_patience_s", "_replacements",
                 "_revocations", "_services", "_settings", "_store", "_successors", "_unsaved")  # fmt: skip

    def __init__(
        self,
        settings: RelyingPartySettings,
        calls: ProviderCalls,
        keeper: SessionKeeper,
        revocations: Revocations,
        services: Services,
    ) -> None:
        """Take the parts; no I/O."""
        self._settings = settings
        self._keeper = keeper
        self._revocations = revocations
        self._services = services
        self._store = find_state(settings, services)
        self._client_id = settings.credentials.client_id
        self._replacements = Replacements(settings, keeper, services)
        self._successors = SuccessorMaker(settings, calls, services)
        self._patience_s = calls.provider.settings.timeout_s + 2.0
        self._lock_s = _CALLS * calls.provider.settings.timeout_s + _SPARE_S
        self._flights: SingleFlight[Session | Ended] = SingleFlight(services.spawner, "session refresh")
        self._failures: BoundedMap[str, ProviderFault] = BoundedMap(_REMEMBERED)
        self._unsaved: BoundedMap[str, Session] = BoundedMap(_REMEMBERED)

    async def renew(self, record: Session) -> Session | Ended:
        """Return the successor of a session, refreshed by whoever comes first. Raises ProviderFault, StoreFault.

        A ProviderFault passes: the session stays as it is, and the same refresh is not tried again for half a minute.
        """
        return await self._flights.join(record.id, partial(self._renew, record))

    async def find_successor(self, session_id: str) -> Session | Ended | None:
        """Return what replaced the session with this id; None when nothing did. Raises StoreFault."""
        if self._unsaved.get(session_id, self._services.clock.now()) is not None:
            raise StoreFault("store_unavailable", "a refreshed session could not be kept yet")
        return await self._replacements.find(session_id)

    async def confirm(self, session_id: str) -> None:
        """Note that a successor's cookie was shown, so that what it replaced can be let go."""
        await self._replacements.confirm(session_id)

    def is_confirmed(self, session_id: str, now: float) -> bool:
        """Say whether that was noted already."""
        return self._replacements.is_confirmed(session_id, now)

    async def _renew(self, record: Session) -> Session | Ended:
        """Take the lock and refresh, or wait for who has it."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience_s
        owner = encode_base64url(self._services.random.token_bytes(NONCE_BYTES))
        while True:
            known = await self.find_successor(record.id)
            if known is not None:
                return known
            failure = self._failures.get(record.id, self._services.clock.now())
            if failure is not None:
                raise failure.again()
            lock_until = self._services.clock.now() + self._lock_s
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
            is_first = await self._replacements.note(record, successor)
        except StoreFault:  # the old refresh token is used up: what came for it must not be lost
            now = self._services.clock.now()
            self._unsaved.put(record.id, successor, expires_at=record.expires_at, now=now)
            self._services.spawner.spawn("keeping a refreshed session", self._keep_later(record, successor))
            raise
        except ValueError:
            return await self._settle_failure(record, TokenRefused("claims_unusable"))
        if not is_first:
            return await self._follow(record)  # our lock ran out meanwhile, and somebody was faster
        return await self._check_still_wanted(record, successor)

    async def _follow(self, record: Session) -> Session | Ended:
        known = await self.find_successor(record.id)
        return known if known is not None else Ended("session_replaced")

    async def _keep_later(self, record: Session, successor: Session) -> None:
        """Try again until the store is back: others would use the old refresh token once more after our lock."""
        while self._unsaved.get(record.id, self._services.clock.now()) is not None:
            await asyncio.sleep(RETRY_S)
            try:
                await self._replacements.note(record, successor)
            except StoreFault:
                continue
            self._unsaved.discard(record.id)

    async def _check_still_wanted(self, record: Session, successor: Session) -> Session | Ended:
        """A logout that came while the provider was asked wins: it noted the revocation before it looked for us."""
        await self._revocations.read_anew()
        if self._revocations.has_ended(record):
            await self._keeper.remove(successor.id)
            if self._settings.logout.revokes_tokens:
                self._services.spawner.spawn("token revocation", self._successors.revoke(successor))
            return Ended("session_revoked")
        self._services.log.event("info", "session_refreshed", "a session was refreshed", client=self._client_id)
        return successor

    async def _settle_failure(self, record: Session, failure: ProviderFault | TokenRefused) -> Session | Ended:
        """Security catalogue §2.7: what the provider refuses ends the session; what may pass does not touch it."""
        now = self._services.clock.now()
        if isinstance(failure, ProviderFault) and not _is_fatal(failure):
            self._failures.put(record.id, failure, expires_at=now + PAUSE_AFTER_FAILURE_S, now=now)
            self._services.log.event(
                "warning", "refresh_failed", "a session could not be refreshed, and is kept", cause=failure.code,
                detail=failure.detail, client=self._client_id,
            )  # fmt: skip
            raise failure
        if not await self._replacements.note_end(record):
            return await self._follow(record)  # refused, because somebody was faster: what they have is good
        cause = failure.detail or failure.code if isinstance(failure, ProviderFault) else failure.code
        self._services.log.event(
            "warning", "refresh_refused", "the provider does not renew a session: it is over", cause=cause,
            client=self._client_id,
        )  # fmt: skip
        return Ended("refresh_refused")

    async def _let_go(self, session_id: str, owner: bytes) -> None:
        try:
            await self._store.delete(_name_lock(session_id), owner)
        except StoreFault as fault:  # it ends by itself
            self._services.log.event("warning", fault.code, "a refresh lock is left to run out", detail=fault.detail)


def _is_fatal(failure: ProviderFault) -> bool:
    """Say whether a token endpoint refused the refresh token itself (RFC 6749 §5.2), and did not merely stumble."""
    if failure.code != "token_refused" or failure.passing:
        return False
    return not failure.detail.startswith("status ") or failure.detail in {"status 400", "status 401"}


def _name_lock(session_id: str) -> str:
    return f"renewing:{session_id}"
