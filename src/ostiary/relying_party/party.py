"""The relying party as policies use it: is somebody signed in, is this a callback or a logout, send them to sign in.

It joins the session stage, the start of a login, the callback and the logout, each under the cookies of the public
scheme. What happens to those who are not signed in (sign in, refuse, let pass) is the policy's to decide.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, final

from ostiary.errors import OperatorFault
from ostiary.http.request import Request
from ostiary.identity.return_to import HOME
from ostiary.plugin import Claim, Services, Verdict
from ostiary.providers.provider import Provider
from ostiary.relying_party.back_channel_logout import BackChannelLogout
from ostiary.relying_party.callback import Callback
from ostiary.relying_party.client_cookies import ClientCookies, digest_client, find_domain
from ostiary.relying_party.front_channel_logout import FrontChannelLogout
from ostiary.relying_party.logout import Logout, check_logout_path
from ostiary.relying_party.occasion import Occasion
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.redirect_targets import RedirectTargets
from ostiary.relying_party.renewal import Renewal
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.return_address import ReturnAddress, is_trustworthy
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.session_resolution import SessionResolution
from ostiary.relying_party.session_stage import Found, PendingSession, SessionStage
from ostiary.relying_party.settings import LogoutSettings, RelyingPartySettings
from ostiary.relying_party.sign_in import SignIn
from ostiary.relying_party.way_out import WayOut

Endpoint = BackChannelLogout | FrontChannelLogout
_ONE_IS_ENOUGH = (
    "write it on one route: a logout counts on every route of the same client that keeps its state in the same store. "
    "Other clients have a path of their own, or another host"
)


class _Sides(NamedTuple):
    """The two public schemes of the hosts whose cookies are set for one domain."""

    secure: "_Side"
    plain: "_Side"


class _Side(NamedTuple):
    """What belongs to one public scheme."""

    cookies: ClientCookies
    keeper: SessionKeeper
    renewal: Renewal
    sessions: SessionStage


@final
class RelyingParty:
    """One client at one provider. `endpoints`, by path, answer the provider and know no session."""

    __slots__ = ("_by_domain", "_callback", "_domains", "_logout", "_sides", "_sign_in", "_targets", "address",
                 "endpoints")  # fmt: skip

    def __init__(self, settings: RelyingPartySettings, provider: Provider, services: Services) -> None:
        """Join the parts; no I/O. Raises OperatorFault for a redirect URI that could never work."""
        self.address = ReturnAddress(
            settings.redirect_uri, services.public_url, services.place, services.names_host, settings.names.redirect
        )
        _check_response_mode(settings, self.address)
        calls = ProviderCalls(settings, provider, services)
        revocations = Revocations(
            find_state(settings, services), f"revoked:{digest_client(settings)}", settings.revalidate_s, services.clock,
            services.spawner,
        )  # fmt: skip
        self._domains = settings.cookie.domains
        make_sides = partial(_make_sides, settings, calls, revocations, services, self.address.scheme)
        self._by_domain = {domain: make_sides(domain) for domain in self._domains or (None,)}
        # What is not decided by the request is decided now: almost everybody has one domain, or none.
        self._sides = next(iter(self._by_domain.values())) if len(self._by_domain) == 1 else None
        self._targets = RedirectTargets(settings, services.log)
        self._sign_in = SignIn(settings, self.address, provider, services)
        self._callback = Callback(settings, self.address, calls, revocations, services)
        self._logout = Logout(settings, self.address, calls, revocations, services)
        self.endpoints: dict[str, Endpoint] = {}
        for name, path, kind in _list_endpoints(settings.logout):
            check_logout_path(name, path, self.address)
            self.endpoints[path] = kind(settings, calls, revocations, services)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The paths that belong to the relying party besides the route's own."""
        elsewhere = tuple(
            Claim(path, endpoint.purpose, remedy=_ONE_IS_ENOUGH) for path, endpoint in self.endpoints.items()
        )
        return (*self.address.claims, *self._logout.claims, *elsewhere)

    @property
    def cookie_names(self) -> tuple[str, ...]:
        """The names of session cookies that are not made of the usual prefixes."""
        every = (side for sides in self._by_domain.values() for side in sides)
        return tuple(dict.fromkeys(name for side in every for name in side.cookies.session.names))

    def is_callback(self, request: Request) -> bool:
        """Say whether sign-ins return to this path."""
        return self.address.is_callback(request.path)

    def finish_sign_in(self, request: Request) -> Verdict:
        """Answer a callback; never raises for what the provider or the browser did wrong."""
        side = self._side(request)
        return self._callback.answer(request, side.cookies, side.keeper)

    def is_logout(self, request: Request) -> bool:
        """Say whether this is the path that signs people out."""
        return self._logout.is_logout(request.path)

    def sign_out(self, request: Request) -> Verdict:
        """End the session, here and at the provider. A Pending's `settle()` may raise StoreFault."""
        side = self._side(request)
        return self._logout.answer(request, side.cookies, side.keeper, side.renewal)

    def find_session(self, request: Request, now: float) -> Found | PendingSession:
        """Return the session's verdict, why there is no session, or what has to be awaited to know."""
        sides = self._sides or self._find_sides(request)
        side = sides.secure if request.scheme == "https" else sides.plain
        return side.sessions.find(request, now)

    def delete_session_cookie(self, request: Request) -> tuple[str, ...]:
        """Return the Set-Cookie values that remove the session's cookies, as far as the request brought any."""
        return self._side(request).cookies.session.delete(request.cookies)

    def start_sign_in(self, request: Request, now: float, occasion: Occasion = Occasion.NOBODY) -> Verdict:
        """Send a navigation to the provider; a session that is there goes on meanwhile.

        A Pending's `settle()` may raise ProviderFault.
        """
        return self._sign_in.start(request, self._side(request).cookies, now, occasion=occasion)

    def start_at(self, request: Request, now: float, target: str | None = None) -> Verdict:
        """Send somebody to the provider who came for that; the login leads to `target`, to what they wish, or home.

        It never leads to where it begins or ends. A Pending's `settle()` may raise ProviderFault.
        """
        place = target or self._targets.find(request) or HOME
        path = place.partition("?")[0]
        if path == request.path or self.address.is_callback(path) or self._logout.is_logout(path):
            place = HOME
        return self._sign_in.start(request, self._side(request).cookies, now, target=place)

    def _side(self, request: Request) -> _Side:
        sides = self._sides or self._find_sides(request)
        return sides.secure if request.scheme == "https" else sides.plain

    def _find_sides(self, request: Request) -> _Sides:
        return self._by_domain[find_domain(self._domains, request.host)]


