"""`oidc` with its sessions in a real Redis: they begin, go on and end there, and without it nobody gets in."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.certified import read_token
from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.oidc_scene import SITE, Scene, start_scene
from tests.e2e.counterparts.redis_server import RedisServer
from tests.e2e.counterparts.session_scene import wait_until
from tests.fakes.browser import Browser

TICKET_BYTES = 512  # a sealed session with its tokens has thousands
WITHIN_S = 2.0


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server of its own."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def running(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The document's example, with its sessions there."""
    folder = tmp_path_factory.mktemp("oidc_redis")
    with start_scene(folder, session_store_type="redis", redis=redis.fields) as scene:
        yield scene


@pytest.fixture
def scene(running: Scene, redis: RedisServer) -> Scene:
    """The scene, with nothing recorded and nobody signed in."""
    redis.clear()
    running.provider.reset()
    running.upstream.clear()
    return running


def show_cookies(browser: Browser) -> str:
    """Return the cookies that a browser sends to the site."""
    return browser.jar.header(urlsplit(SITE), time.time())


def list_sessions(redis: RedisServer) -> list[bytes]:
    """Return the keys of sessions that Redis has."""
    return [key for key in redis.run("KEYS", "*") if b"session:" in key]


def test_a_session_lives_in_redis_and_its_ticket_in_the_browser(scene: Scene, redis: RedisServer) -> None:
    """No token is readable in either, and the record goes when `cookie_expire` is over."""
    browser, page = scene.sign_in()

    assert 200 == page.status
    token = scene.token_of_the_last_request()
    assert LOGIN == read_token(token)[1]["sub"]
    assert len(show_cookies(browser)) < TICKET_BYTES
    [key] = list_sessions(redis)
    assert token.encode("ascii") not in redis.run("GET", key)
    assert 0 < redis.run("TTL", key) <= 7 * 24 * 3600


def test_a_session_is_renewed_once_for_all_who_ask(scene: Scene, redis: RedisServer) -> None:
    """By its refresh token, when its tokens are over."""
    for kind in ("AccessToken", "IdToken"):
        scene.provider.set_lifetime(2, kind)
    browser, _ = scene.sign_in()
    first = scene.token_of_the_last_request()
    for kind in ("AccessToken", "IdToken"):
        scene.provider.set_lifetime(3600, kind)
    wait_until(lambda: browser.xhr(f"{SITE}/a").status == 200 and scene.token_of_the_last_request() != first)

    grants = [asked["params"]["grant_type"] for asked in scene.provider.requests("token")]
    assert ["authorization_code", "refresh_token"] == grants
    assert LOGIN == browser.xhr(f"{SITE}/oauth2/userinfo").json()["user"]
    assert list_sessions(redis)


def test_signing_out_takes_the_session_from_redis(scene: Scene, redis: RedisServer) -> None:
    """And a copy of the ticket is worth nothing."""
    browser, _ = scene.sign_in()
    copied = show_cookies(browser)
    assert f"{SITE}/" == scene.sign_out(browser, "").location

    assert [] == list_sessions(redis)
    headers = {"Host": "foo.bar.com", "Cookie": copied}
    assert 401 == call(f"{scene.gateway.url}/oauth2/auth", headers=headers).status


def test_without_redis_nobody_gets_in(scene: Scene, redis: RedisServer) -> None:
    """503 and no cookie taken away, for who is signed in and who is not; afterwards people sign in as before."""
    browser, _ = scene.sign_in()
    cookies = show_cookies(browser)
    redis.kill()
    try:
        wait_until(lambda: scene.call(browser, "/headers").status == 503, WITHIN_S)
        scene.upstream.clear()
        for path in ("/headers", "/oauth2/auth", "/oauth2/userinfo", "/oauth2/ready", "/oauth2/sign_out"):
            answer = scene.call(browser, path)
            seen = (answer.status, bool(answer.header("Retry-After")), answer.header_values("Set-Cookie"))
            assert (503, True, []) == seen, path
        assert 200 == scene.call(browser, "/oauth2/ping").status
        assert 200 == scene.call(browser, "/foo").status
        assert ["/foo"] == [request.target for request in scene.upstream.requests]
    finally:
        redis.start()

    assert cookies == show_cookies(browser)
    wait_until(lambda: scene.call(browser, "/oauth2/ready").status == 200)
    assert 401 == scene.call(browser, "/oauth2/auth").status  # it forgot everything
    again = browser.open(f"{SITE}/headers")
    assert (200, f"{SITE}/headers") == (again.status, again.url)  # the provider knows them still
