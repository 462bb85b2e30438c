"""How bearer tokens are verified."""

from typing import Any

from ostiary.identity.client_authentication import ClientCredentials
from ostiary.plugins.openid_connect.compile_bearer import compile_bearer_settings
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.resource_server.audience import AudienceRule

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


def test_what_is_remembered_and_asked_is_as_written() -> None:
    """Introspection's options, and whether anything is remembered."""
    settings = compile_bearer_settings(
        read(
            bearer_only=True,
            introspection_interval=30,
            introspection_expiry_claim="ttl",
            introspection_addon_headers=["X-Tenant"],
            cache_segment="blue",
            jwt_verification_cache_ignore=True,
            claim_validator={"issuer": {"valid_issuers": ["https://a.example"]}},
            claim_schema={"required": ["email"]},
        )
    )

    assert (30.0, "ttl", ("X-Tenant",), "blue", False) == (
        settings.introspection_interval_s,
        settings.introspection_expiry_claim,
        settings.addon_headers,
        settings.cache_segment,
        settings.remembers,
    )
    assert ("https://a.example",) == settings.issuers
    assert settings.claim_schema is not None
    assert "$ (required)" == settings.claim_schema.find_fault({})


def test_what_is_not_written_costs_nothing() -> None:
    """No schema, no audience, no issuers: nothing is looked at."""
    settings = compile_bearer_settings(read(bearer_only=True, claim_validator={"audience": {"claim": "resource"}}))

    assert (None, None, (), True) == (settings.audience, settings.claim_schema, settings.issuers, settings.remembers)


def test_to_match_an_audience_has_to_be_there() -> None:
    """`match_with_client_id` means `required` too."""
    required = compile_bearer_settings(read(claim_validator={"audience": {"required": True}}))
    matching = compile_bearer_settings(read(claim_validator={"audience": {"match_with_client_id": True, "claim": "r"}}))

    assert AudienceRule() == required.audience
    assert AudienceRule(claim="r", client_id="shop") == matching.audience
