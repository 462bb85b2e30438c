"""Keycloak's signing key is changed while tokens and sessions are in use."""

from collections.abc import Iterator

import pytest

from tests.e2e.counterparts.keycloak import Keycloak
from tests.e2e.counterparts.keycloak_scene import KeycloakScene, start_keycloak_scene
from tests.e2e.counterparts.session_scene import wait_until

BY_JWKS = "/api/jwks/test"
BY_INTROSPECTION = "/api/introspection/test"


@pytest.fixture
def scene(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeycloakScene]:
    """A scene for each test, with keys of its own."""
    with start_keycloak_scene(tmp_path_factory.mktemp("keys"), keycloak) as scene:
        yield scene


def test_a_new_key_is_used_at_once_and_the_old_one_still(scene: KeycloakScene) -> None:
    """Tokens of both are accepted, sessions of both go on, and nobody waits for anything."""
    before = scene.sign_in()
    old = scene.realm.machine_token()
    assert scene.with_token(BY_JWKS, old).status == 200
    scene.realm.add_key()
    after = scene.sign_in()
    tokens = [old, scene.realm.machine_token(), scene.realm.person_token()]
    assert [scene.with_token(BY_JWKS, token).status for token in tokens] == [200] * 3
    assert [scene.with_token(BY_INTROSPECTION, token).status for token in tokens] == [200] * 3
    assert [scene.with_cookies(browser).status for browser in (before, after)] == [200] * 2


def test_a_key_that_is_taken_away_voids_its_tokens_and_signs_nobody_out(scene: KeycloakScene) -> None:
    """Its tokens are refused once the keys were fetched again, those remembered too; sessions go on and are renewed."""
    realm = scene.realm
    browser = scene.sign_in_briefly()
    (old_kid,) = (key["kid"] for key in realm.signing_keys())
    seen, unseen = realm.machine_token(), realm.machine_token()
    assert scene.with_token(BY_JWKS, seen).status == 200
    realm.add_key()
    realm.delete_key(old_kid)
    # A token of the new key makes the gateway fetch the keys again.
    wait_until(lambda: scene.with_token(BY_JWKS, realm.machine_token()).status == 200)
    assert [scene.with_token(BY_JWKS, token).status for token in (seen, unseen)] == [401] * 2
    assert scene.with_token(BY_INTROSPECTION, unseen).status == 401
    assert scene.with_cookies(browser).status == 200
    assert scene.with_cookies(scene.sign_in()).status == 200
