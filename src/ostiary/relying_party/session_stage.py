"""The session stage: who the session cookie says is there. The hot path of everybody who is signed in.

A cookie is opened once: its finished `Admit` is remembered under the SHA-256 of its chunks, and every hit re-checks
the time. A hit costs a look at the cookies, one digest and one look-up; it reads no JSON and calls nobody. The memory
belongs to one plugin instance under one scheme, so issuer, client, secret and cookie name are its own.
"""

from hashlib import sha256
from typing import final

from ostiary.bounded import BoundedMap
from ostiary.http.request import Request
from ostiary.identity.session import OpenedSession, SessionRefused, open_session
from ostiary.plugin import Admit, Reply
from ostiary.ports import Log
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.identity_headers import build_session_admit
from ostiary.relying_party.pages import build_scope_reply
from ostiary.relying_party.settings import RelyingPartySettings

REMEMBERED_SESSIONS = 4096


@final
class NoSession:
    """Nobody is signed in. `reason`: `session_absent`, `session_broken`, `session_foreign` or `session_expired`."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        """Hold the stable reason."""
        self.reason = reason


ABSENT = NoSession("session_absent")
BROKEN = NoSession("session_broken")


@final
class SessionStage:
    """Finds the session of a request."""

    __slots__ = ("_cookie", "_log", "_proven", "_settings")

    def __init__(self, settings: RelyingPartySettings, cookies: ClientCookies, log: Log) -> None:
        """Remember nothing yet."""
        self._settings = settings
        self._cookie = cookies.session
        self._log = log
        self._proven: BoundedMap[bytes, Admit] = BoundedMap(REMEMBERED_SESSIONS)

    def find(self, request: Request, now: float) -> Admit | Reply | NoSession:
        """Return the session's verdict, the refusal of one without the required scopes, or why there is none."""
        if not request.cookie:
            return ABSENT
        chunks = self._cookie.collect(request.cookies)
        if not chunks:
            return ABSENT if chunks is not None else BROKEN
        digest = sha256(chunks[0] if len(chunks) == 1 else b".".join(chunks)).digest()
        proven = self._proven.get(digest, now)
        return proven if proven is not None else self._open(request, chunks, digest, now)

    def _open(
        self, request: Request, chunks: tuple[bytes, ...], digest: bytes, now: float
    ) -> Admit | Reply | NoSession:
        plain = self._cookie.open(chunks)
        if plain is None:
            return BROKEN
        try:
            session = open_session(plain, self._settings.credentials.client_id, now)
        except SessionRefused as refused:
            return NoSession(refused.code)
        if not set(self._settings.required_scopes) <= set(session.record.scope.split()):
            return build_scope_reply(request, self._settings.required_scopes)
        return self._remember(session, digest, now)

    def _remember(self, session: OpenedSession, digest: bytes, now: float) -> Admit:
        admit = build_session_admit(session.record, self._settings.headers, self._log)
        self._proven.put(digest, admit, expires_at=session.usable_until, now=now)
        return admit
