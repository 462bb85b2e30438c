"""The two cookies of the provider: which browser this is, and who is signed in there.

Without a Domain, HttpOnly, SameSite=Lax, gone with the browser's session. Not Secure, because the demo is http on
loopback, and so not `__Host-` either. Browsers send them to every port of a host, hence the long names.
"""

from dataclasses import dataclass
from typing import final

from starlette.requests import Request
from starlette.responses import Response

from ostiary.demo.provider.form_tokens import FormTokens, name_browser
from ostiary.demo.provider.requests import Parameters

BROWSER_COOKIE = "ostiary_demo_provider_browser"
LOGIN_COOKIE = "ostiary_demo_provider_login"
FORM_TOKEN_FIELD = "form_token"


@final
@dataclass(frozen=True, slots=True)
class BrowserCookies:
    """Reads and sets both."""

    form_tokens: FormTokens

    def browser(self, request: Request) -> tuple[str, bool]:
        """Return the browser's name and whether it was made just now."""
        name = request.cookies.get(BROWSER_COOKIE)
        return (name, False) if name else (name_browser(), True)

    def set_browser(self, response: Response, name: str) -> None:
        """Give the browser its name."""
        _set(response, BROWSER_COOKIE, name)

    def login(self, request: Request) -> str | None:
        """Return the value that a login is remembered under, if the browser has one."""
        return request.cookies.get(LOGIN_COOKIE)

    def set_login(self, response: Response, value: str) -> None:
        """Sign the browser in."""
        _set(response, LOGIN_COOKIE, value)

    def clear_login(self, response: Response) -> None:
        """Sign the browser out."""
        response.delete_cookie(LOGIN_COOKIE, httponly=True, samesite="lax")

    def sent_from_here(self, request: Request, filled: Parameters, purpose: str) -> bool:
        """Return whether a form was filled in on our page, in this browser, for this purpose."""
        browser = request.cookies.get(BROWSER_COOKIE)
        return self.form_tokens.is_genuine(filled.get(FORM_TOKEN_FIELD, ""), browser, purpose)


def _set(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, httponly=True, samesite="lax")
