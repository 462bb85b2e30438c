"""The front-channel logout endpoint: a page of the provider opens it in a frame, to say that a session is over.

OpenID Connect Front-Channel Logout 1.0 §2 and §3. Frames of another site bring no cookies, so what is ended is found by
the provider's session id, which a login noted; the provider is not called. An id that nobody knows changes nothing and
is answered alike. `iss`, which some providers leave out, has to be right where it is. Only the provider's own pages
may frame the answer.
"""

import re
from typing import final
from urllib.parse import urlsplit

from ostiary.http.request import Request
from ostiary.identity.authorization import MAX_PARAMETERS, read_parameters
from ostiary.identity.metadata import Metadata
from ostiary.plugin import Pending, Reply, Services, Verdict
from ostiary.relying_party.logout_marks import digest_session, make_mark
from ostiary.relying_party.longest_session import LongestSession
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.sid_notes import SidNotes

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+\Z")


@final
class FrontChannelLogout:
    """The endpoint of one client."""

    purpose = "front-channel logout"

    __slots__ = ("_longest", "_notes", "_provider", "_revocations", "_services", "_settings")

    def __init__(
        self, settings: RelyingPartySettings, calls: ProviderCalls, revocations: Revocations, services: Services
    ) -> None:
        """Take the parts; no I/O."""
        self._settings = settings
        self._provider = calls.provider
        self._revocations = revocations
        self._services = services
        self._longest = LongestSession(settings, services)
        self._notes = SidNotes(settings, services)

    def answer(self, request: Request) -> Verdict:
        """Answer the frame; `settle()` raises ProviderFault and StoreFault."""
        if request.method != "GET":
            return Reply(405, reason="logout_method", headers=(("Allow", "GET"),))
        return Pending(lambda: self._finish(request))

    async def _finish(self, request: Request) -> Reply:
        metadata = await self._provider.load_metadata(self._services.clock.now())
        parameters = read_parameters(request.target.query)
        issuers = [value for name, value in parameters if name == "iss"]
        session_ids = [value for name, value in parameters if name == "sid"]
        if len(parameters) > MAX_PARAMETERS or issuers not in ([], [metadata.issuer]) or len(session_ids) != 1:
            return _build_frame(400, "front_channel_refused", "Nothing was done", metadata)
        await self._end_session(metadata.issuer, session_ids[0], request)
        return _build_frame(200, "provider_logout", "Signed out", metadata)

    async def _end_session(self, issuer: str, session_id: str, request: Request) -> None:
        """Mark what the latest login by that session was given, and everything before; its note has served then."""
        issued_at = await self._notes.find(issuer, session_id)
        if issued_at is None:
            return
        mark = make_mark(await self._longest.find(), issued_at, self._services.clock.now())
        await self._revocations.mark(digest_session(issuer, session_id), mark)
        await self._notes.forget(issuer, session_id, issued_at)
        self._services.log.event(
            "info", "provider_logout", "the provider ended sessions", by="frame",
            client=self._settings.credentials.client_id, reference=request.id,
        )  # fmt: skip


def _build_frame(status: int, reason: str, title: str, metadata: Metadata) -> Reply:
    """Return the smallest page, for the provider's frames alone."""
    body = (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n<p>{title}.</p>\n</html>\n'
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", f"default-src 'none'; base-uri 'none'; frame-ancestors {_list_framers(metadata)}"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    )
    return Reply(status, reason=reason, headers=headers, body=body.encode("ascii"))


def _list_framers(metadata: Metadata) -> str:
    """Return the origins of the provider's pages, for `frame-ancestors`."""
    pages = (metadata.issuer, metadata.authorization_endpoint, metadata.end_session_endpoint)
    parts = [urlsplit(page) for page in pages if page is not None]
    origins = dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts)
    return " ".join(origin for origin in origins if _ORIGIN.match(origin)) or "'none'"
