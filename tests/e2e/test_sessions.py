"""Sessions end to end: the same sign-in, refresh and sign-out, wherever sessions are kept.

Cookies with the shared state in SQLite and in Redis, sessions in SQLite, and in Redis; with a client secret and with
`private_key_jwt`. The provider rotates refresh tokens: one that comes back ends the whole grant, so that a refresh too
many shows.
"""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.e2e.counterparts.figures import show
from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.session_scene import (
    LONG_S,
    REVALIDATE_S,
    STORAGES,
    SessionScene,
    start_session_scene,
    wait_until,
)
from tests.fakes.browser import Page

CLIENTS = ("app", "key")
NOISE_S = 3.0  # for a machine that others use too


@pytest.fixture(scope="module", params=STORAGES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionScene]:
    """Two gateways for each place where sessions can be kept."""
    with start_session_scene(tmp_path_factory.mktemp(request.param), request.param) as scene:
        yield scene


@pytest.fixture
def scene(running: SessionScene) -> SessionScene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.provider.set_lifetime(LONG_S)
    return running


@pytest.mark.parametrize("client", CLIENTS)
def test_a_person_signs_in(scene: SessionScene, client: str) -> None:
    """The upstream learns who it is; every gateway knows the session; the cookie holds it, or only where it is."""
    browser, page = scene.sign_in(f"/{client}/test?x=1")
    assert (page.status, page.url) == (200, scene.url(f"/{client}/test?x=1"))
    assert (page.json()["sub"], page.json()["target"]) == (LOGIN, f"/{client}/test?x=1")
    other = scene.call(f"/{client}/other", scene.show_cookies(browser), gateway=1)
    assert (other.status, other.json()["sub"]) == (200, LOGIN)
    assert other.json()["access_token"] == page.json()["access_token"]
    sessions = [cookie for cookie in browser.jar.live(0.0) if "ostiary_session" in cookie.name]
    assert (sum(len(cookie.value) for cookie in sessions) > 1000) is scene.storage.startswith("cookie")
    (asked,) = scene.provider.requests("token")
    assert ("client_assertion" in asked["params"]) is (client == "key")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_session_survives_a_restart_of_its_gateway(scene: SessionScene, client: str) -> None:
    """Nobody signs in again, and the provider is not asked for anything of theirs."""
    browser, page = scene.sign_in(f"/{client}/test")
    scene.gateways[0].stop()
    scene.provider.reset()
    scene.start(0)
    again = browser.open(scene.url(f"/{client}/again"))
    assert (again.status, again.json()["access_token"]) == (200, page.json()["access_token"])
    assert (scene.provider.counters()["token"], scene.provider.counters()["authorization"]) == (0, 0)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_session_survives_a_gateway_that_is_killed(scene: SessionScene, client: str) -> None:
    """What was answered was kept: nothing of a session waits in a process."""
    browser, page = scene.sign_in(f"/{client}/test")
    scene.gateways[0].kill()
    scene.start(0)
    again = browser.open(scene.url(f"/{client}/again"))
    assert (again.status, again.json()["access_token"]) == (200, page.json()["access_token"])


@pytest.mark.parametrize("client", CLIENTS)
def test_a_request_renews_a_token_that_is_over(scene: SessionScene, client: str) -> None:
    """By the refresh token, once; the upstream of this very request has the new one, and so has every gateway."""
    browser, page = scene.sign_in_briefly(f"/{client}/test")
    old = scene.show_cookies(browser)
    renewed = browser.open(scene.url(f"/{client}/renewed"))
    assert (renewed.status, renewed.json()["sub"]) == (200, LOGIN)
    assert renewed.json()["access_token"] not in {None, page.json()["access_token"]}
    assert scene.show_cookies(browser) != old
    for gateway in (0, 1):
        for cookie in (scene.show_cookies(browser), old):
            answer = scene.call(f"/{client}/later", cookie, gateway)
            assert (answer.status, answer.json()["access_token"]) == (200, renewed.json()["access_token"])
    (asked,) = scene.refreshes()
    assert (asked["status"], "client_assertion" in asked["params"]) == (200, client == "key")


