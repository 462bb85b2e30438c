"""Signing out: the session ends here at once, its tokens at the provider if so wished, and the person's stay there too.

RP-Initiated Logout 1.0, RFC 7009. Another site cannot do it (a link or image there is answered with a question): a
browser says where a request comes from, and what says nothing has to show the answer to our question. Ending the
session does not wait for the provider; nothing that the request brought decides where the person is sent.
"""

from hashlib import sha256
from typing import final
from urllib.parse import quote, urlsplit

from ostiary.errors import OperatorFault, ProviderFault
from ostiary.http.navigation import accepts_html, is_speculative
from ostiary.http.page import Link
from ostiary.http.request import Request
from ostiary.identity.authorization import read_parameters
from ostiary.identity.metadata import Metadata
from ostiary.identity.sealing import NONCE_BYTES, Sealer, bind
from ostiary.identity.session import Session, SessionRefused
from ostiary.plugin import Claim, Pending, Reply, Services, Verdict
from ostiary.relying_party.client_cookies import ClientCookies, digest_client
from ostiary.relying_party.pages import add_cookies, build_page_reply, build_redirect
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.renewal import Renewal
from ostiary.relying_party.replacements import Ended
from ostiary.relying_party.return_address import ReturnAddress
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.sign_out_targets import SignOutTargets
from ostiary.relying_party.token_revocation import revoke_tokens

Chunks = tuple[bytes, ...]
CONFIRMATION_S = 300
_OWN_SITES = frozenset({b"same-origin", b"none"})


