"""How sessions go on and end at Keycloak: refreshed, signed out here or there, ended by an administrator.

`revalidate_s` is at its default of one second. Keycloak posts its logout tokens while it answers whoever ends the
session, so that nothing here waits for it, only for the gateway.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.counterparts.figures import show
from tests.e2e.counterparts.keycloak import LOGIN, Keycloak
from tests.e2e.counterparts.keycloak_scene import KeycloakScene, start_keycloak_scene
from tests.e2e.counterparts.scene import read_query
from tests.e2e.counterparts.session_scene import REVALIDATE_S, wait_until
from tests.fakes.browser import Browser

NOISE_S = 3.0  # for a machine that others use too
OTHER_LOGIN = "somebody-else"
NO_BACK_CHANNEL = {"backchannel.logout.url": ""}
PERSONS = {"backchannel.logout.session.required": "false"}


@pytest.fixture(scope="module")
def running(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeycloakScene]:
    """One scene for the module."""
    with start_keycloak_scene(tmp_path_factory.mktemp("sessions"), keycloak) as scene:
        scene.realm.add_user(OTHER_LOGIN)
        yield scene


@pytest.fixture
def scene(running: KeycloakScene) -> Iterator[KeycloakScene]:
    """The scene; what a test leaves behind at Keycloak is undone afterwards."""
    before: dict[str, Any] = running.realm.client()["attributes"]
    yield running
    running.realm.update_client(attributes=before)
    running.realm.update(accessTokenLifespan=300, revokeRefreshToken=False)
    for login in (LOGIN, OTHER_LOGIN):
        running.realm.log_out(login)


def ends_within_a_second(scene: KeycloakScene, browser: Browser) -> None:
    """Assert that the browser's session is over when the gateway has looked once more."""
    took_s = wait_until(lambda: scene.with_cookies(browser).status == 401, REVALIDATE_S + NOISE_S)
    show("back-channel logout", gateway_s=took_s)


def test_a_token_that_is_over_is_renewed_without_the_person_noticing(scene: KeycloakScene) -> None:
    """By the refresh token, also for a call that is no navigation; Keycloak's session is the same."""
    browser = scene.sign_in_briefly()
    (session,) = scene.realm.sessions()
    old = scene.last_request().value("x-access-token")
    assert scene.with_cookies(browser).status == 200
    new = scene.last_request().value("x-access-token")
    assert (new is not None, new != old) == (True, True)
    assert scene.last_person()["preferred_username"] == LOGIN
    assert scene.realm.sessions() == [session]


def test_refresh_tokens_may_rotate(scene: KeycloakScene) -> None:
    """The realm's "Revoke Refresh Token": each works once, and one that comes again ends Keycloak's session."""
    scene.realm.update(revokeRefreshToken=True, refreshTokenMaxReuse=0)
    browser = scene.sign_in_briefly()
    for _ in range(2):
        scene.realm.update(accessTokenLifespan=1)
        assert scene.with_cookies(browser).status == 200
        time.sleep(1.1)
    scene.realm.update(accessTokenLifespan=300)
    assert browser.open(scene.url("/anything/test")).status == 200
    assert len(scene.realm.sessions()) == 1


def test_signing_out_here_signs_out_at_keycloak_and_comes_back(scene: KeycloakScene) -> None:
    """With `post_logout_redirect_uri`: no question, because Keycloak is told who it is; then a password again."""
    browser = scene.sign_in()
    page = browser.open(scene.url("/anything/logout"))
    assert (page.status, page.url) == (200, scene.url("/anything/signed-out"))
    assert scene.realm.sessions() == []
    assert scene.with_cookies(browser).status == 401
    assert scene.asks_for_password(browser.open(scene.url("/anything/test")))


def test_an_address_that_keycloak_does_not_know_is_no_place_to_come_back_to(scene: KeycloakScene) -> None:
    """Keycloak's own error page; here the person is signed out all the same."""
    scene.realm.update_client(attributes={"post.logout.redirect.uris": "http://localhost:1/elsewhere"})
    browser = scene.sign_in()
    page = browser.open(scene.url("/anything/logout"))
    assert (page.status, page.url.startswith(scene.realm.issuer)) == (400, True)
    assert scene.with_cookies(browser).status == 401


