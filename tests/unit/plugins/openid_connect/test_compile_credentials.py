"""Who the gateway is at the provider's endpoints."""

from typing import Any

import pytest

from ostiary.identity.client_authentication import ClientAuthenticationMethod, ClientCredentials
from ostiary.plugins.openid_connect.compile_credentials import compile_credentials
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from tests.fakes.client_keys import private_pem

SECRET = "a-client-secret-of-more-than-32-bytes"
KEY = {"client_rsa_private_key": private_pem("EC P-256")}


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration of the client shop."""
    return OpenIdConnectConfig.model_validate({"client_id": "shop", "discovery": "https://id.example/d", **attributes})


def test_a_public_client_has_no_secret_to_show() -> None:
    """It names itself, and no more."""
    config = read(use_pkce=True)

    assert compile_credentials(config, "client_secret_basic") == ClientCredentials(client_id="shop", method="none")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "client_secret_jwt"])
def test_a_client_with_a_secret_shows_it_as_configured(method: ClientAuthenticationMethod) -> None:
    """Each endpoint has a method of its own."""
    expected = ClientCredentials(client_id="shop", client_secret=SECRET, method=method)

    assert expected == compile_credentials(read(client_secret=SECRET), method)


def test_everything_about_assertions_arrives() -> None:
    """The key as one that signs."""
    config = read(
        client_secret=SECRET,
        client_rsa_private_key_id="key-1",
        client_jwt_assertion_expires_in=30,
        client_jwt_assertion_alg="ES256",
        client_jwt_assertion_audience="https://id.example",
        **KEY,
    )
    credentials = compile_credentials(config, "private_key_jwt")

    assert credentials.signing_key is not None
    assert "EC P-256" == credentials.signing_key.kind
    assert ("private_key_jwt", "key-1", "ES256") == (
        credentials.method, credentials.signing_key_id, credentials.assertion_algorithm
    )  # fmt: skip
    assert (30, "https://id.example") == (credentials.assertion_lifetime_s, credentials.assertion_audience)


def test_a_key_beside_a_secret_serves_the_fallback() -> None:
    """The configured method stays."""
    credentials = compile_credentials(read(client_secret=SECRET, **KEY), "client_secret_basic")

    assert "client_secret_basic" == credentials.method
    assert credentials.signing_key is not None


def test_a_key_without_a_secret_is_what_the_client_shows() -> None:
    """Whatever the method is: without the secret no other one is possible."""
    config = read(use_pkce=True, **KEY)

    assert {"private_key_jwt"} == {
        compile_credentials(config, method).method for method in ("client_secret_basic", "private_key_jwt")
    }
