"""Signing people in, end to end: a browser, the gateway, a certified provider and an upstream, all of them real."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.oidc_provider import AUDIENCE, LOGIN
from tests.e2e.counterparts.scene import ALGORITHMS, Scene, read_query, start_scene
from tests.fakes.browser import Browser, Page

IDENTITY_HEADERS = {"x-access-token", "x-id-token", "x-userinfo", "x-refresh-token", "x-raw-id-token"}
DEEP_LINK = "/anything/a%20b/c?q=1&q=2&empty=&path=%2Fx%3F&plus=a+b"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module."""
    with start_scene(tmp_path_factory.mktemp("openid-connect")) as scene:
        yield scene


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.upstream.clear()
    return running


def _decode(value: str | None) -> Any:
    assert value is not None
    return json.loads(base64.b64decode(value, validate=True))


@pytest.mark.parametrize("route", ["anything", "pkce"])
def test_a_person_signs_in_and_the_upstream_learns_who_it_is(scene: Scene, route: str) -> None:
    """Routes (a) and (b) of the tutorial: access token, ID token claims and userinfo arrive and can be read."""
    _, page = scene.sign_in(f"/{route}/test?x=1")
    assert (page.status, page.url) == (200, scene.url(f"/{route}/test?x=1"))
    (request,) = scene.upstream.requests
    assert request.target == f"/{route}/test?x=1"
    keys = KeySet.import_key_set(call(f"{scene.provider.issuer}/jwks").json())
    access = jwt.decode(request.value("x-access-token") or "", keys, algorithms=["RS256"])
    client_id = scene.clients[route]["client_id"]
    assert (access.claims["sub"], access.claims["aud"], access.claims["client_id"]) == (LOGIN, AUDIENCE, client_id)
    identity = _decode(request.value("x-id-token"))
    assert (identity["iss"], identity["aud"], identity["sub"]) == (scene.provider.issuer, client_id, LOGIN)
    userinfo = _decode(request.value("x-userinfo"))
    assert userinfo == {"sub": LOGIN, "name": "Quickstart User", "preferred_username": LOGIN}
    assert IDENTITY_HEADERS & request.names() == {"x-access-token", "x-id-token", "x-userinfo"}


def test_the_session_answers_without_the_provider(scene: Scene) -> None:
    """A second request asks nobody."""
    browser, _ = scene.sign_in("/anything/test")
    before = scene.provider.counters()
    page = browser.open(scene.url("/anything/again"))
    assert (page.status, scene.last_request().target) == (200, "/anything/again")
    assert scene.provider.counters() == before


@pytest.mark.parametrize("route", ["anything", "pkce"])
def test_a_login_carries_state_nonce_and_pkce(scene: Scene, route: str) -> None:
    """S256 is used because the provider advertises it; the code is redeemed with the verifier, by HTTP Basic."""
    page = Browser().open(scene.url(f"/{route}/test"), stop_before=lambda url: url.startswith(scene.provider.issuer))
    assert page.status == 302
    asked = read_query(page.location or "")
    assert asked["code_challenge_method"] == "S256"
    assert (len(asked["code_challenge"]), len(asked["state"]) >= 22, len(asked["nonce"]) >= 22) == (43, True, True)
    assert asked["redirect_uri"] == scene.url(f"/{route}/callback")
    assert (asked["response_type"], asked["scope"]) == ("code", "openid profile")
    scene.sign_in(f"/{route}/test")
    (token_request,) = scene.provider.requests("token")
    assert (token_request["status"], token_request["client_id"]) == (200, scene.clients[route]["client_id"])
    assert len(token_request["params"]["code_verifier"]) >= 43


def test_each_login_has_its_own_state_nonce_and_challenge(scene: Scene) -> None:
    """Nothing is used twice."""
    asked = []
    for _ in range(3):
        page = Browser().open(scene.url("/anything/test"), stop_before=lambda _: True)
        asked.append(read_query(page.location or ""))
    assert all(len({one[name] for one in asked}) == 3 for name in ("state", "nonce", "code_challenge"))


def test_a_deep_link_keeps_its_path_andread_query(scene: Scene) -> None:
    """What was asked for first is what is served in the end, byte for byte."""
    _, page = scene.sign_in(DEEP_LINK)
    assert (page.status, page.url) == (200, scene.url(DEEP_LINK))
    assert [request.target for request in scene.upstream.requests] == [DEEP_LINK]


def test_a_browser_that_starts_at_the_address_signs_in_at_the_name(scene: Scene) -> None:
    """The tutorial: it browses 127.0.0.1 while its redirect_uri says localhost. Sent over once, then as usual."""
    browser = Browser()
    page = browser.open(scene.url("/anything/test?x=1", "127.0.0.1"))
    first = browser.history[0]
    assert (first.status, browser.history[1].url) == (302, scene.url("/anything/test?x=1", "localhost"))
    page = scene.fill_in(browser, page)
    assert (page.status, page.url) == (200, scene.url("/anything/test?x=1", "localhost"))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_id_tokens_of_every_algorithm_are_verified(scene: Scene, alg: str) -> None:
    """What the client registered at the provider is what it signs with."""
    _, page = scene.sign_in(f"/{alg.lower()}/test")
    assert page.status == 200
    assert _decode(scene.last_request().value("x-id-token"))["sub"] == LOGIN


