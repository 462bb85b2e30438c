"""The code flow at Keycloak's own pages, with and without PKCE asked for, and what happens with a wrong password."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.counterparts.keycloak import LOGIN, Keycloak
from tests.e2e.counterparts.keycloak_scene import KeycloakScene, start_keycloak_scene
from tests.e2e.counterparts.scene import read_query
from tests.fakes.browser import Browser

ROUTES = ("/anything", "/anything/pkce")


@pytest.fixture(scope="module")
def scene(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeycloakScene]:
    """One scene for the module."""
    with start_keycloak_scene(tmp_path_factory.mktemp("sign-in"), keycloak) as scene:
        yield scene


def _read_claims(token: str | None) -> dict[str, Any]:
    assert token is not None
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@pytest.mark.parametrize("route", ROUTES)
def test_a_person_signs_in_and_ends_where_they_wanted_to_go(scene: KeycloakScene, route: str) -> None:
    """The upstream learns who it is from Keycloak's userinfo, and has an access token of theirs."""
    browser = scene.sign_in(f"{route}/test?x=1")
    request = scene.last_request()
    assert request.target == f"{route}/test?x=1"
    assert scene.last_person()["preferred_username"] == LOGIN
    assert scene.last_person()["sub"] == scene.realm.user_id()
    assert _read_claims(request.value("x-access-token"))["iss"] == scene.realm.issuer
    assert browser.open(scene.url(f"{route}/again")).status == 200


@pytest.mark.parametrize("route", ROUTES)
def test_the_realms_client_insists_on_pkce_and_gets_it(scene: KeycloakScene, route: str) -> None:
    """S256 and a nonce, with and without `use_pkce`: Keycloak says that it knows the method."""
    page = Browser().open(scene.url(f"{route}/test"), stop_before=lambda url: url.startswith(scene.realm.issuer))
    asked = read_query(page.location or "")
    assert asked["code_challenge_method"] == "S256"
    assert (len(asked["code_challenge"]), bool(asked["nonce"])) == (43, True)
    bare = page.location.partition("&code_challenge")[0] if page.location else ""
    refused = Browser().open(bare, stop_before=lambda url: not url.startswith(scene.realm.issuer))
    assert read_query(refused.location or "")["error"] == "invalid_request"  # so that the test means something


def test_keycloaks_keys_are_nothing_to_warn_of(scene: KeycloakScene) -> None:
    """It publishes one for encryption beside those that sign."""
    scene.sign_in()
    assert "provider_key_ignored" not in scene.gateway.output()


def test_the_tutorials_address_is_another_host_than_its_redirect_uri(scene: KeycloakScene) -> None:
    """A person who types 127.0.0.1 is signed in at localhost, where Keycloak sends them back."""
    browser = Browser()
    page = scene.realm.fill_in(browser, browser.open(f"{scene.gateway.url}/anything/test"))
    assert (page.status, page.url) == (200, scene.url("/anything/test"))


def test_a_wrong_password_shows_keycloaks_error_and_signs_nobody_in(scene: KeycloakScene) -> None:
    """The person stays at Keycloak's page; the gateway has no session; the right password still works there."""
    browser = Browser()
    seen = len(scene.upstream.requests)
    page = scene.realm.fill_in(browser, browser.open(scene.url("/anything/test")), password="wrong")
    assert "Invalid username or password." in page.text
    assert scene.asks_for_password(page)
    assert scene.with_cookies(browser).status == 401
    assert len(scene.upstream.requests) == seen
    assert scene.realm.fill_in(browser, page).url == scene.url("/anything/test")


def test_who_is_signed_in_at_keycloak_is_not_asked_again(scene: KeycloakScene) -> None:
    """Single sign-on: the gateway's cookies are gone, Keycloak's are not."""
    browser = scene.sign_in()
    for name in browser.cookie_names():
        if "ostiary" in name:
            browser.jar.remove(name)
    assert scene.with_cookies(browser).status == 401
    assert browser.open(scene.url("/anything/test")).status == 200


def test_a_code_that_comes_a_second_time_signs_nobody_in(scene: KeycloakScene) -> None:
    """The callback's address opened again, in another browser: a page, no session."""
    browser = Browser()
    page = browser.open(scene.url("/anything/test"))
    stopped = scene.realm.fill_in(browser, page, stop_before=lambda url: "/callback" in url)
    assert stopped.location is not None
    assert browser.open(stopped.location).status == 200
    other = Browser()
    assert other.open(stopped.location).status == 400
    assert scene.with_cookies(other).status == 401
