"""How bearer tokens are verified, end to end, at a provider that somebody else wrote: what its answers really hold."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.e2e.counterparts.calls import post_form
from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.oidc_provider import AUDIENCE, Client, OidcProvider, register, start_oidc_provider
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import Scene

SECRET = "a-client-secret-of-more-than-32-bytes"
JWKS: dict[str, Any] = {"use_jwks": True}
ASKS: dict[str, Any] = {"bearer_only": True}
ROUTES: dict[str, dict[str, Any]] = {
    "jwks": JWKS,
    "es256": {**JWKS, "token_signing_alg_values_expected": "ES256"},
    "rs256": {**JWKS, "token_signing_alg_values_expected": "RS256"},
    "other-issuer": {**JWKS, "claim_validator": {"issuer": {"valid_issuers": ["https://other.example"]}}},
    "audience": {**JWKS, "claim_validator": {"audience": {"match_with_client_id": True}}},
    "no-audience": {**JWKS, "claim_validator": {"audience": {"required": True, "claim": "resource"}}},
    "client": {**JWKS, "claim_validator": {"audience": {"match_with_client_id": True, "claim": "client_id"}}},
    "scopes": {**JWKS, "required_scopes": ["read", "write"]},
    "schema": {**JWKS, "claim_schema": {"required": ["client_id"], "properties": {"aud": {"const": AUDIENCE}}}},
    "no-schema": {**JWKS, "claim_schema": {"required": ["email"]}},
    "asks": ASKS,
    "asks-too": {**ASKS, "required_scopes": ["read"]},
    "asks-scopes": {**ASKS, "required_scopes": ["write"]},
    "asks-blue": {**ASKS, "cache_segment": "blue"},
    "asks-each-time": {**ASKS, "jwt_verification_cache_ignore": True},
    "asks-by-ttl": {**ASKS, "introspection_expiry_claim": "iat", "cache_segment": "ttl"},
    "asks-without": {**ASKS, "introspection_expiry_claim": "no_such_claim", "cache_segment": "without"},
    "asks-issuer": {**ASKS, "claim_validator": {"issuer": {"valid_issuers": ["https://other.example"]}}},
    "asks-schema": {**ASKS, "claim_schema": {"required": ["active", "email"]}, "cache_segment": "schema"},
    "asks-headers": {**ASKS, "introspection_addon_headers": ["X-Tenant"], "cache_segment": "headers"},
}


def _configure(port: int, provider: OidcProvider, upstream_port: int) -> dict[str, Any]:
    upstream = {"type": "roundrobin", "nodes": {f"127.0.0.1:{upstream_port}": 1}}
    client = {"client_id": "shop", "client_secret": SECRET, "discovery": provider.discovery_url}
    plugins = {name: {**client, **own} for name, own in ROUTES.items()}
    return {
        "gateway": {"listen": [{"host": "127.0.0.1", "port": port}]},
        "routes": [
            {"id": name, "uri": f"/{name}/*", "plugins": {"openid-connect": plugin}, "upstream": upstream}
            for name, plugin in plugins.items()
        ],
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module: a route for each way of verification, all of one client."""
    clients: dict[str, Client] = {
        "shop": register("shop", SECRET),
        "opaque": register("opaque", SECRET, access_token_format="opaque"),
    }
    port = free_port()
    with (
        start_oidc_provider(clients=list(clients.values())) as provider,
        RecordingUpstream() as upstream,
        start_gateway(_configure(port, provider, upstream.port), tmp_path_factory.mktemp("verify")) as gateway,
    ):
        yield Scene(provider, gateway, upstream, clients)


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.upstream.clear()
    return running


def _ask(scene: Scene, route: str, token: str) -> tuple[int, str]:
    """Return status, and the error that the body names."""
    answer = scene.with_token(f"/{route}/test", token)
    return answer.status, "" if answer.status == 200 else str(answer.json()["error"])


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("jwks", (200, "")),
        ("rs256", (200, "")),
        ("es256", (401, "invalid_token")),
        ("other-issuer", (401, "invalid_token")),
        ("audience", (403, "mismatched audience")),
        ("no-audience", (403, "required audience claim not present")),
        ("client", (200, "")),
        ("scopes", (403, "required scopes read, write not present")),
        ("schema", (200, "")),
        ("no-schema", (401, "invalid_token")),
    ],
)
def test_a_signed_token_is_judged_by_each_routes_own_rules(scene: Scene, route: str, expected: tuple[int, str]) -> None:
    """One and the same token, twice at each: what is remembered is judged alike."""
    token = scene.provider.machine_token(scene.clients["shop"])
    assert [_ask(scene, route, token) for _ in range(2)] == [expected] * 2
    assert (expected[0] == 200) == bool(scene.upstream.requests)


