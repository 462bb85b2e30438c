"""The provider is away while people are signed in: nobody notices until a token is over, and nobody is signed out then.

`test_openid_connect_outages.py` has the sign-ins; here are the sessions, and what a refresh makes of an outage.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.counterparts.calls import Response
from tests.e2e.counterparts.figures import show
from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.session_scene import LONG_S, SessionScene, start_session_scene, wait_until
from tests.e2e.counterparts.stalls import Stalls
from tests.fakes.browser import Browser

STORAGES = ("cookie-sqlite", "redis")
TIMEOUT_S = 2  # more than a stall of the machine
AWAY_S = 6.0
PAUSE_S = 30.0  # a refresh that failed is not tried again by the same gateway for so long
LOCK_S = 5 * TIMEOUT_S + 5  # as long as all calls of a refresh may take
PATIENCE_S = TIMEOUT_S + 2  # for how long a request waits for a refresh
LEEWAY_S = 5.0  # for stalls in so long a time
NOISE_S = 1.5  # for a machine that others use too, besides its stalls


@pytest.fixture(scope="module", params=STORAGES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionScene]:
    """Two gateways, one provider."""
    folder = tmp_path_factory.mktemp(request.param)
    with start_session_scene(folder, request.param, attributes={"timeout": TIMEOUT_S}) as scene:
        yield scene


@pytest.fixture
def scene(running: SessionScene) -> SessionScene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.provider.set_lifetime(LONG_S)
    return running


def is_unavailable(answer: Response) -> bool:
    """Whether this is 503, says when to come again, and takes no cookie away."""
    retry_after = int(answer.header("retry-after") or "0")
    return (answer.status, retry_after > 0, answer.header_values("set-cookie")) == (503, True, [])


def test_sessions_go_on_while_the_provider_is_away(scene: SessionScene) -> None:
    """A token that lasts: nothing is noticed. One that is over: 503 in time, the session kept, and then as before."""
    lasting, _ = scene.sign_in("/app/test", login="somebody-else")
    browser, page = scene.sign_in_briefly()
    cookie = scene.show_cookies(browser)
    scene.provider.go_away(AWAY_S)

    began = time.monotonic()
    assert is_unavailable(scene.call("/app/test", cookie))
    first_s = time.monotonic() - began
    assert is_unavailable(scene.call("/app/test", cookie))
    for gateway in (0, 1):
        assert lasting.xhr(scene.url("/app/test", gateway)).json()["sub"] == "somebody-else"
    scene.provider.wait_until_back()

    elsewhere = scene.call("/app/test", cookie, gateway=1)
    assert (elsewhere.status, elsewhere.json()["sub"]) == (200, LOGIN)
    assert elsewhere.json()["access_token"] != page.json()["access_token"]
    assert [asked["status"] for asked in scene.refreshes()] == [200]
    show("provider outage", storage=scene.storage, away_s=AWAY_S, first_503_s=first_s)


def test_one_gateway_alone_refreshes_within_half_a_minute(tmp_path: Path) -> None:
    """It does not repeat a refresh that failed for 30 s, so that a provider that comes back is not run over."""
    with start_session_scene(tmp_path, "cookie-sqlite", gateways=1, attributes={"timeout": TIMEOUT_S}) as scene:
        browser, page = scene.sign_in_briefly()
        scene.provider.go_away(2.0)
        failed_at = time.monotonic()
        assert browser.xhr(scene.url("/app/test")).status == 503
        wait_until(lambda: browser.xhr(scene.url("/app/test")).status != 503, PAUSE_S + LEEWAY_S)
        served_after_s = time.monotonic() - failed_at
        answer = browser.xhr(scene.url("/app/test"))
        assert (answer.status, answer.json()["sub"]) == (200, LOGIN)
        assert answer.json()["access_token"] != page.json()["access_token"]
        show("provider outage, one gateway", away_s=2.0, served_again_after_s=served_after_s)


FAULTS: dict[str, dict[str, Any]] = {
    "hangs": {"hang": True},
    "500": {"status": 500},
    "429": {"status": 429},
    "html": {"status": 200, "body": "<html>", "content_type": "text/html"},
    "404": {"status": 404, "body": "not here", "content_type": "text/plain"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refresh_that_fails_ends_nothing(scene: SessionScene, fault: str) -> None:
    """503 within the time limit; the same refresh is not repeated at once; another gateway may succeed."""
    browser, _ = scene.sign_in_briefly()
    cookie = scene.show_cookies(browser)
    scene.provider.reset()
    scene.provider.set_fault("token", **FAULTS[fault])
    began = time.monotonic()
    with Stalls() as stalls, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: scene.call("/app/test", cookie), range(10)))
        assert stalls.since(began) < TIMEOUT_S + NOISE_S
    assert all(is_unavailable(answer) for answer in answers)
    assert is_unavailable(scene.call("/app/test", cookie))
    assert scene.provider.counters()["token"] == 1
    scene.provider.reset()
    assert scene.call("/app/test", cookie, gateway=1).status == 200


def test_a_refresh_that_is_refused_ends_the_session(scene: SessionScene) -> None:
    """`invalid_grant` is no outage: calls are 401 everywhere, a navigation signs in anew, and nobody asks again."""
    browser, _ = scene.sign_in_briefly()
    cookie = scene.show_cookies(browser)
    scene.provider.reset()
    scene.provider.set_fault("token", status=400, body='{"error":"invalid_grant"}', times=1)
    assert [scene.call("/app/test", cookie, gateway).status for gateway in (0, 1, 0)] == [401] * 3
    assert scene.provider.counters()["token"] == 1
    again = browser.open(scene.url("/app/test"))
    assert (again.status, again.json()["sub"], again.forms) == (200, LOGIN, [])


@pytest.mark.parametrize("storage", STORAGES)
def test_with_a_leeway_a_short_outage_is_not_even_noticed(storage: str, tmp_path: Path) -> None:
    """The refresh is due before the token is over: until then the old one goes on."""
    lifetime_s, leeway_s = 6, 5  # due after half the lifetime
    attributes = {"access_token_expires_leeway": leeway_s, "timeout": TIMEOUT_S}
    with start_session_scene(tmp_path, storage, attributes=attributes) as scene:
        scene.provider.set_lifetime(lifetime_s)
        browser, page = scene.sign_in()
        began = time.monotonic()
        time.sleep(lifetime_s / 2 + 0.1)
        scene.provider.set_fault("token", status=503)
        answers = [browser.xhr(scene.url("/app/test")) for _ in range(5)]
        assert time.monotonic() - began < lifetime_s  # else this machine is too slow to tell
        assert [answer.status for answer in answers] == [200] * 5
        assert {answer.json()["access_token"] for answer in answers} == {page.json()["access_token"]}
        assert scene.provider.counters()["token"] == 2
        assert len(scene.events("refresh_failed")) == 1
        time.sleep(max(0.0, began + lifetime_s + 0.1 - time.monotonic()))
        assert browser.xhr(scene.url("/app/test")).status == 503
        scene.provider.reset()
        assert browser.xhr(scene.url("/app/test", 1)).status == 200


def test_signing_out_works_while_the_provider_is_away(scene: SessionScene) -> None:
    """The session ends here; the person is sent to the provider, where the browser meets the outage."""
    browser, _ = scene.sign_in("/app/test")
    cookie = scene.show_cookies(browser)
    scene.provider.go_away(3.0)
    left = browser.open(scene.url("/app/logout"), stop_before=lambda _: True)
    assert (left.status, (left.location or "").startswith(f"{scene.provider.issuer}/session/end?")) == (302, True)
    assert scene.call("/app/test", cookie).status == 401
    wait_until(lambda: scene.call("/app/test", cookie, 1).status == 401)
    scene.provider.wait_until_back()
    assert len(Browser().open(scene.url("/app/test")).forms) == 1


def test_a_gateway_that_dies_while_it_refreshes_is_waited_for(scene: SessionScene) -> None:
    """Its lock runs out after the longest that a refresh may take: until then 503, and then another one refreshes.

    The provider had not used the refresh token up. If it had, and the answer died with the gateway, only a new sign-in
    would help: docs/reliability.md says so.
    """
    browser, page = scene.sign_in_briefly()
    cookie = scene.show_cookies(browser)
    scene.provider.reset()
    scene.provider.set_fault("token", hang=True, times=1)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(_call_until_cut, scene, cookie)
        wait_until(lambda: scene.provider.counters()["token"] == 1)
        scene.gateways[0].kill()
        died_at = time.monotonic()
        assert asked.result() is None
    answers: list[Response] = []
    while not answers or (answers[-1].status != 200 and time.monotonic() - died_at < LOCK_S + PATIENCE_S + LEEWAY_S):
        answers.append(scene.call("/app/test", cookie, gateway=1))
    served_after_s = time.monotonic() - died_at
    assert served_after_s < LOCK_S + PATIENCE_S + LEEWAY_S
    show("gateway killed in a refresh", storage=scene.storage, served_again_after_s=served_after_s)
    assert all(is_unavailable(answer) for answer in answers[:-1])
    assert answers[-1].json()["access_token"] != page.json()["access_token"]
    assert [asked["status"] for asked in scene.refreshes()] == [200]
    scene.start(0)
    assert scene.call("/app/test", cookie).status == 200


def _call_until_cut(scene: SessionScene, cookie: str) -> Response | None:
    try:
        return scene.call("/app/test", cookie)
    except (OSError, HTTPException):
        return None
