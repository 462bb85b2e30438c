"""Access tokens of a certified provider: JWT and opaque by resource (RFC 8707), and keys that change while in use."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.counterparts.certified import Feature, read_header, read_token, start_certified
from tests.e2e.counterparts.oidc_provider import AUDIENCE, LOGIN, OPAQUE_AUDIENCE
from tests.e2e.counterparts.scene import Scene
from tests.fakes.browser import Browser

AT_ONCE_S = 1  # the shortest lifetime that a provider can tell
OWN_AUDIENCE: dict[str, Any] = {"claim_validator": {"audience": {"required": True, "match_with_client_id": True}}}
BY_KEYS = {"use_jwks": True, "client_secret": None, **OWN_AUDIENCE}
BY_ASKING = {"bearer_only": True, **OWN_AUDIENCE}
RESOURCES = {
    "jwt": Feature({"authorization_params": {"resource": AUDIENCE}}, {"access_token_format": "opaque"}),
    "opaque": Feature({"authorization_params": {"resource": OPAQUE_AUDIENCE}}),
    "unknown": Feature({"authorization_params": {"resource": "urn:nobody:knows"}}),
    # APIs whose name, which is the audience, is their client id too.
    "jwt-api": Feature({**BY_KEYS, "client_id": AUDIENCE}, signs_in=False),
    "jwt-other": Feature({**BY_KEYS, "client_id": "urn:ostiary:other-api"}, signs_in=False),
    "opaque-api": Feature({**BY_ASKING, "client_id": OPAQUE_AUDIENCE}, {"client_id": OPAQUE_AUDIENCE}, signs_in=False),
    "opaque-other": Feature(BY_ASKING, signs_in=False),
}
ROTATION = {
    "app": Feature(),
    "api": Feature({"use_jwks": True, "client_secret": None}, signs_in=False),
    "machine": Feature({"use_jwks": True}, {"access_token_format": "jwt"}, signs_in=False),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the tests about resources."""
    with start_certified(tmp_path_factory.mktemp("resources"), RESOURCES, algs=["RS256"]) as scene:
        yield scene


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.upstream.clear()
    return running


def _obtain(scene: Scene, path: str) -> str:
    """Sign in, and return the access token that the upstream is told."""
    _, page = scene.sign_in(path)
    assert page.status == 200, page.text
    return scene.last_request().value("x-access-token") or ""


def test_a_resource_makes_a_jwt_that_its_api_takes(scene: Scene) -> None:
    """The audience is the resource: this API verifies the token by one fetch of keys, another refuses it."""
    token = _obtain(scene, "/jwt/test")
    header, claims = read_token(token)
    assert (header["typ"], claims["aud"], claims["sub"], claims["client_id"]) == ("at+jwt", AUDIENCE, LOGIN, "jwt")
    before = scene.provider.counters()
    assert [scene.with_token("/jwt-api/test", token).status for _ in range(2)] == [200, 200]
    assert scene.provider.counters()["jwks"] <= before["jwks"] + 1
    assert scene.provider.counters()["introspection"] == before["introspection"]
    assert scene.with_token("/jwt-other/test", token).status == 403


def test_a_resource_makes_an_opaque_token_that_its_api_asks_about(scene: Scene) -> None:
    """Only introspection knows it, and its audience: for the keys it is no token, for another API not one of theirs."""
    token = _obtain(scene, "/opaque/test")
    assert "." not in token
    assert scene.with_token("/opaque-api/test", token).status == 200
    (asked,) = scene.provider.requests("introspection")
    assert (asked["status"], asked["client_id"], asked["authorization"]) == (200, OPAQUE_AUDIENCE, "Basic")
    assert scene.with_token("/jwt-api/test", token).status == 401
    assert scene.with_token("/opaque-other/test", token).status == 403


def test_a_refresh_keeps_the_resource(scene: Scene) -> None:
    """The next access token is for the same API."""
    scene.provider.set_lifetime(AT_ONCE_S)
    browser, page = scene.sign_in("/jwt/test")
    scene.provider.set_lifetime(3600)
    assert page.status == 200
    first = scene.last_request().value("x-access-token")
    time.sleep(AT_ONCE_S + 0.05)
    assert browser.open(scene.url("/jwt/again")).status == 200
    second = scene.last_request().value("x-access-token") or ""
    assert (second != first, read_token(second)[1]["aud"]) == (True, AUDIENCE)
    assert scene.with_token("/jwt-api/test", second).status == 200


def test_a_resource_that_the_provider_does_not_know_is_a_page_that_says_so(scene: Scene) -> None:
    """`invalid_target` (RFC 8707 §2)."""
    page = Browser().open(scene.url("/unknown/test"))
    assert (page.status, "invalid_target" in page.text) == (400, True)


def _machine_tokens(scene: Scene) -> tuple[str, str]:
    first, second = (scene.provider.machine_token(scene.clients["machine"]) for _ in range(2))
    return first, second


@pytest.mark.parametrize("keep_old", [True, False], ids=["overlap", "withdrawn"])
def test_keys_change_while_they_are_in_use(tmp_path: Path, *, keep_old: bool) -> None:
    """Who is signed in stays; new sign-ins and tokens work after one fetch; a withdrawn key's tokens are refused.

    One of the old tokens was shown before, so that it is remembered: that must not outlive its key.
    """
    with start_certified(tmp_path, ROTATION, algs=["RS256", "ES256"]) as scene:
        browser, page = scene.sign_in("/app/test")
        assert page.status == 200
        shown, unseen = _machine_tokens(scene)
        assert scene.with_token("/api/test", shown).status == 200
        old_keys = {read_token(shown)[0]["kid"]}
        scene.provider.reset()

        kids = scene.provider.rotate_keys(keep_old=keep_old)
        assert (old_keys <= set(kids)) is keep_old
        for token in _machine_tokens(scene):
            assert read_token(token)[0]["kid"] not in old_keys
            assert scene.with_token("/api/test", token).status == 200
        assert scene.provider.counters()["jwks"] == 1
        expected = 200 if keep_old else 401
        assert [scene.with_token("/api/test", token).status for token in (shown, unseen)] == [expected, expected]

        assert browser.open(scene.url("/app/again")).status == 200
        assert read_header(scene.last_request().value("x-userinfo"))["sub"] == LOGIN
        _, page = scene.sign_in("/app/test")
        assert page.status == 200
        assert scene.provider.counters()["jwks"] <= 2


def test_a_session_is_renewed_with_a_new_key(tmp_path: Path) -> None:
    """The ID token of the refresh is signed with a key that the gateway has not seen: fetched once, nobody leaves."""
    with start_certified(tmp_path, ROTATION, algs=["RS256"]) as scene:
        scene.provider.set_lifetime(AT_ONCE_S)
        browser, page = scene.sign_in("/app/test")
        scene.provider.set_lifetime(3600)
        assert page.status == 200
        scene.provider.rotate_keys(keep_old=False)
        scene.provider.reset()
        time.sleep(AT_ONCE_S + 0.05)
        assert browser.open(scene.url("/app/again")).status == 200
        assert scene.provider.counters()["jwks"] == 1
        assert [asked["status"] for asked in scene.provider.requests("token")] == [200]