def test_two_tabs_sign_in_side_by_side(scene: Scene) -> None:
    """Each tab has a login of its own and ends where it started."""
    browser = Browser()
    pages = [browser.open(scene.url(f"/anything/tab?n={n}")) for n in (1, 2)]
    ends = [scene.fill_in(browser, page) for page in reversed(pages)]
    assert [(page.status, page.url) for page in ends] == [
        (200, scene.url("/anything/tab?n=2")),
        (200, scene.url("/anything/tab?n=1")),
    ]


def test_a_wrong_state_is_refused_before_anybody_is_asked(scene: Scene) -> None:
    """A forged callback: no token call, no session, a page."""
    browser = Browser()
    location = scene.stop_at_callback(browser)
    state = read_query(location)["state"]
    page = browser.open(location.replace(state, state[::-1]))
    assert (page.status, page.location) == (400, None)
    assert scene.provider.counters()["token"] == 0
    assert scene.upstream.requests == []
    assert browser.xhr(scene.url("/anything/test")).status == 401


@pytest.mark.parametrize("missing", ["state", "code"])
def test_a_callback_without_state_or_code_is_refused(scene: Scene, missing: str) -> None:
    """Half an answer is none."""
    browser = Browser()
    location = scene.stop_at_callback(browser)
    query = "&".join(part for part in urlsplit(location).query.split("&") if not part.startswith(f"{missing}="))
    page = browser.open(f"{location.partition('?')[0]}?{query}")
    assert (page.status, scene.provider.counters()["token"]) == (400, 0)


def test_an_answer_from_another_issuer_is_refused(scene: Scene) -> None:
    """RFC 9207: the provider promises `iss`; another one, or none, is a mix-up."""
    for replacement in ("iss=http%3A%2F%2F127.0.0.1%3A1", ""):
        browser = Browser()
        location = scene.stop_at_callback(browser)
        parts = [part for part in urlsplit(location).query.split("&") if not part.startswith("iss=")]
        page = browser.open(f"{location.partition('?')[0]}?{'&'.join([*parts, replacement]).rstrip('&')}")
        assert (page.status, scene.provider.counters()["token"]) == (400, 0)


def test_a_callback_with_a_parameter_twice_is_refused(scene: Scene) -> None:
    """Nobody may wonder which one counts."""
    browser = Browser()
    location = scene.stop_at_callback(browser)
    page = browser.open(f"{location}&code=another")
    assert (page.status, scene.provider.counters()["token"]) == (400, 0)


def test_a_callback_is_good_once(scene: Scene) -> None:
    """Replayed by the same browser, which goes where it led, and with the login cookie it had: no second token call."""
    browser = Browser()
    location = scene.stop_at_callback(browser)
    cookies = browser.jar.header(urlsplit(location), 0.0)
    assert browser.open(location).status == 200
    page = browser.open(location, stop_before=lambda _: True)
    assert (page.status, page.location) == (303, scene.url("/anything/test"))
    replayed = scene.call(urlsplit(location).path + "?" + urlsplit(location).query, headers={"Cookie": cookies})
    assert replayed.status == 400
    assert scene.provider.counters()["token"] == 1


def test_a_callback_in_another_browser_signs_nobody_in(scene: Scene) -> None:
    """Login CSRF: the code of one person, opened by another."""
    location = scene.stop_at_callback(Browser())
    victim = Browser()
    page = victim.open(location, stop_before=lambda _: True)
    assert (page.status, scene.provider.counters()["token"]) == (400, 0)
    assert victim.xhr(scene.url("/anything/test")).status == 401


def test_a_person_who_cancels_sees_a_page_and_no_loop(scene: Scene) -> None:
    """`error=access_denied` is the end of this login, not the start of another."""
    browser = Browser()
    page = browser.open(scene.url("/anything/test"))
    page = browser.submit(page, button="cancel")
    assert page.url.startswith(scene.url("/anything/callback"))
    assert 400 <= page.status < 500
    assert page.header("location") is None
    assert browser.xhr(scene.url("/anything/test")).status == 401