def test_an_administrator_ends_a_session_that_is_not_told_to_the_gateway(scene: KeycloakScene) -> None:
    """Without the back channel: when the token is over the refresh is refused, and the person has to sign in."""
    scene.realm.update_client(attributes=NO_BACK_CHANNEL)
    browser = scene.sign_in_briefly()
    (session,) = scene.realm.sessions()
    scene.realm.delete_session(session)
    assert scene.with_cookies(browser).status == 401
    assert scene.asks_for_password(browser.open(scene.url("/anything/test")))


def test_an_administrator_ends_one_session_by_the_back_channel(scene: KeycloakScene) -> None:
    """The logout token has that session's `sid`: another browser of the same person stays signed in."""
    first = scene.sign_in()
    (session,) = scene.realm.sessions()
    second = scene.sign_in()
    assert [scene.with_cookies(browser).status for browser in (first, second)] == [200, 200]
    scene.realm.delete_session(session)
    ends_within_a_second(scene, first)
    assert scene.with_cookies(second).status == 200
    assert scene.realm.fill_in(first, first.open(scene.url("/anything/test"))).status == 200
    assert scene.with_cookies(first).status == 200


def test_an_administrator_signs_a_person_out_everywhere(scene: KeycloakScene) -> None:
    """Without "session required" the logout token names the person only: every browser of theirs, and nobody else's."""
    scene.realm.update_client(attributes=PERSONS)
    first, second, other = scene.sign_in(), scene.sign_in(), scene.sign_in(login=OTHER_LOGIN)
    scene.realm.log_out()
    ends_within_a_second(scene, first)
    ends_within_a_second(scene, second)
    assert scene.with_cookies(other).status == 200


def test_with_session_required_keycloak_tells_one_session_and_the_others_end_with_their_token(
    scene: KeycloakScene,
) -> None:
    """Keycloak posts one logout token for one of them (its issue 27359); the refresh of the others is refused."""
    scene.realm.update(accessTokenLifespan=3)
    browsers = [scene.sign_in(), scene.sign_in()]
    scene.realm.log_out()
    took_s = wait_until(lambda: {scene.with_cookies(browser).status for browser in browsers} == {401}, 3 + NOISE_S)
    show("sign-out everywhere, session required", gateway_s=took_s)


def test_without_session_required_one_session_that_ends_is_all_of_the_persons(scene: KeycloakScene) -> None:
    """As the token says; a sign-in after it is none of them."""
    scene.realm.update_client(attributes=PERSONS)
    first = scene.sign_in()
    (session,) = scene.realm.sessions()
    second, other = scene.sign_in(), scene.sign_in(login=OTHER_LOGIN)
    scene.realm.delete_session(session)
    ends_within_a_second(scene, first)
    ends_within_a_second(scene, second)
    assert scene.with_cookies(other).status == 200
    assert scene.with_cookies(scene.sign_in()).status == 200


def test_a_person_signs_out_at_keycloak_itself(scene: KeycloakScene) -> None:
    """At its end_session endpoint, which asks, without the gateway having been opened."""
    browser = scene.sign_in()
    asked = browser.open(f"{scene.realm.endpoint}/logout")
    done = browser.submit(asked)
    assert done.status == 200
    assert scene.realm.sessions() == []
    ends_within_a_second(scene, browser)


def test_a_logout_is_in_the_log_without_its_token(scene: KeycloakScene) -> None:
    """One POST with 200 for each session that ended; nothing of a token anywhere in the output."""
    before = len(_find_logouts(scene))
    scene.sign_in()
    scene.realm.log_out()
    wait_until(lambda: len(_find_logouts(scene)) > before)
    assert {line["status"] for line in _find_logouts(scene)} == {200}
    assert "eyJ" not in scene.gateway.output()


def _find_logouts(scene: KeycloakScene) -> list[dict[str, Any]]:
    return [line for line in scene.gateway.log_lines() if line["path"] == "/anything/backchannel-logout"]


def test_without_a_landing_people_end_at_keycloaks_own_page(
    keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without `post_logout_redirect_uri`: Keycloak asks nothing either, and says that they are signed out."""
    with start_keycloak_scene(tmp_path_factory.mktemp("landing"), keycloak, post_logout_redirect_uri=None) as scene:
        browser = scene.sign_in()
        page = browser.open(scene.url("/anything/logout"))
        assert (page.status, page.url.startswith(scene.realm.issuer)) == (200, True)
        assert "You are logged out" in page.text
        assert "post_logout_redirect_uri" not in read_query(page.url)
        assert scene.realm.sessions() == []
        assert scene.asks_for_password(browser.open(scene.url("/anything/test")))
