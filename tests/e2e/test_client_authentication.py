"""How the gateway says who it is, end to end: every documented method, at a provider that somebody else wrote."""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.oidc_provider import LOGIN, Client, OidcProvider, register, start_oidc_provider
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import SESSION_SECRET, Scene
from tests.fakes.client_keys import private_pem, public_jwk

SECRET = "a-client-secret-of-more-than-32-bytes"
ODD_SECRET = "a secret: 100% of + what & may = be / in one"  # RFC 6749 §2.3.1: encoded as a form before it is base64
KEY_KINDS = {"rsa": "RSA", "ec": "EC P-256", "eddsa": "Ed25519"}
ALGORITHMS = {"rsa": "RS256", "ec": "ES256", "eddsa": "EdDSA", "pss": "PS256", "hmac": "HS256"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _sign_by_key(kind: str, number: int = 0) -> dict[str, Any]:
    """The attributes of a client with a private key, and no secret."""
    return {
        "token_endpoint_auth_method": "private_key_jwt",
        "client_rsa_private_key": private_pem(kind, number),
        "client_rsa_private_key_id": "client-key",
    }


def _know_by_key(kind: str, alg: str) -> dict[str, Any]:
    """The provider's side of such a client."""
    return {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": alg,
        "jwks": {"keys": [public_jwk(kind, kid="client-key", use="sig", alg=alg)]},
    }


# What the gateway is told of each client, and what the provider knows of it.
ATTRIBUTES: dict[str, dict[str, Any]] = {
    **{name: _sign_by_key(kind) for name, kind in KEY_KINDS.items()},
    "pss": {**_sign_by_key("RSA"), "client_jwt_assertion_alg": "PS256", "client_jwt_assertion_expires_in": 10},
    "hmac": {"token_endpoint_auth_method": "client_secret_jwt", "client_secret": SECRET},
    "post": {"token_endpoint_auth_method": "client_secret_post", "client_secret": SECRET},
    "basic": {"client_secret": ODD_SECRET},
    "public": {"use_pkce": True},
    "wrong-key": _sign_by_key("RSA", 1),
    "wrong-secret": {"token_endpoint_auth_method": "client_secret_jwt", "client_secret": SECRET[::-1]},
    "wrong-audience": {**_sign_by_key("RSA"), "client_jwt_assertion_audience": "https://another.example"},
}
KNOWN: dict[str, dict[str, Any]] = {
    **{name: _know_by_key(kind, ALGORITHMS[name]) for name, kind in KEY_KINDS.items()},
    "pss": _know_by_key("RSA", "PS256"),
    "hmac": {"token_endpoint_auth_method": "client_secret_jwt"},
    "post": {"token_endpoint_auth_method": "client_secret_post"},
    "basic": {"token_endpoint_auth_method": "client_secret_basic"},
    "public": {"token_endpoint_auth_method": "none"},
    "wrong-key": _know_by_key("RSA", "RS256"),
    "wrong-secret": {"token_endpoint_auth_method": "client_secret_jwt"},
    "wrong-audience": _know_by_key("RSA", "RS256"),
}
REFUSED = [name for name in ATTRIBUTES if name.startswith("wrong-")]
INTROSPECTING = ("introspect", "introspect-wrong-key")


def _register_all(port: int) -> dict[str, Client]:
    clients = {
        name: register(
            name,
            ODD_SECRET if name == "basic" else SECRET,
            redirect_uris=[f"http://localhost:{port}/{name}/callback"],
            **known,
        )
        for name, known in KNOWN.items()
    }
    for name in INTROSPECTING:
        clients[name] = register(name, SECRET, **_know_by_key("RSA", "RS256"))
    clients["machine"] = register("machine", SECRET, access_token_format="opaque")
    return clients


def _configure(port: int, provider: OidcProvider, upstream_port: int) -> dict[str, Any]:
    session = {"session": {"secret": SESSION_SECRET}}
    plugins = {
        name: {**own, **session, "redirect_uri": f"http://localhost:{port}/{name}/callback", "scope": "openid profile"}
        for name, own in ATTRIBUTES.items()
    }
    for number, name in enumerate(INTROSPECTING):
        plugins[name] = {
            "bearer_only": True,
            "introspection_endpoint_auth_method": "private_key_jwt",
            "client_rsa_private_key": private_pem("RSA", number),
        }
    upstream = {"type": "roundrobin", "nodes": {f"127.0.0.1:{upstream_port}": 1}}
    return {
        "gateway": {"listen": [{"host": "127.0.0.1", "port": port}]},
        "routes": [
            {
                "id": name,
                "uri": f"/{name}/*",
                "plugins": {"openid-connect": {"client_id": name, "discovery": provider.discovery_url, **plugin}},
                "upstream": upstream,
            }
            for name, plugin in plugins.items()
        ],
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module: a route, and a client at the provider, for each way."""
    port = free_port()
    clients = _register_all(port)
    with (
        start_oidc_provider(clients=list(clients.values())) as provider,
        RecordingUpstream() as upstream,
        start_gateway(_configure(port, provider, upstream.port), tmp_path_factory.mktemp("client")) as gateway,
    ):
        yield Scene(provider, gateway, upstream, clients)


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.upstream.clear()
    return running


def _read(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims; that the signature verifies is the provider's word."""
    header, claims, _ = (part + "=" * (-len(part) % 4) for part in assertion.split("."))
    return json.loads(urlsafe_b64decode(header)), json.loads(urlsafe_b64decode(claims))


def _events(gateway: RunningGateway, code: str) -> list[dict[str, Any]]:
    """Return the log's events with this code."""
    lines = [json.loads(line) for line in gateway.output().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("code") == code]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_person_signs_in_where_the_client_signs_for_itself(scene: Scene, name: str) -> None:
    """`private_key_jwt` with keys of each kind, and `client_secret_jwt`: no secret leaves the gateway."""
    _, page = scene.sign_in(f"/{name}/test")
    assert (page.status, page.url) == (200, scene.url(f"/{name}/test"))
    assert scene.last_request().value("x-userinfo") is not None
    (asked,) = scene.provider.requests("token")
    assert (asked["status"], asked["client_id"], asked["authorization"]) == (200, name, "")
    assert (asked["params"]["client_assertion_type"], "client_secret" in asked["params"]) == (ASSERTION_TYPE, False)
    header, claims = _read(asked["params"]["client_assertion"])
    kid = {} if name == "hmac" else {"kid": "client-key"}
    assert header == {"alg": ALGORITHMS[name], "typ": "JWT", **kid}
    assert (claims["iss"], claims["sub"], claims["aud"]) == (name, name, scene.provider.metadata()["token_endpoint"])
    assert claims["exp"] - claims["iat"] == (10 if name == "pss" else 60)


def test_a_person_signs_in_where_the_secret_goes_in_the_body(scene: Scene) -> None:
    """`client_secret_post`."""
    _, page = scene.sign_in("/post/test")
    assert page.status == 200
    (asked,) = scene.provider.requests("token")
    assert (asked["status"], asked["authorization"], asked["params"]["client_secret"]) == (200, "", SECRET)


def test_a_person_signs_in_where_the_secret_goes_in_the_header(scene: Scene) -> None:
    """`client_secret_basic`, the default: a secret of any characters arrives as it is."""
    _, page = scene.sign_in("/basic/test")
    assert page.status == 200
    (asked,) = scene.provider.requests("token")
    assert (asked["status"], asked["authorization"], asked["client_id"]) == (200, "Basic", "basic")
    assert not {"client_id", "client_secret", "client_assertion"} & {
        name for name, value in asked["params"].items() if value is not None
    }


def test_a_person_signs_in_at_a_public_client(scene: Scene) -> None:
    """`none`: the id alone, and PKCE in place of a secret, for the refresh as well."""
    scene.provider.set_lifetime(1)
    browser, page = scene.sign_in("/public/test")
    scene.provider.set_lifetime(3600)
    assert page.status == 200
    time.sleep(1.05)
    assert browser.open(scene.url("/public/again")).status == 200
    for asked in scene.provider.requests("token"):
        sent = {name for name, value in asked["params"].items() if value is not None}
        assert (asked["status"], asked["authorization"], asked["params"]["client_id"]) == (200, "", "public")
        assert not {"client_secret", "client_assertion"} & sent
        assert ("code_verifier" in sent) == (asked["params"]["grant_type"] == "authorization_code")
    assert len(scene.provider.requests("token")) == 2


@pytest.mark.parametrize("name", REFUSED)
def test_a_client_that_is_not_believed_signs_nobody_in(scene: Scene, name: str) -> None:
    """A page with a reference, by which the log says that the provider did not accept the client."""
    browser, page = scene.sign_in(f"/{name}/test")
    assert (page.status, scene.upstream.requests) == (502, [])
    (asked,) = scene.provider.requests("token")
    assert asked["status"] == 401
    line = scene.gateway.wait_for_log(lambda line: line["route"] == name and line["status"] == 502)
    assert line["reason"] == "client_refused"
    assert line["id"] in page.text
    (event,) = [event for event in _events(scene.gateway, "client_refused") if event["reference"] == line["id"]]
    assert event["detail"] == "invalid_client"
    assert not any(cookie.name.startswith("ostiary_session_") for cookie in browser.jar.live(0.0))


def test_tokens_are_introspected_by_a_client_with_a_key(scene: Scene) -> None:
    """The assertion is for the introspection endpoint; the secret is not even configured."""
    token = scene.provider.machine_token(scene.clients["machine"])
    assert scene.with_token("/introspect/test", token).status == 200
    assert scene.with_token("/introspect/test", "an-unknown-token").status == 401
    first, second = scene.provider.requests("introspection")
    assert [asked["client_id"] for asked in (first, second)] == ["introspect"] * 2
    claims = [_read(asked["params"]["client_assertion"])[1] for asked in (first, second)]
    assert {each["aud"] for each in claims} == {scene.provider.metadata()["introspection_endpoint"]}
    assert len({each["jti"] for each in claims}) == 2


def test_a_client_that_is_not_believed_lets_no_token_through(scene: Scene) -> None:
    """That is the provider's or the operator's business, so the token is not called invalid."""
    token = scene.provider.machine_token(scene.clients["machine"])
    assert scene.with_token("/introspect-wrong-key/test", token).status == 503
    assert scene.upstream.requests == []
    line = scene.gateway.wait_for_log(lambda line: line["route"] == "introspect-wrong-key")
    assert line["reason"] == "introspection_refused"


def test_a_method_that_the_provider_does_not_offer_is_replaced(tmp_path: Path) -> None:
    """Configured is the default, basic; the provider takes assertions only, and the key is there: that is used."""
    port = free_port()
    client = register(
        "rsa", SECRET, redirect_uris=[f"http://localhost:{port}/rsa/callback"], **_know_by_key("RSA", "RS256")
    )
    offered = {"token_endpoint_auth_methods_supported": ["tls_client_auth", "private_key_jwt"]}
    with (
        start_oidc_provider(clients=[client], discovery=offered) as provider,
        RecordingUpstream() as upstream,
    ):
        config = _configure(port, provider, upstream.port)
        (route,) = (route for route in config["routes"] if route["id"] == "rsa")
        route["plugins"]["openid-connect"] |= {
            "token_endpoint_auth_method": "client_secret_basic",
            "client_secret": SECRET,
        }
        with start_gateway({**config, "routes": [route]}, tmp_path) as gateway:
            scene = Scene(provider, gateway, upstream, {"rsa": client})
            _, page = scene.sign_in("/rsa/test")
            assert page.status == 200
            (asked,) = provider.requests("token")
            assert (asked["status"], "client_assertion" in asked["params"]) == (200, True)
            (event,) = _events(gateway, "client_authentication_replaced")
            assert (event["configured"], event["used"]) == ("client_secret_basic", "private_key_jwt")


def test_no_key_secret_or_assertion_is_in_the_log(scene: Scene) -> None:
    """After sign-ins that went well and badly."""
    for name in ("rsa", "hmac", "wrong-key"):
        scene.sign_in(f"/{name}/test")
    secrets = {SECRET, SECRET[::-1], LOGIN}
    secrets |= {line for kind in KEY_KINDS.values() for line in private_pem(kind).splitlines()}
    secrets |= {asked["params"]["client_assertion"].rpartition(".")[2] for asked in scene.provider.requests("token")}
    output = scene.gateway.output()
    assert [secret for secret in secrets if secret in output] == []
    assert "eyJ" not in output
