"""Signing out at a certified provider: asked for by the gateway (RP-initiated), and told to it (back-channel).

That tokens are revoked at a sign-out is in test_sessions.py, for every storage.
"""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.counterparts.calls import post_form
from tests.e2e.counterparts.certified import Feature, read_token, start_certified
from tests.e2e.counterparts.oidc_provider import LOGIN, PASSWORD
from tests.e2e.counterparts.scene import Scene
from tests.e2e.counterparts.session_scene import OTHER_LOGIN, list_users, wait_until
from tests.fakes.browser import Browser, Page

LIMIT_S = 4.0  # a second by promise, the rest for a machine that stalls
BACK = ("sealed", "stored", "everywhere")
SESSION = {"secret": "a-session-secret-that-only-the-tests-know"}


def _told(name: str, *, by_session: bool, **attributes: Any) -> Feature:
    """A client that the provider tells of sign-outs: of a session (`sid`), or of a person (`sub`)."""
    path = {"backchannel_logout_path": f"/{name}/told"}
    return Feature({**path, **attributes}, {"backchannel_logout_session_required": by_session})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module."""
    folder = tmp_path_factory.mktemp("logout")
    file = {"storage": "sqlite", "sqlite": {"path": str(folder / "sessions.db")}}
    features = {
        "landing": Feature({"post_logout_redirect_uri": "/public/bye"}),
        "plain": Feature(),
        "sealed": _told("sealed", by_session=True, set_raw_id_token_header=True),
        "stored": _told("stored", by_session=True, session={**SESSION, **file}),
        "everywhere": _told("everywhere", by_session=False),
        "aside": Feature({}, {"backchannel_logout_uri": "/public/told"}),  # the upstream is told, and records it
    }
    with start_certified(folder, features, users=list_users(), algs=["RS256"]) as scene:
        yield scene


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.provider.forget()
    running.upstream.clear()
    return running


def _sign_in(scene: Scene, *routes: str, login: str = LOGIN) -> Browser:
    """Sign in at each route with one browser; after the first the provider knows who it is."""
    browser = Browser()
    for number, route in enumerate(routes):
        page = browser.open(scene.url(f"/{route}/test"))
        if number == 0:
            page = browser.submit(page, {"login": login, "password": PASSWORD})
        assert (page.status, page.url) == (200, scene.url(f"/{route}/test")), page.text
    return browser


def _sign_out(scene: Scene, browser: Browser, route: str) -> Page:
    """Sign out at the gateway, and say yes to the provider."""
    return browser.submit(browser.open(scene.url(f"/{route}/logout")), button="yes")


def _is_signed_in(scene: Scene, browser: Browser, route: str) -> bool:
    """Whether a call of a script gets through: it would start no sign-in."""
    return browser.xhr(scene.url(f"/{route}/call")).status == 200


def _is_asked(scene: Scene, page: Page) -> bool:
    """Whether the provider asks for a password."""
    return page.url.startswith(f"{scene.provider.issuer}/interaction/")


def test_signing_out_ends_at_the_landing(scene: Scene) -> None:
    """The provider takes the hint and the address, and knows the person no more."""
    browser = _sign_in(scene, "landing")
    page = _sign_out(scene, browser, "landing")
    assert (page.status, urlsplit(page.url).path) == (200, "/public/bye")
    (asked,) = scene.provider.requests("end_session")
    parameters = asked["params"]
    assert (asked["status"], asked["client_id"], parameters["client_id"]) == (200, "landing", "landing")
    assert parameters["post_logout_redirect_uri"] == scene.url("/public/bye")
    assert read_token(parameters["id_token_hint"])[1]["sub"] == LOGIN
    assert not _is_signed_in(scene, browser, "landing")
    assert _is_asked(scene, browser.open(scene.url("/landing/test")))


def test_signing_out_without_a_landing_ends_at_the_provider(scene: Scene) -> None:
    """Its own page; no address is sent."""
    browser = _sign_in(scene, "plain")
    page = _sign_out(scene, browser, "plain")
    assert (page.status, "You are signed out" in page.text) == (200, True)
    assert page.url.startswith(scene.provider.issuer)
    (asked,) = scene.provider.requests("end_session")
    assert (asked["status"], asked["params"].get("post_logout_redirect_uri")) == (200, None)
    assert _is_asked(scene, browser.open(scene.url("/plain/test")))


def test_a_hint_that_is_over_is_still_one(scene: Scene) -> None:
    """The session outlives its ID token, as always with short-lived ones; the provider takes the hint nevertheless."""
    scene.provider.set_lifetime(1, "IdToken")
    browser = _sign_in(scene, "landing")
    scene.provider.set_lifetime(3600, "IdToken")
    time.sleep(1.1)
    page = _sign_out(scene, browser, "landing")
    assert (page.status, urlsplit(page.url).path) == (200, "/public/bye")


@pytest.mark.parametrize("query", ["state=foreign", "state=a&state=b", "state=", "error=access_denied&state=%00"])
def test_the_landing_copes_with_a_foreign_state(scene: Scene, query: str) -> None:
    """Somebody else's `state` comes back, several, or none: the page is shown, and nobody else is signed out by it."""
    stays = _sign_in(scene, "plain")
    browser = _sign_in(scene, "landing")
    _sign_out(scene, browser, "landing")
    assert browser.open(scene.url(f"/public/bye?{query}")).status == 200
    assert _is_signed_in(scene, stays, "plain")
    assert not _is_signed_in(scene, browser, "landing")