def _list_endpoints(logout: LogoutSettings) -> Iterator[tuple[str, str, type[Endpoint]]]:
    """Yield where the provider may say that somebody signed out elsewhere: attribute, path, and who answers."""
    if logout.back_channel_path is not None:
        yield "backchannel_logout_path", logout.back_channel_path, BackChannelLogout
    if logout.front_channel_path is not None:
        yield "frontchannel_logout_path", logout.front_channel_path, FrontChannelLogout


def _check_response_mode(settings: RelyingPartySettings, address: ReturnAddress) -> None:
    """Raise OperatorFault where the cookie of a sign-in could never come along with the provider's form."""
    origin = address.fixed_origin
    if settings.response_mode == "form_post" and origin is not None and not is_trustworthy(origin):
        raise OperatorFault(
            "redirect_uri_invalid",
            f"response_mode: form_post needs https, and sign-ins return to {origin}: browsers send the cookie of a "
            "sign-in along with the provider's form only over https, or to loopback. Write an https redirect_uri or "
            "gateway.public_url, or response_mode: query",
        )


def _make_sides(
    settings: RelyingPartySettings,
    calls: ProviderCalls,
    revocations: Revocations,
    services: Services,
    scheme: str | None,
    domain: str | None,
) -> _Sides:
    """Make what belongs to a domain; where the public scheme is known both are one."""

    def make(*, secure: bool) -> _Side:
        cookies = ClientCookies(settings, secure=secure, domain=domain)
        return _make_side(settings, calls, revocations, services, cookies)

    first = make(secure=scheme != "http")
    return _Sides(first, first if scheme is not None else make(secure=False))


def _make_side(
    settings: RelyingPartySettings,
    calls: ProviderCalls,
    revocations: Revocations,
    services: Services,
    cookies: ClientCookies,
) -> _Side:
    keeper = SessionKeeper(settings, cookies, services)
    renewal = Renewal(settings, calls, keeper, revocations, services)
    resolution = SessionResolution(settings, keeper, renewal, revocations, services)
    way_out = WayOut(settings, calls.provider, services.clock)
    sessions = SessionStage(settings, keeper, resolution, revocations, way_out, services)
    return _Side(cookies, keeper, renewal, sessions)
