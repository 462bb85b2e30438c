"""What the operator reads at start about how tokens are verified."""

from typing import Any

import pytest

from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.plugins.openid_connect.verification_notices import find_verification_notices

GOOD = {"client_id": "shop", "client_secret": "sesame", "discovery": "https://id.example/d"}
SESSION = {"session": {"secret": "0123456789abcdef"}}


def notices(**attributes: Any) -> tuple[str, ...]:
    """Return the notices of a configuration."""
    return find_verification_notices(OpenIdConnectConfig.model_validate(GOOD | attributes))


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"accept_unsupported_alg": False},
        {"accept_none_alg": False},
        {"bearer_only": True, "introspection_interval": 5, "cache_segment": "a", "claim_validator": {}},
        {"use_jwks": True, "token_signing_alg_values_expected": "RS256", "claim_validator": {"audience": {}}},
        SESSION,
        {**SESSION, "claim_validator": {"issuer": {"valid_issuers": ["https://id.example"]}}},
    ],
)
def test_what_works_as_written_needs_no_notice(attributes: dict[str, Any]) -> None:
    """Nor do defaults."""
    assert () == notices(**attributes)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"accept_unsupported_alg": True}, "accept_unsupported_alg is true, and has no effect"),
        ({"accept_none_alg": True}, "believed without a signature"),
        ({"use_jwks": True, "jwt_verification_cache_ignore": True}, "every request verifies its token again"),
        ({"use_jwks": True, "introspection_interval": 5}, "introspection_interval has no effect: keys verify"),
        (
            {"public_key": "PEM", "introspection_endpoint": "https://id.example/i", "cache_segment": "a"},
            "introspection_endpoint and cache_segment have no effect: keys verify",
        ),
        (
            {**SESSION, "claim_validator": {"audience": {"required": True}}},
            "claim_validator has no effect: no bearer tokens are looked at",
        ),
        (
            {"bearer_only": True, "token_signing_alg_values_expected": "RS256"},
            "token_signing_alg_values_expected has no effect: the provider judges",
        ),
    ],
)
def test_what_weakens_or_does_nothing_is_told(attributes: dict[str, Any], words: str) -> None:
    """One sentence for each."""
    (notice,) = notices(**attributes)

    assert words in notice
