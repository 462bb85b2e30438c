"""The token and revocation endpoints as one client uses them."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import pytest

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.identity.metadata import Metadata
from ostiary.identity.signing_keys import read_signing_key
from ostiary.identity.token_endpoint import TokenSet
from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.token_client import TokenClient
from tests.fakes.client_keys import private_pem
from tests.fakes.http_client import Answer, answer_json
from tests.fakes.issuer import DISCOVERY, ISSUER
from tests.fakes.sign_in import TOKEN_ENDPOINT, SignInWorld

REVOCATION_ENDPOINT = f"{ISSUER}/revoke"
SECRET = "a-client-secret-of-more-than-32-bytes"
TOKENS = {"access_token": "abc", "token_type": "Bearer"}


class Scene:
    """A client at a provider that gives the same answer to whatever it is asked."""

    def __init__(self, answer: Answer | None = None, **changes: Any) -> None:
        """Build it; `changes` are those of the credentials."""
        self.world = SignInWorld()
        given = answer_json(TOKENS) if answer is None else answer
        self.world.http.answers |= {TOKEN_ENDPOINT: given, REVOCATION_ENDPOINT: given}
        credentials = ClientCredentials(**({"client_id": "shop", "client_secret": SECRET} | changes))
        provider = self.world.providers.provider(ProviderSettings(discovery=DISCOVERY))
        self.client = TokenClient(credentials, provider, self.world.services())

    def redeem(self, metadata: Metadata) -> TokenSet:
        """Redeem a code."""
        return asyncio.run(self.client.redeem(metadata, code="c1", redirect_uri="https://a/cb", code_verifier="v1"))

    def refresh(self, metadata: Metadata) -> TokenSet:
        """Refresh tokens."""
        return asyncio.run(self.client.refresh(metadata, refresh_token="r1"))

    def revoke(self, metadata: Metadata) -> None:
        """Revoke a token."""
        asyncio.run(self.client.revoke(metadata, token="t1", hint="refresh_token"))

    def call(self) -> OutboundRequest:
        """Return the last call."""
        return self.world.http.calls[-1]

    def form(self) -> dict[str, str]:
        """Return the form of the last call."""
        return dict(parse_qsl(self.call().body.decode()))


def describe(*methods: str, **changes: Any) -> Metadata:
    """Return metadata that offer these methods."""
    endpoints = {"token_endpoint": TOKEN_ENDPOINT, "revocation_endpoint": REVOCATION_ENDPOINT} | changes
    return Metadata(issuer=ISSUER, token_endpoint_auth_methods_supported=methods, **endpoints)


def test_a_code_is_redeemed_at_the_token_endpoint() -> None:
    """With everything that belongs to it, and the client's authentication."""
    scene = Scene()

    assert TokenSet(access_token="abc", token_type="Bearer") == scene.redeem(describe())
    assert (TOKEN_ENDPOINT, "POST") == (scene.call().url, scene.call().method)
    assert scene.form() == {
        "grant_type": "authorization_code", "code": "c1", "redirect_uri": "https://a/cb", "code_verifier": "v1"
    }  # fmt: skip
    assert "Authorization" in dict(scene.call().headers)


def test_tokens_are_refreshed_there() -> None:
    """An answer without a new refresh token and without an ID token is one."""
    scene = Scene()
    tokens = scene.refresh(describe())

    assert (None, None) == (tokens.refresh_token, tokens.id_token)
    assert TOKEN_ENDPOINT == scene.call().url
    assert {"grant_type": "refresh_token", "refresh_token": "r1"} == scene.form()


def test_a_token_is_revoked_at_the_revocation_endpoint() -> None:
    """Nothing is expected of the answer."""
    scene = Scene()
    scene.revoke(describe())

    assert REVOCATION_ENDPOINT == scene.call().url
    assert {"token": "t1", "token_type_hint": "refresh_token"} == scene.form()


def test_a_provider_without_a_revocation_endpoint_is_not_asked() -> None:
    """The tokens run out by themselves there."""
    scene = Scene()
    scene.revoke(describe(revocation_endpoint=None))

    assert [] == scene.world.http.calls


def test_one_without_a_token_endpoint_is_a_fault() -> None:
    """Nobody signs in there."""
    for ask in (Scene().redeem, Scene().refresh):
        with pytest.raises(ProviderFault) as fault:
            ask(describe(token_endpoint=None))
        assert ("provider_without_token_endpoint", False) == (fault.value.code, fault.value.passing)


@pytest.mark.parametrize(
    ("status", "error", "passing"), [(400, "invalid_grant", False), (401, "invalid_client", False), (503, "x_y", True)]
)
def test_a_refusal_says_which_and_whether_it_passes(status: int, error: str, *, passing: bool) -> None:
    """The provider's own code is the detail, at every endpoint."""
    scene = Scene(answer_json({"error": error, "error_description": "r1 was used"}, status))
    for ask, code in ((scene.redeem, "token_refused"), (scene.refresh, "token_refused"),
                      (scene.revoke, "revocation_refused")):  # fmt: skip
        with pytest.raises(ProviderFault) as fault:
            ask(describe())
        assert (code, error, passing) == (fault.value.code, fault.value.detail, fault.value.passing)


def test_a_provider_that_does_not_answer_is_a_fault() -> None:
    """That of the network."""
    with pytest.raises(ProviderFault) as fault:
        Scene(ProviderFault("provider_timeout", "3 s")).refresh(describe())

    assert "provider_timeout" == fault.value.code


def test_each_call_has_an_assertion_of_its_own() -> None:
    """At every endpoint, for that endpoint: another `jti`, now, never the same text."""
    scene = Scene(method="private_key_jwt", signing_key=read_signing_key(private_pem("EC P-256")))
    assertions = []
    for ask in (scene.redeem, scene.refresh, scene.revoke, scene.refresh):
        ask(describe("private_key_jwt"))
        assertions.append(scene.form()["client_assertion"])

    assert 4 == len(set(assertions))
    assert SECRET.encode() not in scene.call().body


def test_a_method_that_is_not_offered_is_replaced_and_the_log_says_so_once() -> None:
    """At the revocation endpoint, too; no secret is in the line."""
    scene = Scene(signing_key=read_signing_key(private_pem("EC P-256")))
    metadata = describe("private_key_jwt", "client_secret_post")
    for ask in (scene.redeem, scene.refresh, scene.revoke):
        ask(metadata)
        assert "client_assertion" in scene.form()

    (event,) = scene.world.log.events
    assert ("warning", "client_authentication_replaced") == (event.severity, event.code)
    assert {"configured": "client_secret_basic", "used": "private_key_jwt", "client_id": "shop"} == event.fields
    assert SECRET not in scene.world.log.text


@pytest.mark.parametrize("methods", [(), ("client_secret_basic",), ("tls_client_auth", "none")])
def test_otherwise_it_stays_and_nothing_is_said(methods: tuple[str, ...]) -> None:
    """It is offered, or anything goes, or nothing better is possible: the client always says who it is."""
    scene = Scene()
    scene.redeem(describe(*methods))

    assert "Authorization" in dict(scene.call().headers)
    assert [] == scene.world.log.events