@pytest.mark.parametrize("client", CLIENTS)
def test_many_requests_renew_a_token_once(scene: SessionScene, client: str) -> None:
    """Twenty at once at two gateways: one refresh, and everybody is served with its result."""
    browser, page = scene.sign_in_briefly(f"/{client}/test")
    cookie = scene.show_cookies(browser)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: scene.call(f"/{client}/{n}", cookie, n % 2), range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    tokens = {answer.json()["access_token"] for answer in answers}
    assert len(tokens) == 1
    assert page.json()["access_token"] not in tokens
    assert [asked["status"] for asked in scene.refreshes()] == [200]


def test_a_client_that_leaves_before_the_new_cookie_comes_stays_signed_in(scene: SessionScene) -> None:
    """The refresh ends without it; the old cookie comes back, at both gateways, and is given the same successor."""
    browser, page = scene.sign_in_briefly()
    old = scene.show_cookies(browser)
    scene.provider.set_fault("token", delay_ms=500)
    with socket.create_connection(("127.0.0.1", urlsplit(scene.url("/")).port or 0)) as leaving:
        leaving.sendall(f"GET /app/left HTTP/1.1\r\nHost: localhost\r\nCookie: {old}\r\n\r\n".encode("ascii"))
        wait_until(lambda: scene.provider.counters()["token"] > 0)
    wait_until(lambda: len(scene.refreshes()) == 1)
    answers = [scene.call("/app/back", old, gateway) for gateway in (1, 0, 1)]
    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.json()["access_token"] for answer in answers} - {page.json()["access_token"]}) == 1
    assert all(answer.header_values("set-cookie") for answer in answers)
    assert browser.open(scene.url("/app/renewed")).status == 200
    assert scene.show_cookies(browser) != old
    assert browser.open(scene.url("/app/renewed", 1)).status == 200
    assert scene.call("/app/late", old).status == 200  # one that was still on its way
    assert [asked["status"] for asked in scene.refreshes()] == [200]


def test_a_response_that_is_lost_costs_nothing(scene: SessionScene) -> None:
    """The new cookie was sent and never kept: the old one comes back when no gateway has it in memory any more."""
    browser, _ = scene.sign_in_briefly()
    old = scene.show_cookies(browser)
    lost = scene.call("/app/lost", old)
    for gateway in (0, 1):
        scene.gateways[gateway].stop()
        scene.start(gateway)
    answers = [scene.call("/app/back", old, gateway) for gateway in (0, 1)]
    assert [answer.json()["access_token"] for answer in answers] == [lost.json()["access_token"]] * 2
    assert all(answer.header_values("set-cookie") for answer in answers)
    assert [asked["status"] for asked in scene.refreshes()] == [200]


@pytest.mark.parametrize("client", CLIENTS)
def test_signing_out_ends_the_session_everywhere(scene: SessionScene, client: str) -> None:
    """RP-initiated: the provider is told who leaves, asks, and sends the person back; the old cookie is dead.

    At the gateway that ended it at once, at the other one within `revalidate_s`.
    """
    browser, _ = scene.sign_in(f"/{client}/test")
    old = scene.show_cookies(browser)
    assert [scene.call(f"/{client}/test", old, gateway).status for gateway in (0, 1)] == [200, 200]
    asked = browser.open(scene.url(f"/{client}/logout"))
    ended_at = time.monotonic()
    assert scene.call(f"/{client}/test", old).status == 401
    wait_until(lambda: scene.call(f"/{client}/test", old, 1).status == 401, REVALIDATE_S + NOISE_S)
    took_s = time.monotonic() - ended_at
    assert took_s <= REVALIDATE_S + NOISE_S
    show("revocation latency", storage=scene.storage, client=client, second_gateway_s=took_s)

    assert asked.url.startswith(f"{scene.provider.issuer}/session/end")
    bye = browser.submit(asked)
    assert (bye.status, bye.url) == (200, scene.url("/public/bye"))
    (told,) = [request for request in scene.provider.requests("end_session") if request["method"] == "GET"]
    assert (told["params"]["client_id"], told["params"]["id_token_hint"].count(".")) == (f"client-{client}", 2)
    assert told["params"]["post_logout_redirect_uri"] == scene.url("/public/bye")
    assert not any("ostiary_session" in name for name in browser.cookie_names())
    assert len(browser.open(scene.url(f"/{client}/test")).forms) == 1  # a password is asked for again