def test_a_person_who_does_not_want_to_leave_the_provider_has_left_the_gateway(scene: Scene) -> None:
    """The provider asks, and the person walks away: the next sign-in needs no password."""
    browser = _sign_in(scene, "landing")
    browser.open(scene.url("/landing/logout"))
    assert not _is_signed_in(scene, browser, "landing")
    assert browser.open(scene.url("/landing/test")).url == scene.url("/landing/test")


def test_the_providers_logout_ends_the_sessions_of_every_client_that_it_tells(scene: Scene) -> None:
    """In cookies and in a store, within a second; who is told by session keeps others, who is told by person does not.

    Another person is not touched.
    """
    leaving = _sign_in(scene, "landing", *BACK)
    elsewhere = _sign_in(scene, *BACK)
    somebody = _sign_in(scene, *BACK, login=OTHER_LOGIN)
    assert all(_is_signed_in(scene, browser, name) for browser in (leaving, elsewhere, somebody) for name in BACK)
    _sign_out(scene, leaving, "landing")
    told = scene.provider.requests("backchannel")
    assert {(each["client_id"], each["status"]) for each in told} == {(name, 200) for name in BACK}
    wait_until(lambda: not any(_is_signed_in(scene, leaving, name) for name in BACK), LIMIT_S)
    wait_until(lambda: not _is_signed_in(scene, elsewhere, "everywhere"), LIMIT_S)
    assert [_is_signed_in(scene, elsewhere, name) for name in BACK] == [True, True, False]
    assert [_is_signed_in(scene, somebody, name) for name in BACK] == [True, True, True]
    again = _sign_in(scene, *BACK)
    time.sleep(1.1)  # every worker has heard of the logout by now
    assert [_is_signed_in(scene, again, name) for name in BACK] == [True, True, True]


def test_a_sign_out_at_the_gateway_reaches_its_own_back_channel(scene: Scene) -> None:
    """Here the session is over already: the provider is told that all is well."""
    browser = _sign_in(scene, "sealed")
    _sign_out(scene, browser, "sealed")
    assert [(each["client_id"], each["status"]) for each in scene.provider.requests("backchannel")] == [("sealed", 200)]
    assert not _is_signed_in(scene, browser, "sealed")


def test_what_the_provider_did_not_sign_for_this_clients_logout_ends_nothing(scene: Scene) -> None:
    """Its ID token for the same client, and its logout token for another: both are the same provider's, both real."""
    browser = _sign_in(scene, "sealed", "aside")
    id_token = scene.upstream.requests[0].value("x-raw-id-token") or ""
    assert read_token(id_token)[1]["aud"] == "sealed"
    scene.upstream.clear()
    other = _sign_in(scene, "aside")
    _sign_out(scene, other, "aside")
    (told,) = [request for request in scene.upstream.requests if request.target == "/public/told"]
    foreign = parse_qs(told.body.decode("ascii"))["logout_token"][0]
    assert read_token(foreign)[1]["aud"] == "aside"
    for token in (id_token, foreign, "nonsense", ""):
        answer = post_form(scene.url("/sealed/told"), {"logout_token": token})
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    time.sleep(1.1)
    assert _is_signed_in(scene, browser, "sealed")
