"""Signing out at the client's wish (OpenID Connect RP-Initiated Logout 1.0).

An ID token of ours as hint shows that the request comes from where the person is signed in; then it is done at once.
Without one the person is asked, since any page can link here. Nobody is sent to an address that the client could not
have registered, and a request with an error in it is sent nowhere.
"""

from dataclasses import dataclass
from typing import final
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ostiary.demo.provider.accounts import CLIENT_ID
from ostiary.demo.provider.browser import BrowserCookies
from ostiary.demo.provider.client import is_loopback_redirect
from ostiary.demo.provider.keys import InvalidTokenError
from ostiary.demo.provider.memory import Login, ProviderMemory
from ostiary.demo.provider.pages import Pages
from ostiary.demo.provider.requests import Parameters, read_form, read_query, refuse
from ostiary.demo.provider.server import NOT_KEPT
from ostiary.demo.provider.tokens import TokenMaker

CONFIRM_PATH = "/end-session/confirm"


@final
@dataclass(frozen=True, slots=True)
class SignOutRequest:
    """A checked request. `subject` is whom the hint names; `location` where to go afterwards, empty for nowhere."""

    parameters: Parameters
    subject: str | None
    location: str

    @property
    def query(self) -> str:
        """The request again, as a query."""
        return urlencode(self.parameters)


@final
@dataclass(frozen=True, slots=True)
class SignOut:
    """The end-session endpoint and the page that asks."""

    memory: ProviderMemory
    tokens: TokenMaker
    pages: Pages
    cookies: BrowserCookies

    async def end_session(self, request: Request) -> Response:
        """GET or POST: sign out, or ask first."""
        try:
            given = await read_form(request) if request.method == "POST" else read_query(request)
            asked = read_sign_out(given, self.tokens)
        except OAuth2Error as error:
            return self._show_error(error)
        login = self.memory.find_login(self.cookies.login(request))
        if login is None or login.user.subject == asked.subject:
            return self._sign_out(request, login, asked.location)
        return self._ask(request, asked)

    async def confirm(self, request: Request) -> Response:
        """POST: the person has answered."""
        try:
            filled = await read_form(request)
            asked = read_sign_out(read_query(request), self.tokens)
        except OAuth2Error as error:
            return self._show_error(error)
        if not self.cookies.sent_from_here(request, filled, asked.query):
            return self.pages.render("forgotten", 403)
        return self._sign_out(request, self.memory.find_login(self.cookies.login(request)), asked.location)

    def _sign_out(self, request: Request, login: Login | None, location: str) -> Response:
        if login is not None:
            login.has_ended = True
        self.memory.forget_login(self.cookies.login(request))
        response = RedirectResponse(location, 303, dict(NOT_KEPT)) if location else self.pages.render("signed_out")
        self.cookies.clear_login(response)
        return response

    def _ask(self, request: Request, asked: SignOutRequest) -> Response:
        browser, is_new = self.cookies.browser(request)
        page = self.pages.render(
            "confirm_sign_out",
            leads_to=asked.location,
            action=f"{CONFIRM_PATH}?{asked.query}",
            form_token=self.cookies.form_tokens.make(browser, asked.query),
            location=asked.location,
        )
        if is_new:
            self.cookies.set_browser(page, browser)
        return page

    def _show_error(self, error: OAuth2Error) -> Response:
        return self.pages.render("refused", 400, error=error.error, description=error.get_error_description())


def read_sign_out(parameters: Parameters, tokens: TokenMaker) -> SignOutRequest:
    """Return the checked request. Raises OAuth2Error, which is shown and never sent anywhere (section 4)."""
    subject = _read_hint(parameters.get("id_token_hint"), tokens)
    client_id = parameters.get("client_id")
    if client_id not in {None, CLIENT_ID}:
        raise refuse("invalid_request", "No client is known by that client_id.")
    location = parameters.get("post_logout_redirect_uri", "")
    if location:
        if subject is None and client_id is None:
            raise refuse("invalid_request", "A post_logout_redirect_uri needs an id_token_hint or a client_id.")
        if not is_loopback_redirect(location):
            raise refuse("invalid_request", "The post_logout_redirect_uri must be an http address on this machine.")
        if "state" in parameters:
            location = str(URL(location).include_query_params(state=parameters["state"]))
    return SignOutRequest(parameters, subject, location)


def _read_hint(hint: str | None, tokens: TokenMaker) -> str | None:
    """Return the subject of an ID token of ours; its age does not matter, its signature does (section 2)."""
    if hint is None:
        return None
    try:
        claims = tokens.key.read(hint)
    except InvalidTokenError:
        raise refuse("invalid_request", "The id_token_hint is no ID token of this provider.") from None
    if claims.get("iss") != tokens.issuer or claims.get("aud") != CLIENT_ID:
        raise refuse("invalid_request", "The id_token_hint is no ID token of this provider.")
    return str(claims["sub"])
