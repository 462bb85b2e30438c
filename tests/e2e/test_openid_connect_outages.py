"""What goes on while the provider does not: outages, slowness, nonsense, and new keys."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.oidc_provider import OidcProvider
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import (
    Scene,
    build_clients,
    build_config,
    join_scene,
    read_query,
    start_provider,
    start_scene,
)
from tests.e2e.counterparts.stalls import Stalls
from tests.fakes.browser import Browser, Page

TIMEOUT_S = 2  # more than a stall of the machine, less than the default of 3
MARGIN_S = 0.9  # for a machine that others use too, besides its stalls


@pytest.fixture(scope="module")
def port() -> int:
    """Where each test's gateway listens, one after the other."""
    return free_port()


@pytest.fixture(scope="module")
def running(port: int) -> Iterator[OidcProvider]:
    """One provider for the module; what a test does to it is undone by `reset`."""
    with start_provider(port) as provider:
        yield provider


@pytest.fixture
def scene(running: OidcProvider, port: int, tmp_path: Path) -> Iterator[Scene]:
    """A gateway for each test, that knows nothing of the provider yet."""
    running.reset()
    with join_scene(tmp_path, running, port, timeout=TIMEOUT_S) as scene:
        yield scene


def _timed(act: Callable[[], Page]) -> tuple[Page, float]:
    started = time.monotonic()
    with Stalls() as stalls:
        page = act()
        return page, stalls.since(started)


def _assert_unavailable(page: Page) -> None:
    assert page.status == 503
    assert int(page.header("retry-after") or "0") > 0
    assert (page.header("content-type") or "").startswith("text/html")
    assert "provider" in page.text.lower()


def test_a_provider_that_is_down_from_the_start_gives_a_page(tmp_path: Path) -> None:
    """Nobody can sign in: 503, Retry-After, at once; the gateway starts all the same and the rest of it works."""
    port, dead_port = free_port(), free_port()
    with RecordingUpstream() as upstream:
        config = build_config(port, f"http://127.0.0.1:{dead_port}/.well-known/openid-configuration", upstream.port)
        with start_gateway(config, tmp_path) as gateway:
            page, took_s = _timed(lambda: Browser().open(f"http://localhost:{port}/anything/test"))
            _assert_unavailable(page)
            assert took_s < 2  # not even the usual time limit, 3 s
            assert Browser().open(f"{gateway.url}/public/test").status == 200
            answer = Browser().xhr(f"{gateway.url}/jwks/test", headers=[("Authorization", "Bearer a.b.c")])
            assert answer.status in {401, 503}
            assert [request.target for request in upstream.requests] == ["/public/test"]


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Scene]:
    """A scene whose provider may be stopped."""
    with start_scene(tmp_path, timeout=TIMEOUT_S) as scene:
        yield scene


def test_a_session_goes_on_when_the_provider_dies(mortal: Scene) -> None:
    """And a new login says so, in time, wherever it notices."""
    scene = mortal
    browser, page = scene.sign_in("/anything/test")
    assert page.status == 200
    started_before = Browser()
    callback = scene.stop_at_callback(started_before)
    scene.provider.stop()
    assert [browser.open(scene.url(f"/anything/{n}")).status for n in range(5)] == [200] * 5
    page, took_s = _timed(lambda: started_before.open(callback))
    _assert_unavailable(page)
    assert took_s < TIMEOUT_S + MARGIN_S
    new, took_s = _timed(lambda: Browser().open(scene.url("/anything/test"), stop_before=lambda _: True))
    assert took_s < TIMEOUT_S + MARGIN_S
    assert new.status in {302, 503}
    if new.status == 302:  # from memory, where the person's browser meets the outage
        assert (new.location or "").startswith(f"{scene.provider.issuer}/auth?")


def test_a_provider_that_accepts_and_never_answers_costs_the_time_limit(scene: Scene) -> None:
    """Discovery hangs: the page comes within `timeout`, and the login works when the provider is back."""
    scene.provider.set_fault("discovery", hang=True)
    page, took_s = _timed(lambda: Browser().open(scene.url("/anything/test")))
    _assert_unavailable(page)
    assert took_s < TIMEOUT_S + MARGIN_S
    scene.provider.reset()
    deadline = time.monotonic() + 30
    while (page := Browser().open(scene.url("/anything/test"))).status == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert page.status == 200
    assert len(page.forms) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 200, "body": "<html>", "content_type": "text/html"},
        {"status": 200, "body": "{}"},
        {"status": 200, "body": "[" * 2000},
        {"status": 200, "body": "x" * 3_000_000},
        {"status": 302},
    ],
    ids=["500", "html", "empty", "deep", "huge", "redirect"],
)
@pytest.mark.parametrize("endpoint", ["discovery", "token", "jwks"])
def test_nonsense_from_the_provider_signs_nobody_in(scene: Scene, endpoint: str, fault: dict[str, object]) -> None:
    """Whatever is wrong at whichever step: a 5xx page, no session, nothing upstream."""
    scene.provider.set_fault(endpoint, **fault)
    browser = Browser()
    page = browser.open(scene.url("/anything/test"))
    if endpoint != "discovery":
        page = scene.fill_in(browser, page)
    assert page.status in {502, 503}
    assert browser.xhr(scene.url("/anything/test")).status in {401, 503}
    assert scene.upstream.requests == []