@final
class Logout:
    """Signs people out of one client."""

    __slots__ = ("_address", "_client", "_provider", "_revocations", "_sealer", "_services", "_settings", "_targets",
                 "_tokens", "claims")  # fmt: skip

    def __init__(
        self,
        settings: RelyingPartySettings,
        address: ReturnAddress,
        calls: ProviderCalls,
        revocations: Revocations,
        services: Services,
    ) -> None:
        """Take the parts. A path that the operator wrote is claimed; the default one counts inside the route."""
        self._settings = settings
        self._targets = SignOutTargets(settings, calls.provider, services)
        self._address = address
        self._provider = calls.provider
        self._revocations = revocations
        self._services = services
        self._tokens = calls.tokens
        self._sealer = Sealer(settings.secrets, "logout confirmation")
        self._client = digest_client(settings)
        self.claims: tuple[Claim, ...] = ()
        if settings.logout.is_path_typed:
            check_logout_path("logout_path", settings.logout.path, address)
            self.claims = (Claim(settings.logout.path, "logout"),)

    def is_logout(self, path: str) -> bool:
        """Say whether a (decoded) path is the one that signs people out, whatever its query."""
        return path == self._settings.logout.path

    def answer(self, request: Request, cookies: ClientCookies, keeper: SessionKeeper, renewal: Renewal) -> Verdict:
        """Sign out what this site itself asked to be signed out; ask the person about everything else."""
        chunks = keeper.cookie.collect(request.cookies) or ()
        if self._is_wanted(request, chunks):
            left = cookies.delete_arrival(request)
            return Pending(lambda: self._sign_out(request, chunks, keeper, renewal, left))
        wish = self._targets.repeat_wish(request)
        confirmed = f"{self._settings.logout.path}?confirm={self._write_confirmation(chunks)}{wish}"
        return build_page_reply(request, "logout_unconfirmed", link=Link("Sign out", confirmed))

    def _is_wanted(self, request: Request, chunks: Chunks) -> bool:
        """Fetch Metadata, else Origin or Referer, say who asks; programs say nothing of the kind and are no risk."""
        if self._is_confirmed(request, chunks):
            return True
        if is_speculative(request):  # a browser that fetches ahead has nobody's word for it
            return False
        site = request.field(b"sec-fetch-site")
        if site is not None:
            return site in _OWN_SITES
        source = request.field(b"origin") or request.field(b"referer")
        if source is None:
            return not accepts_html(request)
        try:
            origin = urlsplit(source.decode("latin-1"))
        except ValueError:
            return False
        return origin.netloc.lower() == request.authority.text.lower()

    def _write_confirmation(self, chunks: Chunks) -> str:
        """Return what only this browser can show back: it is sealed to its session cookie."""
        until = int(self._services.clock.now()) + CONFIRMATION_S
        nonce = self._services.random.token_bytes(NONCE_BYTES)
        return self._sealer.seal(str(until).encode("ascii"), self._bind(chunks), nonce).decode("ascii")

    def _is_confirmed(self, request: Request, chunks: Chunks) -> bool:
        answers = [value for name, value in read_parameters(request.target.query) if name == "confirm"]
        if len(answers) != 1:
            return False
        until = self._sealer.open(answers[0].encode("ascii", "replace"), self._bind(chunks))
        return until is not None and self._services.clock.now() < int(until)

    def _bind(self, chunks: Chunks) -> bytes:
        return bind("logout", self._client, sha256(b".".join(chunks)).hexdigest())

    async def _sign_out(
        self, request: Request, chunks: Chunks, keeper: SessionKeeper, renewal: Renewal, left: tuple[str, ...]
    ) -> Reply:
        """End the session, then send the person on. Raises StoreFault while it cannot be ended everywhere."""
        record = await self._end_session(chunks, keeper, renewal)
        deletions = (*keeper.cookie.delete(request.cookies), *left)
        if self._settings.logout.mode == "rd":
            return build_redirect(302, await self._targets.plan(request, record), "signed_out", deletions)
        try:
            metadata = await self._provider.load_metadata(self._services.clock.now())
        except ProviderFault as fault:
            self._services.log.event(
                "warning", "logout_incomplete", "signed out here, but not at the provider: it cannot be reached",
                cause=fault.code, detail=fault.detail, reference=request.id,
            )  # fmt: skip
            return add_cookies(build_page_reply(request, "logout_incomplete"), deletions)
        if record is not None and self._settings.logout.revokes_tokens:
            self._services.spawner.spawn(
                "token revocation", revoke_tokens(record, metadata, self._tokens, self._services.log)
            )
        location = self._plan_location(request, record, metadata)
        if location is None:
            again = Link("Sign in again", self._address.find_start(request))
            return add_cookies(build_page_reply(request, "signed_out", link=again), deletions)
        return build_redirect(302, location, "signed_out", deletions)

    async def _end_session(self, chunks: Chunks, keeper: SessionKeeper, renewal: Renewal) -> Session | None:
        """Revoke the session's whole family, and forget what a store has of it; return the record, if there is one."""
        if not chunks:
            return None
        try:
            opened, record = await keeper.find(chunks)
        except SessionRefused:
            return None
        await self._revocations.revoke(opened.family, opened.expires_at)
        successor = await renewal.find_successor(opened.id)  # of a refresh whose cookie this browser has not shown
        newest = record if successor is None or isinstance(successor, Ended) else successor
        for known in {opened.id} | ({newest.id} if newest is not None else set()):
            await keeper.remove(known)
        return newest

    def _plan_location(self, request: Request, record: Session | None, metadata: Metadata) -> str | None:
        """RP-Initiated Logout §2: to the provider with what tells it who is leaving; without it, to the landing."""
        landing = self._find_landing(request)
        if metadata.end_session_endpoint is None:
            return landing
        parameters = {"client_id": self._settings.credentials.client_id}
        if record is not None and record.id_token is not None:
            parameters["id_token_hint"] = record.id_token
        if landing is not None:
            parameters["post_logout_redirect_uri"] = landing
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        joint = "&" if "?" in metadata.end_session_endpoint else "?"
        return f"{metadata.end_session_endpoint}{joint}{query}"

    def _find_landing(self, request: Request) -> str | None:
        """Return the absolute landing address; a path is one of the origin that sign-ins return to."""
        landing = self._settings.logout.landing
        if landing is None or not landing.startswith("/"):
            return landing
        redirect = self._address.plan(request)
        return None if redirect is None else redirect.origin + landing


def check_logout_path(name: str, path: str, address: ReturnAddress) -> None:
    """Raise OperatorFault for a path that is a callback's: a sign-in that returns there would never be finished."""
    if address.is_callback(path):
        raise OperatorFault("logout_path_invalid", f"{name} is {path}, where sign-ins return to: write another path")
