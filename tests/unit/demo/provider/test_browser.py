"""The provider's cookies: their attributes, and what reads them."""

from starlette.requests import Request
from starlette.responses import Response

from ostiary.demo.provider.browser import BROWSER_COOKIE, LOGIN_COOKIE, BrowserCookies
from ostiary.demo.provider.form_tokens import FormTokens

COOKIES = BrowserCookies(FormTokens())


def with_cookies(header: str = "") -> Request:
    """A request with this Cookie header."""
    return Request({"type": "http", "headers": [(b"cookie", header.encode())] if header else []})


def set_cookies(response: Response) -> list[str]:
    """The Set-Cookie values."""
    return response.headers.getlist("set-cookie")


def test_cookies_are_for_this_host_and_out_of_scripts_reach() -> None:
    """And do not come along when another site posts a form."""
    response = Response()
    COOKIES.set_login(response, "value")
    COOKIES.set_browser(response, "name")
    assert set_cookies(response) == [
        f"{LOGIN_COOKIE}=value; HttpOnly; Path=/; SameSite=lax",
        f"{BROWSER_COOKIE}=name; HttpOnly; Path=/; SameSite=lax",
    ]


def test_signing_out_clears_the_login_alone() -> None:
    """The browser keeps its name."""
    response = Response()
    COOKIES.clear_login(response)
    (cleared,) = set_cookies(response)
    assert cleared.startswith(f'{LOGIN_COOKIE}="";')
    assert "Max-Age=0" in cleared


def test_a_new_browser_is_given_a_name_and_a_known_one_keeps_it() -> None:
    """So that its form tokens go on."""
    name, is_new = COOKIES.browser(with_cookies())
    assert is_new
    assert COOKIES.browser(with_cookies(f"{BROWSER_COOKIE}={name}")) == (name, False)


def test_the_login_is_read_from_its_cookie() -> None:
    """And from no other."""
    assert COOKIES.login(with_cookies(f"other=1; {LOGIN_COOKIE}=value")) == "value"
    assert COOKIES.login(with_cookies("other=1")) is None


def test_a_form_is_from_here_when_its_token_is_this_browsers() -> None:
    """For this purpose."""
    filled = {"form_token": COOKIES.form_tokens.make("name", "purpose")}
    assert COOKIES.sent_from_here(with_cookies(f"{BROWSER_COOKIE}=name"), filled, "purpose")
    assert not COOKIES.sent_from_here(with_cookies(f"{BROWSER_COOKIE}=name"), filled, "other")
    assert not COOKIES.sent_from_here(with_cookies(f"{BROWSER_COOKIE}=name"), {}, "purpose")
    assert not COOKIES.sent_from_here(with_cookies(), filled, "purpose")