def test_a_refused_code_is_the_end_of_this_login(scene: Scene) -> None:
    """`invalid_grant` is an answer, not an outage: a page, no loop, and another try works."""
    scene.provider.set_fault("token", status=400, body='{"error":"invalid_grant"}', times=1)
    browser, page = scene.sign_in("/anything/test")
    assert 400 <= page.status < 504
    assert page.location is None
    assert scene.provider.counters()["token"] == 1
    assert browser.open(scene.url("/anything/test")).status == 200


def test_a_failing_introspection_is_no_verdict_on_the_token(scene: Scene) -> None:
    """503 and not 401: clients would throw good tokens away. Never 200. Afterwards as before."""
    token = scene.provider.machine_token(scene.clients["introspect"])
    scene.provider.set_fault("introspection", status=500)
    answer = scene.with_token("/introspect/test", token)
    assert (answer.status, int(answer.header("retry-after") or "0") > 0) == (503, True)
    scene.provider.set_fault("introspection", status=200, body='{"active":"true"}')
    assert scene.with_token("/introspect/test", token).status in {401, 503}
    assert scene.upstream.requests == []
    scene.provider.reset()
    assert (
        scene.with_token("/introspect/other", scene.provider.machine_token(scene.clients["introspect"])).status == 200
    )


def test_new_keys_are_learnt_while_old_tokens_stay_good(scene: Scene) -> None:
    """Rotation with overlap: tokens of both keys, a login, a session from before."""
    browser, _ = scene.sign_in("/anything/test")
    old = scene.provider.machine_token(scene.clients["jwks"])
    assert scene.with_token("/jwks/test", old).status == 200
    scene.provider.rotate_keys()
    new = scene.provider.machine_token(scene.clients["jwks"])
    assert scene.with_token("/jwks/test", new).status == 200
    assert scene.with_token("/jwks/test", old).status == 200
    assert browser.open(scene.url("/anything/test")).status == 200
    _, page = scene.sign_in("/anything/test", Browser())
    assert page.status == 200


def test_a_login_right_after_a_rotation_without_overlap_works(scene: Scene) -> None:
    """The ID token's key is not in memory: it is fetched once."""
    scene.sign_in("/anything/test")
    scene.provider.rotate_keys(keep_old=False)
    _, page = scene.sign_in("/anything/test", Browser())
    assert page.status == 200
    assert scene.provider.counters()["jwks"] <= 2


def test_tokens_with_unknown_keys_do_not_drive_traffic(scene: Scene) -> None:
    """A flood of invented key ids asks the provider hardly more than once."""
    assert scene.with_token("/jwks/test", scene.provider.machine_token(scene.clients["jwks"])).status == 200
    scene.provider.reset()
    key = RSAKey.generate_key(2048)
    claims = {"iss": scene.provider.issuer, "sub": "x", "exp": int(time.time()) + 60}
    tokens = [jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": f"k{n}"}, claims, key) for n in range(20)]
    assert {scene.with_token("/jwks/test", token).status for token in tokens} == {401}
    assert scene.provider.counters()["jwks"] <= 2


def test_many_first_logins_fetch_the_metadata_once(scene: Scene) -> None:
    """Single-flight: ten people at once, one discovery call."""
    scene.provider.set_fault("discovery", delay_ms=300)
    with ThreadPoolExecutor(10) as pool:
        pages = list(
            pool.map(lambda _: Browser().open(scene.url("/anything/t"), stop_before=lambda _: True), range(10))
        )
    assert [page.status for page in pages] == [302] * 10
    assert scene.provider.counters()["discovery"] == 1


def test_the_provider_comes_back_on_the_same_address(tmp_path: Path) -> None:
    """After an outage from the start: a login works without a restart of the gateway."""
    port, provider_port = free_port(), free_port()
    with RecordingUpstream() as upstream:
        discovery = f"http://127.0.0.1:{provider_port}/.well-known/openid-configuration"
        with start_gateway(build_config(port, discovery, upstream.port), tmp_path) as gateway:
            browser = Browser()
            assert browser.open(f"http://localhost:{port}/anything/test").status == 503
            with start_provider(port, port=provider_port) as provider:
                scene = Scene(provider, gateway, upstream, build_clients(port))
                deadline = time.monotonic() + 40
                while browser.open(scene.url("/anything/test")).status == 503 and time.monotonic() < deadline:
                    time.sleep(0.2)
                _, page = scene.sign_in("/anything/test")
                assert (page.status, urlsplit(page.url).path) == (200, "/anything/test")


@pytest.mark.parametrize(("route", "is_challenged"), [("anything", False), ("pkce", True)])
def test_a_provider_that_hides_pkce_gets_it_only_where_it_is_asked_for(
    tmp_path: Path, route: str, is_challenged: bool
) -> None:
    """`use_pkce` is for providers that support S256 without saying so."""
    port = free_port()
    hidden = {"code_challenge_methods_supported": None}
    with (
        start_provider(port, discovery=hidden) as provider,
        join_scene(tmp_path, provider, port) as scene,
    ):
        asked = Browser().open(scene.url(f"/{route}/test"), stop_before=lambda _: True).location or ""
        assert ("code_challenge" in read_query(asked)) is is_challenged
        _, page = scene.sign_in(f"/{route}/test")
        assert page.status == 200