def test_what_a_provider_says_is_shown_as_text_only(scene: Scene) -> None:
    """An error's code and description come from elsewhere: escaped, and nothing of them is followed."""
    browser = Browser()
    asked = browser.open(scene.url("/anything/test"), stop_before=lambda _: True)
    answer = {
        "error": "access_denied",
        "error_description": "<script>alert(1)</script>",
        "error_uri": "http://127.0.0.1:1/more",
        "state": read_query(asked.location or "")["state"],
        "iss": scene.provider.issuer,
    }
    page = browser.open(scene.url(f"/anything/callback?{urlencode(answer)}"))
    assert 400 <= page.status < 500
    assert "<script" not in page.text
    assert "/more" not in page.text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_script_without_a_session_gets_401_and_no_redirect(scene: Scene, method: str) -> None:
    """A script cannot sign anybody in."""
    page = Browser().xhr(scene.url("/anything/test"), method, body=b"{}" if method in {"POST", "PUT"} else b"")
    assert (page.status, page.header("location")) == (401, None)
    assert scene.upstream.requests == []


def test_a_posted_form_without_a_session_gets_401(scene: Scene) -> None:
    """Its body would be lost in a redirect."""
    headers = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Accept", "text/html")]
    answer = scene.call("/anything/test", "POST", headers, b"a=1")
    assert (answer.status, answer.header("location")) == (401, None)


def test_a_preflight_and_a_prefetch_start_no_login(scene: Scene) -> None:
    """Neither can show a page."""
    preflight = [("Origin", "http://shop.example.com"), ("Access-Control-Request-Method", "PUT")]
    assert scene.call("/anything/test", "OPTIONS", preflight).status == 401
    prefetch = [("Sec-Purpose", "prefetch"), ("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")]
    assert scene.call("/anything/test", "GET", prefetch).status == 401
    assert scene.upstream.requests == []


def test_pass_lets_strangers_through_without_an_identity(scene: Scene) -> None:
    """`unauth_action: pass`: anonymous until there is a session."""
    browser = Browser()
    page = browser.open(scene.url("/open/test"))
    assert page.status == 200
    assert IDENTITY_HEADERS & scene.last_request().names() == set()
    scene.sign_in("/pkce/test", browser)
    assert browser.open(scene.url("/open/test")).status == 200
    assert _decode(scene.last_request().value("x-userinfo"))["sub"] == LOGIN


def test_deny_refuses_strangers_and_admits_a_session(scene: Scene) -> None:
    """`unauth_action: deny`: 401 without a challenge, also for navigations."""
    browser = Browser()
    page = browser.open(scene.url("/closed/test"))
    assert (page.status, page.header("location"), page.header("www-authenticate")) == (401, None, None)
    scene.sign_in("/pkce/test", browser)
    assert browser.open(scene.url("/closed/test")).status == 200
    assert _decode(scene.last_request().value("x-id-token"))["sub"] == LOGIN


def test_a_session_belongs_to_its_client(scene: Scene) -> None:
    """Another client's route, though it has the same secret, asks for a login of its own."""
    browser, _ = scene.sign_in("/pkce/test")
    assert browser.xhr(scene.url("/es256/test")).status == 401
    scene.sign_in("/anything/test", Browser())
    assert browser.open(scene.url("/pkce/test")).status == 200


def test_a_changed_session_cookie_is_no_session(scene: Scene) -> None:
    """Every character of the seal counts; so does every piece of it."""
    browser, _ = scene.sign_in("/pkce/test")
    header = browser.jar.header(urlsplit(scene.url("/pkce/test")), 0.0)
    at = header.index("=") + len(header) // 3
    changed = header[:at] + ("A" if header[at] != "A" else "B") + header[at + 1 :]
    assert scene.call("/closed/test", headers={"Cookie": header}).status == 200
    assert scene.call("/closed/test", headers={"Cookie": changed}).status == 401


def test_cookies_are_kept_from_scripts_and_other_sites(scene: Scene) -> None:
    """HttpOnly, Lax, for the whole host, not Secure on http; the login's own cookie is gone afterwards."""
    browser = Browser()
    page = browser.open(scene.url("/pkce/test"))
    during = browser.cookie_names()
    scene.fill_in(browser, page)
    ours = [cookie for cookie in browser.jar.live(0.0) if "ostiary" in cookie.name]
    assert ours
    assert all(cookie.is_http_only and cookie.same_site == "lax" and cookie.path == "/" for cookie in ours)
    assert not any(cookie.is_secure for cookie in ours)
    assert not {name for name in during if "ostiary" in name} & {cookie.name for cookie in ours}
    assert browser.jar.refused == []


def test_answers_that_depend_on_the_session_are_not_stored(scene: Scene) -> None:
    """Redirects to sign-in, refusals and callbacks are `no-store`."""
    browser = Browser()
    redirect = browser.open(scene.url("/anything/test"), stop_before=lambda _: True)
    location = scene.stop_at_callback(browser)
    callback = browser.open(location, stop_before=lambda _: True)
    refused = browser.open(scene.url("/closed/test"))
    pages: list[Page] = [redirect, callback, refused]
    assert [page.status for page in pages] == [302, 303, 401]
    assert all("no-store" in (page.header("cache-control") or "") for page in pages)
