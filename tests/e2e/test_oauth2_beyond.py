"""`oauth2` beyond its document, with two real gateways that share their state: keys, assertions, revocation."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from ostiary.identity.client_assertion import ASSERTION_TYPE
from tests.e2e.counterparts.calls import Response, call, post_form
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.client_keys import make_client_key, private_pem
from tests.fakes.machine_tokens import CLIENT_ID, NAME, OTHER_ID, OTHER_NAME, OTHER_SECRET

ISSUER = "https://tokens.example"
CREDENTIALS = {"client_id": OTHER_ID, "client_secret": OTHER_SECRET}
Gateways = tuple[RunningGateway, RunningGateway, RecordingUpstream]


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    """Two processes, one state, and an upstream."""
    key: Any = make_client_key("EC P-256", 5)
    public_pem = key.as_pem(private=False).decode("ascii")
    rule = {
        "issuer": ISSUER, "signing_keys": ["$ENV://TOKEN_KEY"], "introspection": True, "revocation": True,
        "consumers": [
            {"name": NAME, "client_id": CLIENT_ID, "public_keys": [public_pem], "scopes": ["read"]},
            {"name": OTHER_NAME, **CREDENTIALS, "may_introspect": True},
        ],
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("beyond")
    environment = {"TOKEN_KEY": private_pem("RSA", 5)}
    with RecordingUpstream() as upstream:
        route = {"id": "api", "uri": "/api/*", "upstream": {"nodes": {upstream.address: 1}}}
        config = {
            "state": {"type": "sqlite", "path": str(folder / "shared.db")},
            "instance": {"plugins": {"oauth2": rule}},
            "routes": [route],
        }
        with (
            start_gateway(config, folder / "a", environment) as one,
            start_gateway(config, folder / "b", environment) as two,
        ):
            yield one, two, upstream


def assert_itself(gateway: RunningGateway, token_id: str) -> Response:
    """Ask for a token with an assertion that somebody else's library made."""
    now = int(time.time())
    claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": token_id}
    assertion = jwt.encode({"alg": "ES256"}, claims, make_client_key("EC P-256", 5))
    fields = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    return post_form(f"{gateway.url}/oauth2/token", {"grant_type": "client_credentials", **fields})


def visit(gateway: RunningGateway, token: str) -> int:
    """Show a token."""
    return call(f"{gateway.url}/api/x", headers={"Authorization": f"Bearer {token}"}).status


def test_a_token_is_verified_by_another_library_and_another_gateway(gateways: Gateways) -> None:
    """By the published keys; and the upstream is told the consumer."""
    one, two, upstream = gateways
    token = assert_itself(one, "verified").json()["access_token"]
    keys = KeySet.import_key_set(json.loads(call(f"{two.url}/oauth2/jwks").body))
    claims = jwt.decode(token, keys, algorithms=["RS256"]).claims

    assert (ISSUER, NAME, "read") == (claims["iss"], claims["sub"], claims["scope"])
    assert 200 == visit(two, token)
    assert [NAME] == upstream.requests[-1].values("x-mse-consumer")


def test_an_assertion_is_taken_once_by_all_gateways_together(gateways: Gateways) -> None:
    """The second gateway knows of it at once."""
    one, two, _ = gateways

    assert 200 == assert_itself(one, "once").status
    assert 401 == assert_itself(two, "once").status
    assert 401 == assert_itself(one, "once").status


def test_a_token_that_was_taken_back_is_refused_everywhere_within_a_second(gateways: Gateways) -> None:
    """And introspection says so."""
    one, two, _ = gateways
    token = post_form(f"{one.url}/oauth2/token", {"grant_type": "client_credentials", **CREDENTIALS}).json()[
        "access_token"
    ]
    assert (200, 200) == (visit(one, token), visit(two, token))
    assert post_form(f"{two.url}/oauth2/introspect", {"token": token, **CREDENTIALS}).json()["active"]

    assert 200 == post_form(f"{one.url}/oauth2/revoke", {"token": token, **CREDENTIALS}).status
    assert 401 == visit(one, token)
    deadline = time.monotonic() + 10
    while visit(two, token) != 401:
        assert time.monotonic() < deadline, "the other gateway never heard of it"
        time.sleep(0.05)
    assert not post_form(f"{two.url}/oauth2/introspect", {"token": token, **CREDENTIALS}).json()["active"]


def test_the_metadata_stand_where_the_issuer_says(gateways: Gateways) -> None:
    """On any host: which one leads here is the operator's to say."""
    one, _, _ = gateways
    document = call(f"{one.url}/.well-known/oauth-authorization-server").json()

    assert (ISSUER, f"{ISSUER}/oauth2/token") == (document["issuer"], document["token_endpoint"])
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]


def test_no_key_and_no_token_is_in_any_log(gateways: Gateways) -> None:
    """Neither the server's nor the clients'."""
    one, two, _ = gateways
    token = assert_itself(one, "logged").json()["access_token"]
    visit(two, token)
    written = one.output() + two.output()

    assert token.rpartition(".")[2] not in written
    assert OTHER_SECRET not in written
    assert "PRIVATE KEY" not in written
