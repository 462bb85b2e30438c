"""Signing in: the authorization endpoint and the page it shows (OpenID Connect Core section 3.1.2).

Who is signed in already goes straight back with a code; anybody else sees the form. The form carries the authorization
request in its own address and is checked again when it comes back, so nothing is kept between the two and any number of
tabs may sign in at once.
"""

import asyncio
from dataclasses import dataclass
from typing import final

from authlib.oauth2 import OAuth2Error
from authlib.oidc.core.errors import LoginRequiredError
from starlette.requests import Request
from starlette.responses import Response

from ostiary.demo.provider.authorization import AuthorizationRequest, read_authorization_request
from ostiary.demo.provider.browser import BrowserCookies
from ostiary.demo.provider.memory import Login
from ostiary.demo.provider.pages import Pages
from ostiary.demo.provider.requests import Parameters, ProtocolRequest, ReadRequest, read_form, read_query
from ostiary.demo.provider.server import DemoAuthorizationServer

SIGN_IN_PATH = "/sign-in"
WRONG = "That user name and password do not belong together."


@final
@dataclass(frozen=True, slots=True)
class SignIn:
    """Both endpoints. `failure_delay_s` is how long a wrong password waits for its answer."""

    server: DemoAuthorizationServer
    pages: Pages
    cookies: BrowserCookies
    failure_delay_s: float

    async def authorize(self, request: Request) -> Response:
        """GET or POST: send the person back with a code, or ask who it is."""
        try:
            given = await read_form(request) if request.method == "POST" else read_query(request)
            asked = read_authorization_request(given, self.server.client)
            login = self.server.memory.find_login(self.cookies.login(request))
            self.server.get_consent_grant(_as_protocol_request(asked), end_user=login)  # before a password is asked for
            if asked.is_satisfied_by(login, self.server.memory.now()):
                return self._give_code(asked, login)
            if asked.is_silent:
                raise LoginRequiredError(redirect_uri=asked.redirect_uri, state=given.get("state"))
        except OAuth2Error as error:
            return self._answer_error(error)
        return self._show_form(request, asked, username=given.get("login_hint", ""))

    async def sign_in(self, request: Request) -> Response:
        """POST: the form comes back."""
        try:
            filled = await read_form(request)
            asked = read_authorization_request(read_query(request), self.server.client)
        except OAuth2Error as error:
            return self._answer_error(error)
        if not self.cookies.sent_from_here(request, filled, asked.query):
            return self.pages.render("forgotten", 403)
        if filled.get("answer") == "cancel":
            return self._give_code(asked, None)
        return await self._try_password(request, asked, filled)

    async def _try_password(self, request: Request, asked: AuthorizationRequest, filled: Parameters) -> Response:
        username, now = filled.get("username", ""), self.server.memory.now()
        wait_s = self.server.throttle.wait_s(username, now)
        if wait_s:
            page = self._show_form(request, asked, username, f"Too many attempts. Try again in {wait_s} seconds.", 429)
            page.headers["Retry-After"] = str(wait_s)
            return page
        user = self.server.throttle.try_password(username, filled.get("password", ""), now)
        if user is None:
            await asyncio.sleep(self.failure_delay_s)
            return self._show_form(request, asked, username, WRONG, 403)
        # A new login has a new cookie: one that was planted before, or is still about, is worth nothing afterwards.
        self.server.memory.forget_login(self.cookies.login(request))
        value, login = self.server.memory.start_login(user)
        response = self._give_code(asked, login)
        self.cookies.set_login(response, value)
        return response

    def _give_code(self, asked: AuthorizationRequest, login: Login | None) -> Response:
        """Let Authlib make the code, or `access_denied` for nobody."""
        request = _as_protocol_request(asked)
        try:
            grant = self.server.get_consent_grant(request, end_user=login)
        except OAuth2Error as error:
            return self._answer_error(error)
        response: Response = self.server.create_authorization_response(request, grant_user=login, grant=grant)
        return _as_see_other(response)

    def _answer_error(self, error: OAuth2Error) -> Response:
        if error.redirect_uri:
            response: Response = self.server.handle_error_response(None, error)
            return _as_see_other(response)
        return self.pages.render("refused", 400, error=error.error, description=error.get_error_description())

    def _show_form(
        self, request: Request, asked: AuthorizationRequest, username: str, problem: str = "", status: int = 200
    ) -> Response:
        browser, is_new = self.cookies.browser(request)
        page = self.pages.render(
            "sign_in",
            status,
            leads_to=asked.redirect_uri,
            action=f"{SIGN_IN_PATH}?{asked.query}",
            form_token=self.cookies.form_tokens.make(browser, asked.query),
            redirect_uri=asked.redirect_uri,
            entered=username,
            problem=problem,
        )
        if is_new:
            self.cookies.set_browser(page, browser)
        return page


def _as_protocol_request(asked: AuthorizationRequest) -> ProtocolRequest:
    return ProtocolRequest(ReadRequest("GET", asked.redirect_uri, {}, asked.parameters))


def _as_see_other(response: Response) -> Response:
    """Return the redirect as one that is followed with GET, whatever the browser did here."""
    if response.status_code == 302:
        response.status_code = 303
    return response
