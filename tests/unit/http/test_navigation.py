"""Navigations, told from everything else that browsers and programs send."""

import pytest

from ostiary.http.navigation import (
    accepts_html,
    follows_redirects,
    is_navigation,
    is_preflight,
    would_accept_html,
)
from tests.fakes.requests import make_raw_head, make_request

PAGE = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": PAGE},
        {"Sec-Fetch-Mode": "navigate"},
        {"Accept": PAGE},
        {"Accept": "TEXT/HTML"},
    ],
)
def test_opening_a_page_is_a_navigation(method: str, headers: dict[str, str]) -> None:
    """By Fetch Metadata, or by Accept from browsers that send none."""
    assert is_navigation(make_request(method, "/", headers))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_what_carries_a_body_or_asks_for_permission_is_none(method: str) -> None:
    """A redirect would lose the body, and a preflight cannot follow one."""
    headers = {"Accept": PAGE, "Sec-Fetch-Mode": "navigate"}

    assert not is_navigation(make_request(method, "/", headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "*/*"},
        {"Accept": "application/json"},
        {"Sec-Fetch-Mode": "cors", "Accept": PAGE},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Accept": PAGE},
        {"Sec-Fetch-Mode": "websocket", "Accept": PAGE},
        {"Sec-Fetch-Site": "same-origin", "Accept": PAGE},
        {"Sec-Fetch-Mode": "navigate", "Accept": PAGE, "Sec-Purpose": "prefetch"},
        {"Sec-Fetch-Mode": "navigate", "Accept": PAGE, "Sec-Purpose": "prefetch;prerender"},
        {"Accept": PAGE, "Purpose": "prefetch"},
    ],
)
def test_programs_scripts_and_prefetches_are_none(headers: dict[str, str]) -> None:
    """curl, fetch(), images, WebSockets, and pages that nobody has asked for yet."""
    assert not is_navigation(make_request("GET", "/", headers))


@pytest.mark.parametrize(("accept", "expected"), [(None, False), ("*/*", False), (PAGE, True), ("text/htm", False)])
def test_html_is_for_those_who_name_it(accept: str | None, *, expected: bool) -> None:
    """`*/*` is what programs send: they get JSON."""
    headers = {} if accept is None else {"Accept": accept}

    assert accepts_html(make_request("POST", "/", headers)) == expected
    assert would_accept_html(make_raw_head("POST", "//", headers).fields) == expected


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "*/*"},
        {"Accept": PAGE},
        {"Accept": "application/jsonp"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none", "Accept": PAGE},
    ],
)
def test_pages_and_programs_by_hand_follow_redirects(method: str, headers: dict[str, str]) -> None:
    """A plain `curl` says nothing of itself."""
    assert follows_redirects(make_request(method, "/", headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json"},
        {"Accept": "text/html, application/json;q=0.9"},
        {"Accept": ["text/html", "Application/JSON"]},
        {"X-Requested-With": "XMLHttpRequest"},
        {"X-Requested-With": "xmlhttprequest", "Accept": PAGE},
        {"Sec-Fetch-Mode": "cors", "Accept": "*/*"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Purpose": "prefetch"},
        {"Sec-Fetch-Mode": "navigate", "Accept": "application/json"},
    ],
)
def test_scripts_and_prefetches_follow_none(headers: dict[str, str]) -> None:
    """They would end at another site, or start a sign-in that nobody sees."""
    assert not follows_redirects(make_request("GET", "/", headers))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_what_carries_a_body_follows_none(method: str) -> None:
    """A redirect would lose it."""
    assert not follows_redirects(make_request(method, "/", {"Accept": PAGE}))


def test_a_preflight_names_origin_and_method() -> None:
    """Any other OPTIONS is none, and neither is another method."""
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}

    assert is_preflight(make_request("OPTIONS", "/", headers))
    assert not is_preflight(make_request("OPTIONS", "/", {"Origin": "https://app.example"}))
    assert not is_preflight(make_request("OPTIONS", "/", {"Access-Control-Request-Method": "PUT"}))
    assert not is_preflight(make_request("GET", "/", headers))
