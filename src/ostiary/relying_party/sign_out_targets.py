"""Where a sign-out leads that follows `rd`: here, to an allowed host, or to the provider's own pages.

The provider is told who is leaving (`id_token_hint`, `client_id`: RP-Initiated Logout 1.0 §2) only where the target is
its logout endpoint itself; an ID token goes to nobody else. What a target says already is not said twice.
"""

from typing import final
from urllib.parse import quote

from ostiary.errors import ProviderFault
from ostiary.http.request import Request
from ostiary.identity.authorization import read_parameters
from ostiary.identity.metadata import Metadata
from ostiary.identity.return_to import HOME
from ostiary.identity.session import Session
from ostiary.plugin import Services
from ostiary.providers.provider import Provider
from ostiary.relying_party.redirect_targets import PARAMETER, RedirectTargets, list_wishes
from ostiary.relying_party.settings import RelyingPartySettings


@final
class SignOutTargets:
    """The targets of one client's sign-outs."""

    __slots__ = ("_client_id", "_provider", "_services", "_targets")

    def __init__(self, settings: RelyingPartySettings, provider: Provider, services: Services) -> None:
        """Take the parts; no I/O."""
        self._client_id = settings.credentials.client_id
        self._provider = provider
        self._services = services
        self._targets = RedirectTargets(settings, services.log)

    def repeat_wish(self, request: Request) -> str:
        """Return the request's wish as a parameter to add to a link, judged when it comes back; or nothing."""
        wish = next(iter(list_wishes(request)), None) if self._targets.is_open else None
        return "" if wish is None else f"&{PARAMETER}={quote(wish, safe='')}"

    async def plan(self, request: Request, record: Session | None) -> str:
        """Return where the person is sent. A provider that cannot be reached has no page to be sent to."""
        if next(iter(list_wishes(request)), None) is None:
            return HOME
        metadata = await self._find_metadata()
        endpoint = None if metadata is None else metadata.end_session_endpoint
        target = self._targets.find(request, (endpoint, None if metadata is None else metadata.issuer))
        if target is None or target.partition("?")[0] == request.path:
            return HOME  # a proxy's header often says where the request itself is: that would go round for ever
        is_logout = endpoint is not None and target.partition("?")[0] == endpoint.partition("?")[0]
        return self._tell_who(target, record) if is_logout else target

    async def _find_metadata(self) -> Metadata | None:
        try:
            return await self._provider.load_metadata(self._services.clock.now())
        except ProviderFault:
            return None

    def _tell_who(self, target: str, record: Session | None) -> str:
        told = {"client_id": self._client_id}
        if record is not None and record.id_token is not None:
            told["id_token_hint"] = record.id_token
        bare, question, query = target.partition("?")
        said = {name for name, _ in read_parameters(query.encode("latin-1"))}
        added = [f"{name}={quote(value, safe='')}" for name, value in told.items() if name not in said]
        return bare + "?" + "&".join([*([query] if question and query else []), *added])