def test_unsigned_and_symmetric_tokens_are_refused(scene: Scene) -> None:
    """With the client's secret, with the published key as a secret, and with no signature."""
    token = scene.provider.machine_token(scene.clients["shop"])
    payload = jwt.decode(token, RSAKey.import_key(_signing_key(scene))).claims
    forged = [
        jwt.encode({"alg": "HS256", "typ": "at+jwt"}, payload, OctKey.import_key(secret))
        for secret in (SECRET, json.dumps(_signing_key(scene)))
    ]
    for each in [*forged, f"{token.rpartition('.')[0]}."]:
        assert _ask(scene, "jwks", each) == (401, "invalid_token")
    assert scene.upstream.requests == []


def _signing_key(scene: Scene) -> dict[str, Any]:
    keys: list[dict[str, Any]] = scene.provider.private_keys()["keys"]
    return next(key for key in keys if key["kty"] == "RSA")


def test_routes_share_an_answer_and_each_judges_it_by_its_own_rules(scene: Scene) -> None:
    """One introspection for three routes of one client; another segment asks for itself.

    A disk that is slow for a moment costs an introspection more, by design; so one of three tokens has to show it.
    """
    counts = []
    for _ in range(3):
        token = scene.provider.machine_token(scene.clients["opaque"])
        before = scene.provider.counters()["introspection"]
        assert _ask(scene, "asks", token) == (200, "")
        assert _ask(scene, "asks-too", token) == (200, "")
        assert _ask(scene, "asks-scopes", token) == (403, "required scopes write not present")
        shared = scene.provider.counters()["introspection"] - before
        assert _ask(scene, "asks-blue", token) == (200, "")
        counts.append((shared, scene.provider.counters()["introspection"] - before))
        if counts[-1] == (1, 2):
            return
        time.sleep(1.1)
    raise AssertionError(f"no answer was shared: {counts}")


def test_a_revoked_token_is_refused_at_once_where_nothing_is_remembered(scene: Scene) -> None:
    """Elsewhere it works until its answer is over: that is what remembering means."""
    client = scene.clients["opaque"]
    token = scene.provider.machine_token(client)
    assert (_ask(scene, "asks", token), _ask(scene, "asks-each-time", token)) == ((200, ""), (200, ""))
    revoked = post_form(f"{scene.provider.issuer}/token/revocation", {"token": token}, (client["client_id"], SECRET))
    assert revoked.status == 200
    assert _ask(scene, "asks-each-time", token) == (401, "invalid_token")
    assert _ask(scene, "asks", token) == (200, "")


@pytest.mark.parametrize("route", ["asks-by-ttl", "asks-without"])
def test_how_long_an_answer_is_remembered_is_the_claims_matter(scene: Scene, route: str) -> None:
    """`iat` is a time that is over, so nothing is remembered by it; nor by a claim that is not there."""
    token = scene.provider.machine_token(scene.clients["opaque"])
    assert [_ask(scene, route, token) for _ in range(3)] == [(200, "")] * 3
    assert scene.provider.counters()["introspection"] == 3


def test_issuers_and_schema_judge_an_introspection_too(scene: Scene) -> None:
    """By what the provider really answers."""
    token = scene.provider.machine_token(scene.clients["opaque"])
    assert _ask(scene, "asks-issuer", token) == (401, "invalid_token")
    assert _ask(scene, "asks-schema", token) == (401, "invalid_token")
    assert scene.upstream.requests == []


def test_each_value_of_an_addon_header_has_an_answer_of_its_own(scene: Scene) -> None:
    """And the provider takes the call with it."""
    token = scene.provider.machine_token(scene.clients["opaque"])
    for tenant in ("red", "blue", "red"):
        headers = {"Authorization": f"Bearer {token}", "X-Tenant": tenant}
        assert scene.call("/asks-headers/test", headers=headers).status == 200
    assert scene.provider.counters()["introspection"] == 2
