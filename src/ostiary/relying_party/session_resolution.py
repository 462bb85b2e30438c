"""From a session cookie to who is there: the way of every session that is not in memory.

Open, look whether it was revoked, is over, was replaced or is due; refresh, note the use, and make the verdict. What
can be answered without asking anybody is answered at once (`resolve_now`); the rest is awaited (`resolve`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, final

import msgspec

from ostiary.errors import ProviderFault
from ostiary.identity.session import Session, SessionRefused
from ostiary.identity.session_cookie import SessionTooLarge
from ostiary.identity.session_lifetime import Judgement, Standing, find_end, find_touch_due, judge
from ostiary.plugin import Admit, Services
from ostiary.relying_party.identity_headers import build_session_admit, is_member
from ostiary.relying_party.logout_marks import Handles, find_handles
from ostiary.relying_party.occasion import Occasion
from ostiary.relying_party.renewal import PAUSE_AFTER_FAILURE_S, Renewal
from ostiary.relying_party.replacements import Ended
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import Cookies, SessionKeeper
from ostiary.relying_party.settings import RelyingPartySettings

# A cookie that was just replaced comes a few times more: with requests that were on their way.
REPLACED_S = 5.0


@final
class NoSession:
    """Nobody is signed in, or not well enough. `reason` is a stable code.

    `session_absent`, `session_broken`, `session_foreign`, `session_expired`, `session_revoked`, `session_replaced`,
    `session_gone`, `refresh_refused`, `session_too_large`, `session_acr`; `scope_missing`, `claims_refused` and
    `membership_refused` are told apart by the caller. With `reauthentication_due` there is a session, and `occasion`
    says how the provider is to be asked; with a `fallback` it goes on where no login can be started.
    """

    __slots__ = ("detail", "fallback", "occasion", "reason")

    def __init__(
        self,
        reason: str,
        fallback: Admit | None = None,
        *,
        occasion: Occasion = Occasion.NOBODY,
        detail: str = "",
    ) -> None:
        """Hold the stable reason, and a `detail` for the log."""
        self.reason = reason
        self.detail = detail
        self.fallback = fallback
        self.occasion = occasion


class Resolved(NamedTuple):
    """A session that counts: its verdict, its family, handles and id, and until when they hold.

    With `is_silent_due` navigations are to be sent to the provider without anybody noticing.
    """

    admit: Admit
    family: str
    handles: Handles
    session_id: str
    until: float
    is_silent_due: bool = False


@final
class SessionResolution:
    """Resolves the sessions of one client under one scheme."""

    __slots__ = ("_keeper", "_renewal", "_revocations", "_services", "_settings")

    def __init__(
        self,
        settings: RelyingPartySettings,
        keeper: SessionKeeper,
        renewal: Renewal,
        revocations: Revocations,
        services: Services,
    ) -> None:
        """Take the parts; no I/O."""
        self._settings = settings
        self._keeper = keeper
        self._renewal = renewal
        self._revocations = revocations
        self._services = services

    def resolve_now(self, chunks: tuple[bytes, ...], present: Cookies, now: float) -> Resolved | NoSession | None:
        """Return what becomes of a session; None when somebody has to be asked first."""
        if not self._keeper.is_sealed or not self._revocations.is_current(now):
            return None
        try:
            record = self._keeper.open(chunks)
        except SessionRefused as refused:
            return NoSession(refused.code)
        assert isinstance(record, Session)  # noqa: S101 - a sealed cookie holds the session itself
        judged = self._judge(record, now)
        if isinstance(judged, NoSession):
            return judged
        return None if judged.standing is Standing.DUE else self._serve_sealed(record, judged, present, now)

    async def resolve(self, chunks: tuple[bytes, ...], present: Cookies) -> Resolved | NoSession:
        """Return what becomes of a session. Raises StoreFault, and ProviderFault where no answer can be had now."""
        await self._revocations.require(self._services.clock.now())
        try:
            opened, kept = await self._keeper.find(chunks)
            record = kept if kept is not None else await self._renewal.find_successor(opened.id)
        except SessionRefused as refused:
            return NoSession(refused.code)
        if not isinstance(record, Session):
            return NoSession("session_gone" if record is None else record.code)
        now = self._services.clock.now()
        judged = self._judge(record, now)
        if isinstance(judged, NoSession):
            return judged
        if judged.standing is Standing.DUE:
            return await self._renew(record, present)
        if self._keeper.is_sealed:
            return self._serve_sealed(record, judged, present, now)
        cookies: tuple[str, ...] | None = ()
        if record.id == opened.id:
            self._confirm_replacement(record, now)
        else:  # it is a successor, and its own cookie has not come yet
            cookies = self._write_cookie(record, present)
        touched = self._touch(record, now)
        if touched is not record:
            await self._keeper.save(touched)
        return self._admit(touched, judged, cookies or (), now)

    def _serve_sealed(
        self, record: Session, judgement: Judgement, present: Cookies, now: float
    ) -> Resolved | NoSession:
        """Let in who shows a sealed session; where its use is noted, and fits, with a new cookie."""
        self._confirm_replacement(record, now)
        touched = self._touch(record, now)
        cookies = None if touched is record else self._write_cookie(touched, present)
        return self._admit(record if cookies is None else touched, judgement, cookies or (), now)

    async def _renew(self, record: Session, present: Cookies) -> Resolved | NoSession:
        """Put the successor in the session's place; what may pass leaves the session as it is while its token lasts."""
        try:
            renewed = await self._renewal.renew(record)
            if isinstance(renewed, Session) and self._is_due(renewed):  # one that was handed out before, and got old
                renewed = await self._renewal.renew(renewed)
        except ProviderFault:
            now = self._services.clock.now()
            policy = msgspec.structs.replace(self._settings.renewal, leeway_s=0.0, interval_s=None)
            judgement = judge(record, policy, now)
            if judgement.standing is Standing.DUE:
                raise
            again_at = min(judgement.until, now + PAUSE_AFTER_FAILURE_S)
            return self._admit(record, Judgement(judgement.standing, again_at), (), now)
        if isinstance(renewed, Ended):
            return NoSession(renewed.code)
        now = self._services.clock.now()
        await self._revocations.require(now)  # the provider, or who had the lock, took its time
        judged = self._judge(renewed, now)
        if isinstance(judged, NoSession):
            return judged
        cookies = self._write_cookie(renewed, present)
        if cookies is None:
            return NoSession("session_too_large")
        return self._admit(renewed, judged, cookies, now)

    def _is_due(self, record: Session) -> bool:
        return judge(record, self._settings.renewal, self._services.clock.now()).standing is Standing.DUE

    def _judge(self, record: Session, now: float) -> Judgement | NoSession:
        """Say what is due about a session, or why it counts no more."""
        if self._revocations.has_ended(record):
            return NoSession("session_revoked")
        if find_end(record, self._settings.limits) <= now:
            return NoSession("session_expired")
        judgement = judge(record, self._settings.renewal, now)
        return NoSession("session_expired") if judgement.standing is Standing.OVER else judgement

    def _touch(self, record: Session, now: float) -> Session:
        """Return the record with its use noted, where a limit counts from the last one and it is time."""
        if now < find_touch_due(self._settings.limits, record.touched_at):
            return record
        return msgspec.structs.replace(record, touched_at=now)

    def _write_cookie(self, record: Session, present: Cookies) -> tuple[str, ...] | None:
        """Return the Set-Cookie values of a session, or None when they do not fit, which the log is told."""
        try:
            return self._keeper.write_cookie(record, present)
        except SessionTooLarge as excess:
            self._report_size(excess)
            return None

    def _confirm_replacement(self, record: Session, now: float) -> None:
        """The cookie of a successor was shown: what it replaced need not be handed out for long any more."""
        if record.replaces is not None and not self._renewal.is_confirmed(record.replaces, now):
            self._services.spawner.spawn("session replacement", self._renewal.confirm(record.replaces))

    def _admit(
        self, record: Session, judgement: Judgement, cookies: tuple[str, ...], now: float
    ) -> Resolved | NoSession:
        if not set(self._settings.required_scopes) <= set(record.scope.split()):
            return NoSession("scope_missing")
        if not self._is_strong_enough(record):
            return NoSession("session_acr")
        schema = self._settings.claim_schema
        if schema is not None:
            fault = schema.find_fault(_list_for_schema(record))
            if fault is not None:
                return NoSession("claims_refused", detail=fault)
        if not is_member(record, self._settings.members):
            return NoSession("membership_refused")
        is_bare = record.access_token_expires_at <= now  # whatever else is due besides
        admit = build_session_admit(record, self._settings, self._services.log, is_bare=is_bare, set_cookies=cookies)
        until = min(
            judgement.until,
            find_end(record, self._settings.limits),
            find_touch_due(self._settings.limits, record.touched_at),
        )
        if cookies:
            until = min(until, now + REPLACED_S)
        is_silent_due = judgement.standing is Standing.SILENT
        return Resolved(admit, record.family, find_handles(record), record.id, until, is_silent_due)

    def _is_strong_enough(self, record: Session) -> bool:
        """Another route of the same client may ask for less, and share its sessions; what is not kept cannot tell."""
        wanted, claims = self._settings.id_tokens.acr_values, record.id_token_claims
        return not wanted or claims is None or claims.get("acr") in tuple(wanted)

    def _report_size(self, excess: SessionTooLarge) -> None:
        names = self._settings.names
        self._services.log.event(
            "error", "session_too_large",
            "a refreshed session does not fit into cookies",
            remedy=f"keep less of it ({names.contents}), or keep it in a store ({names.storage}: redis or sqlite)",
            wanted_bytes=excess.wanted_bytes, allowed_bytes=excess.allowed_bytes,
        )  # fmt: skip


def _list_for_schema(record: Session) -> Mapping[str, Any]:
    """Return what APISIX lays before a claim_schema; what is not kept is not there."""
    parts = {"user": record.userinfo, "access_token": record.access_token, "id_token": record.id_token_claims}
    return {name: value for name, value in parts.items() if value is not None}
