"""The browser: redirects, fetch metadata, forms and cookies, against the recording upstream."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.counterparts.recording_upstream import Answer, RecordingUpstream, build_response
from tests.e2e.counterparts.strict_reader import RecordedRequest
from tests.fakes.browser import Browser, TooManyRedirectsError, Visit

Start = Callable[[dict[str, bytes]], RecordingUpstream]


@pytest.fixture
def start() -> Iterator[Start]:
    """A function that starts a site of scripted pages by path."""
    running: list[RecordingUpstream] = []

    def start_site(pages: dict[str, bytes]) -> RecordingUpstream:
        def answer(request: RecordedRequest) -> Answer | None:
            page = pages.get(request.target.partition("?")[0])
            return None if page is None else Answer(page)

        running.append(RecordingUpstream(answer))
        return running[-1]

    yield start_site
    for upstream in running:
        upstream.stop()


def _redirect(status: int, location: str, *cookies: str) -> bytes:
    return build_response(status, b"", [("Location", location), *(("Set-Cookie", cookie) for cookie in cookies)])


def test_a_navigation_follows_redirects_and_remembers_them(start: Start) -> None:
    """Relative and absolute targets, several cookies in one answer, history."""
    site = start({"/a": _redirect(302, "/b?x=1", "one=1; Path=/", "two=2; Path=/")})
    browser = Browser()
    page = browser.open(f"http://localhost:{site.port}/a")
    base = f"http://localhost:{site.port}"
    assert browser.history == [Visit(302, f"{base}/a"), Visit(200, f"{base}/b?x=1")]
    assert page.json()["target"] == "/b?x=1"
    request = site.requests[1]
    assert request.value("cookie") == "one=1; two=2"
    assert (request.value("sec-fetch-mode"), request.value("sec-fetch-dest")) == ("navigate", "document")
    assert (request.value("sec-fetch-site"), request.value("host")) == ("none", f"localhost:{site.port}")
    assert (request.value("accept") or "").startswith("text/html,")


def test_hosts_have_cookies_of_their_own_though_they_are_one_machine(start: Start) -> None:
    """To a browser localhost and 127.0.0.1 are two sites."""
    site = start({"/set": build_response(200, b"", [("Set-Cookie", "a=1; Path=/")])})
    browser = Browser()
    browser.open(f"http://127.0.0.1:{site.port}/set")
    browser.open(f"http://localhost:{site.port}/x")
    assert site.requests[1].value("cookie") is None
    browser.open(f"http://127.0.0.1:{site.port}/x")
    assert site.requests[2].value("cookie") == "a=1"


def test_a_trip_can_stop_before_an_address(start: Start) -> None:
    """The redirect is given back and not followed."""
    site = start({"/a": _redirect(303, "http://localhost:1/callback?code=c")})
    page = Browser().open(f"http://localhost:{site.port}/a", stop_before=lambda url: "/callback" in url)
    assert (page.status, page.location) == (303, "http://localhost:1/callback?code=c")


def test_a_form_is_filled_in_and_sent_with_its_hidden_fields(start: Start) -> None:
    """POST, Origin, Referer; the answer's redirect becomes a GET without the body."""
    html = (
        b'<form method=post action="/in"><input type=hidden name=csrf value="a&amp;b"><input name=login>'
        b"<input type=checkbox name=keep><button name=action value=go>Go</button>"
        b"<button name=action value=no>No</button></form>"
    )
    site = start({"/form": build_response(200, html), "/in": _redirect(302, "/done")})
    browser = Browser()
    page = browser.open(f"http://localhost:{site.port}/form")
    browser.submit(page, {"login": "me"}, button="no")
    _, posted, done = site.requests
    assert (posted.method, posted.body) == ("POST", b"csrf=a%26b&login=me&action=no")
    assert (posted.value("origin"), posted.value("sec-fetch-site")) == (f"http://localhost:{site.port}", "same-origin")
    assert posted.value("referer") == f"http://localhost:{site.port}/form"
    assert (done.method, done.body, done.value("content-type")) == ("GET", b"", None)
    with pytest.raises(AssertionError, match="no field"):
        browser.submit(page, {"password": "x"})


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_redirects_keep_or_change_the_method_as_fetch_says(start: Start, status: int, method: str) -> None:
    """307 and 308 send the form on."""
    site = start(
        {"/form": build_response(200, b"<form method=post action=/in></form>"), "/in": _redirect(status, "/x")}
    )
    browser = Browser()
    browser.submit(browser.open(f"http://localhost:{site.port}/form"))
    assert site.requests[2].method == method


def test_a_script_call_says_so_and_takes_the_cookies_along(start: Start) -> None:
    """`Sec-Fetch-Mode: cors`, no page wanted; a foreign page's call brings no Lax cookie."""
    site = start({"/set": build_response(200, b"", [("Set-Cookie", "a=1; Path=/")])})
    browser = Browser()
    page = browser.open(f"http://localhost:{site.port}/set")
    browser.xhr(f"http://localhost:{site.port}/api", "POST", body=b"{}", headers=[("Content-Type", "application/json")])
    call = site.requests[1]
    assert (call.value("sec-fetch-mode"), call.value("accept"), call.value("cookie")) == ("cors", "*/*", "a=1")
    assert call.value("content-type") == "application/json"
    browser.xhr(page.url, initiator="http://127.0.0.1:1/")
    assert (site.requests[2].value("cookie"), site.requests[2].value("sec-fetch-site")) == (None, "cross-site")


def test_a_form_posted_from_another_site_brings_no_lax_cookie_but_a_link_does(start: Start) -> None:
    """What `response_mode=form_post` meets at a gateway."""
    site = start({"/set": build_response(200, b"", [("Set-Cookie", "a=1; Path=/; SameSite=Lax")])})
    address = f"http://localhost:{site.port}"
    other = start({"/form": build_response(200, f"<form method=post action={address}/in></form>".encode())})
    browser = Browser()
    browser.open(f"{address}/set")
    page = browser.open(f"http://127.0.0.1:{other.port}/form")
    browser.submit(page)
    browser.click(page, f"{address}/link")
    assert [request.value("cookie") for request in site.requests[1:]] == [None, "a=1"]
    assert site.requests[1].value("referer") == f"http://127.0.0.1:{other.port}/"


def test_a_redirect_loop_is_noticed(start: Start) -> None:
    """As a person would see it."""
    site = start({"/a": _redirect(302, "/a")})
    with pytest.raises(TooManyRedirectsError):
        Browser().open(f"http://localhost:{site.port}/a")


def test_it_does_not_leave_the_machine() -> None:
    """Only loopback names, and those that a test names."""
    with pytest.raises(ValueError, match="does not go to"):
        Browser().open("http://shop.example.com/")
