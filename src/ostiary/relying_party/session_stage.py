"""The session stage: who the session cookie says is there. The hot path of everybody who is signed in.

A cookie is resolved once: its finished `Admit` is remembered under the SHA-256 of its chunks, and every hit re-checks
the time, the revocations, and that the store was asked a moment ago where sessions live in one. A hit costs a look at
the cookies, one digest and one look-up; it reads no JSON and calls nobody. The memory belongs to one plugin instance
under one scheme, so issuer, client, secret and cookie name are its own.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from math import inf
from typing import final

from ostiary.bounded import BoundedMap
from ostiary.http.navigation import is_navigation
from ostiary.http.request import Request
from ostiary.plugin import Admit, Reply, Services
from ostiary.providers.single_flight import SingleFlight
from ostiary.relying_party.occasion import Occasion
from ostiary.relying_party.pages import build_page_reply, build_scope_reply
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.session_resolution import NoSession, Resolved, SessionResolution
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.way_out import WayOut

REMEMBERED_SESSIONS = 4096
SILENT_PAUSE_S = 30.0

Found = Admit | Reply | NoSession
ABSENT = NoSession("session_absent")
BROKEN = NoSession("session_broken")


@final
class PendingSession:
    """The store or the provider has to be asked: `settle()` returns what was found, or raises their faults."""

    __slots__ = ("settle",)

    def __init__(self, settle: Callable[[], Awaitable[Found]]) -> None:
        """Hold the work still to be done."""
        self.settle = settle


@final
class _Proven:
    """A remembered verdict. What comes from a store holds from `checked_at` to `check_at`."""

    __slots__ = ("admit", "check_at", "checked_at", "family", "handles", "holds_for_navigations")

    def __init__(self, resolved: Resolved, checked_at: float, check_at: float, *, holds_for_navigations: bool) -> None:
        self.admit = resolved.admit
        self.family = resolved.family
        self.handles = resolved.handles
        self.checked_at = checked_at
        self.check_at = check_at
        self.holds_for_navigations = holds_for_navigations


@final
class SessionStage:
    """Finds the session of a request."""

    __slots__ = ("_clock", "_cookie", "_flights", "_is_sealed", "_log", "_proven", "_resolution", "_revocations",
                 "_settings", "_store", "_way_out")  # fmt: skip

    def __init__(
        self,
        settings: RelyingPartySettings,
        keeper: SessionKeeper,
        resolution: SessionResolution,
        revocations: Revocations,
        way_out: WayOut,
        services: Services,
    ) -> None:
        """Remember nothing yet."""
        self._way_out = way_out
        self._settings = settings
        self._cookie = keeper.cookie
        self._is_sealed = keeper.is_sealed
        self._resolution = resolution
        self._revocations = revocations
        self._store = find_state(settings, services)
        self._clock = services.clock
        self._log = services.log
        self._proven: BoundedMap[bytes, _Proven] = BoundedMap(REMEMBERED_SESSIONS)
        self._flights: SingleFlight[Resolved | NoSession] = SingleFlight(services.spawner, "session look-up")

    def find(self, request: Request, now: float) -> Found | PendingSession:
        """Return the session's verdict, the refusal of one that is not good enough, why there is none, or what asks."""
        section = request.section
        chunks: tuple[bytes, ...] | None = None
        if section.digest_for is not self:
            chunks = self._cookie.collect(section.cookies)
            if not chunks:
                return ABSENT if chunks is not None else BROKEN
            section.digest = sha256(chunks[0] if len(chunks) == 1 else b".".join(chunks)).digest()
            section.digest_for = self
        proven = self._proven.get(section.digest, now)
        if proven is not None:
            known = self._revocations
            if (
                known.asked_at <= now < known.known_until
                and proven.family not in known.revoked
                and not (known.marks and known.is_marked(proven.handles))
                and proven.checked_at <= now < proven.check_at
                and (proven.holds_for_navigations or not is_navigation(request))
            ):
                return proven.admit
        return self._find_slowly(request, chunks or self._cookie.collect(section.cookies) or (), section.digest, now)

    def _find_slowly(
        self, request: Request, chunks: tuple[bytes, ...], digest: bytes, now: float
    ) -> Found | PendingSession:
        asks = self._settings.force_reauthorize and is_navigation(request)
        found = None if asks else self._resolution.resolve_now(chunks, request.cookies, now)
        if found is None or (isinstance(found, Resolved) and found.is_silent_due and is_navigation(request)):
            return PendingSession(partial(self._settle, request, chunks, digest))
        return self._take(request, found, digest, now)

    async def _settle(self, request: Request, chunks: tuple[bytes, ...], digest: bytes) -> Found:
        """Resolve, once for all who show the same cookie now."""
        cookies = request.cookies
        resolved = await self._flights.join(digest, lambda: self._resolution.resolve(chunks, cookies))
        found = self._take(request, resolved, digest, self._clock.now())
        if isinstance(found, Admit) and isinstance(resolved, Resolved) and is_navigation(request):
            return await self._reauthenticate(found, resolved)
        return found

    async def _reauthenticate(self, admit: Admit, resolved: Resolved) -> Found:
        """A navigation is where a session that should be confirmed is confirmed: by force, or without being noticed.

        By force the navigation that returns from a login is served, and a refresh brings no other; silently it is tried
        once in half a minute.
        """
        now = self._clock.now()
        if self._settings.force_reauthorize:
            end = now + self._settings.limits.absolute_s
            if not await self._store.create(f"served:{resolved.family}", b"1", end):
                return NoSession("reauthentication_due", occasion=Occasion.FORCED)
        elif resolved.is_silent_due and await self._store.create(
            f"silent:{resolved.session_id}", b"1", now + SILENT_PAUSE_S
        ):
            return NoSession("reauthentication_due", admit, occasion=Occasion.SILENT)
        return admit

    def _take(self, request: Request, resolved: Resolved | NoSession, digest: bytes, now: float) -> Found:
        """Remember what counts, and word what does not."""
        if isinstance(resolved, Resolved):
            check_at = inf if self._is_sealed else now + self._settings.revalidate_s
            holds = not (self._settings.force_reauthorize or resolved.is_silent_due)
            proven = _Proven(resolved, now, check_at, holds_for_navigations=holds)
            self._proven.put(digest, proven, expires_at=resolved.until, now=now)
            return resolved.admit
        if resolved.reason == "scope_missing":
            return build_scope_reply(request, self._settings.required_scopes)
        if resolved.reason == "claims_refused":
            self._log.event(
                "warning", "claims_refused", "a session does not fit claim_schema", at=resolved.detail,
                reference=request.id,
            )  # fmt: skip
            return build_page_reply(request, "claims_refused")
        if resolved.reason == "membership_refused":
            return build_page_reply(request, "membership_refused", link=self._way_out.find())
        return resolved
