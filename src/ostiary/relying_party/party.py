"""The relying party as policies use it: is somebody signed in, is this a callback, send this person to sign in.

It joins the session stage, the start of a login and the callback, each under the cookies of the public scheme. What
happens to those who are not signed in (sign in, refuse, let pass) is the policy's to decide.
"""

from typing import NamedTuple, final

from ostiary.http.request import Request
from ostiary.plugin import Admit, Pending, Reply, Services, Verdict
from ostiary.providers.provider import Provider
from ostiary.relying_party.callback import Callback
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.return_address import ReturnAddress
from ostiary.relying_party.session_stage import NoSession, SessionStage
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.sign_in import SignIn


class _Side(NamedTuple):
    """What belongs to one public scheme."""

    cookies: ClientCookies
    sessions: SessionStage


@final
class RelyingParty:
    """One client at one provider."""

    __slots__ = ("_callback", "_plain", "_secure", "_sign_in", "address")

    def __init__(self, settings: RelyingPartySettings, provider: Provider, services: Services) -> None:
        """Join the parts; no network I/O. Raises OperatorFault for a redirect URI that could never work."""
        self.address = ReturnAddress(settings.redirect_uri, services.public_url, services.place)
        scheme = self.address.scheme
        self._secure = _make_side(settings, services, secure=scheme != "http")
        self._plain = self._secure if scheme is not None else _make_side(settings, services, secure=False)
        self._sign_in = SignIn(settings, self.address, provider, services)
        self._callback = Callback(settings, self.address, provider, services)

    def is_callback(self, request: Request) -> bool:
        """Say whether sign-ins return to this path."""
        return self.address.is_callback(request.path)

    def finish_sign_in(self, request: Request) -> Verdict:
        """Answer a callback; never raises for what the provider or the browser did wrong."""
        return Pending(lambda: self._callback.finish(request, self._side(request).cookies))

    def find_session(self, request: Request, now: float) -> Admit | Reply | NoSession:
        """Return the session's verdict, or why there is no session."""
        side = self._secure if request.scheme == "https" else self._plain
        return side.sessions.find(request, now)

    def start_sign_in(self, request: Request, now: float) -> Verdict:
        """Send a navigation to the provider. A Pending's `settle()` may raise ProviderFault."""
        return self._sign_in.start(request, self._side(request).cookies, now)

    def _side(self, request: Request) -> _Side:
        return self._secure if request.scheme == "https" else self._plain


def _make_side(settings: RelyingPartySettings, services: Services, *, secure: bool) -> _Side:
    cookies = ClientCookies(settings, secure=secure)
    return _Side(cookies, SessionStage(settings, cookies, services.log))