def test_signing_out_revokes_the_tokens(scene: SessionScene) -> None:
    """`revoke_tokens_on_logout`: what the upstream was given is worth nothing at the provider any more."""
    browser, page = scene.sign_in("/revoking/test")
    client = scene.clients["revoking"]
    tokens = [page.json()["refresh_token"], page.json()["access_token"]]
    assert [scene.provider.introspect(client, token)["active"] for token in tokens] == [True, True]
    browser.open(scene.url("/revoking/logout"))
    wait_until(lambda: not any(scene.provider.introspect(client, token)["active"] for token in tokens))
    hints = [asked["params"]["token_type_hint"] for asked in scene.provider.requests("revocation")]
    assert (hints[0], set(hints)) == ("refresh_token", {"refresh_token", "access_token"})


def test_a_refresh_that_ends_after_the_logout_brings_nothing_back(scene: SessionScene) -> None:
    """The request that waited for it is not served, nor is its cookie or the old one, anywhere."""
    browser, _ = scene.sign_in_briefly()
    old = scene.show_cookies(browser)
    scene.provider.set_fault("token", delay_ms=1800)  # the sign-out comes before its end, on a machine that stalls too
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(scene.call, "/app/slow", old)
        wait_until(lambda: scene.provider.counters()["token"] > 0)
        browser.open(scene.url("/app/logout", 1))
        answer = waiting.result()
    assert answer.status == 401
    brought = "; ".join(line.partition(";")[0] for line in answer.header_values("set-cookie"))
    for gateway in (0, 1):
        assert {scene.call("/app/test", cookie, gateway).status for cookie in (old, brought) if cookie} == {401}


def test_another_site_signs_nobody_out(scene: SessionScene) -> None:
    """A link, a form or an image there is answered with a question; the answer to it signs out."""
    browser, _ = scene.sign_in("/app/test")
    elsewhere = Page(200, "http://evil.example/", (), b"")
    asked = browser.click(elsewhere, scene.url("/app/logout"))
    assert (asked.status, "Sign out" in asked.text) == (403, True)
    image = browser.xhr(scene.url("/app/logout"), initiator=elsewhere.url)
    assert image.location is None
    posted = Page(200, elsewhere.url, (), f'<form method="post" action="{scene.url("/app/logout")}"></form>'.encode())
    assert browser.submit(posted).location is None
    assert browser.open(scene.url("/app/still-there")).json()["sub"] == LOGIN
    assert scene.provider.counters()["end_session"] == 0

    assert browser.click(asked, _find_link(asked)).url.startswith(f"{scene.provider.issuer}/session/end")
    assert browser.xhr(scene.url("/app/test")).status == 401


def test_two_people_stay_two_people(scene: SessionScene) -> None:
    """One signs out, and the other does not notice."""
    one, _ = scene.sign_in("/app/test")
    other, page = scene.sign_in("/app/test", login="somebody-else")
    assert page.json()["sub"] == "somebody-else"
    one.open(scene.url("/app/logout"))
    assert one.xhr(scene.url("/app/test")).status == 401
    assert [other.xhr(scene.url("/app/test", gateway)).json()["sub"] for gateway in (0, 1)] == ["somebody-else"] * 2


def _find_link(page: Page) -> str:
    """Return where the page's one link of ours leads."""
    _, _, rest = page.text.partition('href="')
    assert rest
    return rest.partition('"')[0].replace("&amp;", "&")
