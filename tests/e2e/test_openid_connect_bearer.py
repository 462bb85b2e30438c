"""Bearer tokens, end to end: the tutorial's routes (c) by JWKS and (d) by introspection."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.scene import Scene, start_scene

NO_TOKEN = 'Bearer realm="apisix"'
INVALID_TOKEN = (
    'Bearer realm="apisix", error="invalid_token", '
    'error_description="The access token is malformed, expired, revoked or not meant for this service"'
)
ROUTES = ["jwks", "introspect"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module."""
    with start_scene(tmp_path_factory.mktemp("bearer")) as scene:
        yield scene


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.upstream.clear()
    return running


def _machine_token(scene: Scene, route: str) -> str:
    return scene.provider.machine_token(scene.clients[route])


def _decode(value: str | None) -> Any:
    assert value is not None
    return json.loads(base64.b64decode(value, validate=True))


@pytest.mark.parametrize("route", ROUTES)
def test_a_valid_token_gets_through(scene: Scene, route: str) -> None:
    """200; the upstream sees the token and its claims, and no ID token, which there is none of."""
    token = _machine_token(scene, route)
    answer = scene.with_token(f"/{route}/test?x=1", token)
    assert (answer.status, answer.header("www-authenticate")) == (200, None)
    request = scene.last_request()
    assert request.target == f"/{route}/test?x=1"
    assert request.value("x-access-token") == token
    assert _decode(request.value("x-userinfo"))["client_id"] == scene.clients[route]["client_id"]
    assert request.value("x-id-token") is None
    assert request.value("authorization") == f"Bearer {token}"


@pytest.mark.parametrize("route", ROUTES)
def test_a_persons_token_from_the_password_grant_gets_through(scene: Scene, route: str) -> None:
    """Route (e) of the tutorial is (c) with a token of the password grant."""
    token = scene.provider.person_token(scene.clients[route])
    assert scene.with_token(f"/{route}/test", token).status == 200
    assert _decode(scene.last_request().value("x-userinfo"))["sub"] == LOGIN


@pytest.mark.parametrize("route", ROUTES)
def test_an_invalid_token_is_refused(scene: Scene, route: str) -> None:
    """401 with the challenge as documented; nothing reaches the upstream."""
    answer = scene.with_token(f"/{route}/test", "invalid-access-token")
    assert (answer.status, answer.header("www-authenticate")) == (401, INVALID_TOKEN)
    assert scene.upstream.requests == []


@pytest.mark.parametrize("route", ROUTES)
def test_no_token_is_refused(scene: Scene, route: str) -> None:
    """401 and a bare challenge, also for a browser: neither route has a session to offer."""
    answer = scene.call(f"/{route}/test")
    assert (answer.status, answer.header("www-authenticate")) == (401, NO_TOKEN)
    navigation = scene.call(f"/{route}/test", headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert (navigation.status, navigation.header("location")) == (401, None)
    assert scene.upstream.requests == []


@pytest.mark.parametrize("route", ROUTES)
def test_another_scheme_is_no_token_and_the_schemes_case_does_not_matter(scene: Scene, route: str) -> None:
    """RFC 9110 §11.1."""
    assert scene.call(f"/{route}/test", headers={"Authorization": "Basic YTpi"}).header("www-authenticate") == NO_TOKEN
    token = _machine_token(scene, route)
    assert scene.call(f"/{route}/test", headers={"Authorization": f"bEARER {token}"}).status == 200


@pytest.mark.parametrize("route", ROUTES)
def test_a_header_that_is_no_credentials_and_two_headers_are_bad_requests(scene: Scene, route: str) -> None:
    """RFC 6750 §3.1: invalid_request."""
    token = _machine_token(scene, route)
    assert scene.call(f"/{route}/test", headers={"Authorization": "Bearer"}).status == 400
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert scene.call(f"/{route}/test", headers=twice).status == 400
    assert scene.upstream.requests == []


@pytest.mark.parametrize("route", ROUTES)
def test_a_token_elsewhere_than_in_its_header_does_not_count(scene: Scene, route: str) -> None:
    """Not in the query, not in X-Access-Token."""
    token = _machine_token(scene, route)
    assert scene.call(f"/{route}/test?access_token={token}").status == 401
    assert scene.call(f"/{route}/test", headers={"X-Access-Token": token}).status == 401


def test_a_token_is_proven_once(scene: Scene) -> None:
    """The same token again: no key fetch, no introspection."""
    for route in ROUTES:
        token = _machine_token(scene, route)
        assert scene.with_token(f"/{route}/test", token).status == 200
        before = scene.provider.counters()
        assert [scene.with_token(f"/{route}/test", token).status for _ in range(3)] == [200, 200, 200]
        assert scene.provider.counters() == before


def test_a_token_of_the_other_kind_is_refused(scene: Scene) -> None:
    """A JWT is nothing that this provider introspects; an opaque token has no signature."""
    jwt_token, opaque_token = _machine_token(scene, "jwks"), _machine_token(scene, "introspect")
    assert scene.with_token("/jwks/test", opaque_token).header("www-authenticate") == INVALID_TOKEN
    assert scene.with_token("/introspect/test", jwt_token).status in {401, 503}
    assert scene.upstream.requests == []


def test_tokens_that_the_provider_did_not_sign_are_refused(scene: Scene) -> None:
    """A foreign key under the provider's kid, a changed claim, no signature, a past `exp`, a foreign `iss`."""
    header, claims, signature = _machine_token(scene, "jwks").split(".")
    head, payload = _json(header), _json(claims)
    own = next(key for key in scene.provider.private_keys()["keys"] if key["kid"] == head["kid"])
    key = RSAKey.import_key(own)
    forged = [
        jwt.encode(head, payload, RSAKey.generate_key(2048)),
        f"{header}.{_segment({**payload, 'sub': 'admin'})}.{signature}",
        f"{_segment({**head, 'alg': 'none'})}.{claims}.",
        jwt.encode(head, {**payload, "exp": payload["iat"] - 3600}, key),
        jwt.encode(head, {**payload, "iss": "http://127.0.0.1:1"}, key),
        jwt.encode(head, {name: value for name, value in payload.items() if name != "exp"}, key),
    ]
    assert scene.with_token("/jwks/test", jwt.encode(head, {**payload, "jti": "1"}, key)).status == 200
    scene.upstream.clear()
    answers = [scene.with_token("/jwks/test", token) for token in forged]
    assert [(answer.status, answer.header("www-authenticate")) for answer in answers] == [(401, INVALID_TOKEN)] * 6
    assert scene.upstream.requests == []


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode("utf-8")).rstrip(b"=").decode("ascii")


def _json(segment: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return decoded
