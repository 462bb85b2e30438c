"""Logout from elsewhere, end to end: a person leaves at the provider, and is out at every gateway a second later.

Three gateways for each place where sessions can be kept; the provider knows the first one's address alone. Who is told
of a session (`/app`, `/key`) keeps the person's others; who is told of a person (`/revoking`) keeps none.
"""

import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.figures import show
from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.session_scene import (
    LONG_S,
    OTHER_LOGIN,
    REVALIDATE_S,
    STORAGES,
    SessionScene,
    start_session_scene,
    wait_until,
)
from tests.fakes.browser import Browser

GATEWAYS = 3
NOISE_S = 3.0  # for a machine that others use too


@pytest.fixture(scope="module", params=STORAGES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionScene]:
    """Three gateways for each place where sessions can be kept."""
    folder = tmp_path_factory.mktemp(request.param)
    with start_session_scene(folder, request.param, gateways=GATEWAYS, is_told=True) as scene:
        yield scene


@pytest.fixture
def scene(running: SessionScene) -> SessionScene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.provider.set_lifetime(LONG_S)
    return running


def _enter(scene: SessionScene, *routes: str, login: str = LOGIN) -> Browser:
    """Sign in at each route with one browser: after the first the provider knows who it is."""
    browser, page = scene.sign_in(f"/{routes[0]}/test", login=login)
    assert page.status == 200
    for route in routes[1:]:
        assert browser.open(scene.url(f"/{route}/test")).status == 200
    return browser


def _leave(scene: SessionScene, browser: Browser, route: str) -> None:
    """Sign out at a route, and say yes to the provider."""
    browser.submit(browser.open(scene.url(f"/{route}/logout")), button="yes")


def _count(scene: SessionScene, route: str, cookie: str) -> int:
    """Count the gateways that let a cookie in, the last one first."""
    return sum(scene.call(f"/{route}/call", cookie, gateway).status == 200 for gateway in reversed(range(GATEWAYS)))


def _wait_until_gone(scene: SessionScene, route: str, cookie: str, test: str) -> None:
    seconds = wait_until(lambda: _count(scene, route, cookie) == 0)
    show(f"logout elsewhere, {test}, {scene.storage}", gateways=GATEWAYS, gone_after_s=seconds)
    assert seconds <= REVALIDATE_S + NOISE_S


def test_a_session_that_ended_at_the_provider_is_over_everywhere(scene: SessionScene) -> None:
    """The other browser of the same person goes on."""
    leaving, staying = _enter(scene, "app", "key"), _enter(scene, "app")
    gone, kept = scene.show_cookies(leaving), scene.show_cookies(staying)
    assert (_count(scene, "app", gone), _count(scene, "app", kept)) == (GATEWAYS, GATEWAYS)
    _leave(scene, leaving, "key")
    _wait_until_gone(scene, "app", gone, "by session")
    assert {(each["client_id"], each["status"]) for each in scene.provider.requests("backchannel")} == {
        ("client-app", 200), ("client-key", 200),
    }  # fmt: skip
    assert _count(scene, "app", kept) == GATEWAYS
    assert _count(scene, "open", kept) == GATEWAYS
    assert scene.call("/open/call", gone, 2).json()["sub"] is None


def test_a_person_who_left_the_provider_is_out_everywhere(scene: SessionScene) -> None:
    """In every browser; others stay, and so does whoever signs in again."""
    leaving, elsewhere = _enter(scene, "revoking", "app"), _enter(scene, "revoking")
    somebody = scene.show_cookies(_enter(scene, "revoking", login=OTHER_LOGIN))
    cookies = [scene.show_cookies(browser) for browser in (leaving, elsewhere)]
    assert [_count(scene, "revoking", cookie) for cookie in (*cookies, somebody)] == [GATEWAYS] * 3
    _leave(scene, leaving, "app")
    for cookie in cookies:
        _wait_until_gone(scene, "revoking", cookie, "by person")
    assert _count(scene, "revoking", somebody) == GATEWAYS
    again = scene.show_cookies(_enter(scene, "revoking"))
    time.sleep(REVALIDATE_S)
    assert _count(scene, "revoking", again) == GATEWAYS


def test_a_refresh_brings_nobody_back(scene: SessionScene) -> None:
    """The access token is over, and the next request would refresh: it is too late for that."""
    browser, _ = scene.sign_in_briefly("/app/test")
    cookie = scene.show_cookies(browser)
    assert browser.open(scene.url("/key/test")).status == 200
    _leave(scene, browser, "key")
    time.sleep(REVALIDATE_S + 1.0)  # not to be asked sooner: whoever does not know yet would refresh
    assert _count(scene, "app", cookie) == 0
    assert scene.refreshes() == []


def test_a_gateway_that_starts_later_knows_who_left(scene: SessionScene) -> None:
    """Nothing depends on having been there."""
    browser = _enter(scene, "app", "key")
    cookie = scene.show_cookies(browser)
    scene.gateways[2].stop()
    _leave(scene, browser, "key")
    scene.start(2)
    assert scene.call("/app/call", cookie, 2).status == 401


def test_a_frame_ends_the_session_that_it_names(scene: SessionScene) -> None:
    """At another gateway than the one where the login was, without a cookie; one that nobody knows changes nothing."""
    browser, other = _enter(scene, "app"), _enter(scene, "app")
    session_id = browser.open(scene.url("/app/test")).json()["sid"]
    cookie, kept = scene.show_cookies(browser), scene.show_cookies(other)
    answers = [
        call(scene.url(f"/app/framed?iss={quote(scene.provider.issuer, safe='')}&sid={named}", 1))
        for named in (session_id, "somebody-elses")
    ]
    assert [(answer.status, answer.body) for answer in answers] == [(200, answers[1].body)] * 2
    assert f"frame-ancestors {scene.provider.issuer}" in (answers[0].header("content-security-policy") or "")
    _wait_until_gone(scene, "app", cookie, "by frame")
    assert _count(scene, "app", kept) == GATEWAYS
