"""How bearer tokens are verified."""

from typing import Any

from ostiary.identity.client_authentication import ClientCredentials
from ostiary.plugins.openid_connect.compile_bearer import compile_bearer_settings
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig

GOOD = {"client_id": "shop", "client_secret": "sesame", "discovery": "https://id.example/d"}


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration."""
    return OpenIdConnectConfig.model_validate(GOOD | attributes)


def test_bearer_tokens_are_verified_as_written() -> None:
    """Each attribute in its place."""
    settings = compile_bearer_settings(
        read(
            public_key="PEM",
            use_jwks=True,
            introspection_endpoint="https://id.example/i",
            introspection_endpoint_auth_method="client_secret_post",
            realm="r",
            required_scopes=["a", "b"],
            token_signing_alg_values_expected="ES256",
            iat_slack=7,
            set_access_token_header=False,
            access_token_in_authorization_header=True,
            set_userinfo_header=False,
        )
    )

    assert settings.public_key == "PEM"
    assert settings.use_jwks
    assert settings.introspection_endpoint == "https://id.example/i"
    assert settings.credentials == ClientCredentials(
        client_id="shop", client_secret="sesame", method="client_secret_post"
    )
    assert (settings.realm, settings.required_scopes, settings.algorithm, settings.slack_s) == (
        "r", ("a", "b"), "ES256", 7.0
    )  # fmt: skip
    assert not settings.set_access_token_header
    assert settings.access_token_in_authorization_header
    assert not settings.set_userinfo_header
