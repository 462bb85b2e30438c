"""How tokens are verified: values that are taken, and values that are refused with what to write instead."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.identity.algorithms import ASYMMETRIC
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig

GOOD = {"client_id": "shop", "client_secret": "sesame", "discovery": "https://id.example/d"}


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration."""
    return OpenIdConnectConfig.model_validate(GOOD | attributes)


def refusal(**attributes: Any) -> str:
    """Return why a configuration is refused."""
    with pytest.raises(ValidationError) as caught:
        read(**attributes)
    return str(caught.value)


def test_the_defaults_are_the_documented_ones() -> None:
    """Those of the reference's table."""
    config = read()

    assert (False, True, False, None) == (
        config.accept_none_alg,
        config.accept_unsupported_alg,
        config.jwt_verification_cache_ignore,
        config.cache_segment,
    )
    assert (0, "exp", None) == (
        config.introspection_interval,
        config.introspection_expiry_claim,
        config.introspection_addon_headers,
    )
    audience = config.claim_validator.audience
    assert ("aud", False, False) == (audience.claim, audience.required, audience.match_with_client_id)
    assert (None, None) == (config.claim_validator.issuer.valid_issuers, config.claim_schema)


@pytest.mark.parametrize("algorithm", sorted(ASYMMETRIC))
def test_every_asymmetric_algorithm_may_be_expected(algorithm: str) -> None:
    """By its registered name."""
    assert algorithm == read(token_signing_alg_values_expected=algorithm).token_signing_alg_values_expected


@pytest.mark.parametrize("value", ["HS256", "HS384", "HS512", "none", "rs256", "", ["RS256"], 256])
def test_an_algorithm_that_would_admit_nobody_or_anybody_cannot_be_expected(value: Any) -> None:
    """An HMAC on a bearer token is always refused, so expecting one is a mistake."""
    assert "token_signing_alg_values_expected" in refusal(token_signing_alg_values_expected=value)


@pytest.mark.parametrize(
    "name", ["accept_none_alg", "accept_unsupported_alg", "jwt_verification_cache_ignore", "use_jwks", "bearer_only"]
)
def test_a_switch_is_true_or_false(name: str) -> None:
    """Texts of variables count, nothing else that is merely like a truth value."""
    assert getattr(read(**{name: "true"}), name) is True
    for value in ("yes", 1, 0, None, [True]):
        assert name in refusal(**{name: value})


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("introspection_interval", [0, 60, "60"], [-1, 1.5, "soon", True, 2**31 + 1]),
        ("introspection_expiry_claim", ["exp", "ttl"], ["", 7, None, "x" * 257]),
        ("cache_segment", ["", "blue", None], [7, "x" * 257, ["blue"]]),
        ("iat_slack", [0, 120, "5"], [-1, 86_401, "soon", 1.5]),
        ("public_key", ["PEM"], ["", 7]),
        ("introspection_endpoint", ["https://id.example/i"], ["/i", "ftp://id.example/i", ""]),
    ],
)
def test_values_lie_within_their_limits(name: str, good: list[Any], bad: list[Any]) -> None:
    """And are of their type."""
    for value in good:
        read(**{name: value})
    for value in bad:
        assert name in refusal(**{name: value})


@pytest.mark.parametrize("name", ["X-Tenant", "x-request-id", "User-Agent", "traceparent", "Accept-Language", "Origin"])
def test_a_header_of_the_clients_may_go_along(name: str) -> None:
    """As long as it takes nothing from the gateway's own call."""
    assert (name,) == read(introspection_addon_headers=[name]).introspection_addon_headers


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((name, "the gateway's own call") for name in (
            "Authorization", "AUTHORIZATION", "Content-Type", "Content-Encoding", "Accept", "Accept-Encoding", "Range",
            "If-None-Match", "if-range",
        )),
        ("Cookie", "browser's secrets"),
        *((name, "about a connection") for name in (
            "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "TE",
            "Trailer", "Upgrade", "Expect", "Proxy-Authorization", "X-Forwarded-For", "X-Userinfo", "Forwarded",
        )),
        ("X Tenant", "introspection_addon_headers"),
        ("X-Tenant:", "introspection_addon_headers"),
        ("X_Tenant", "introspection_addon_headers"),
        ("X-Tenant\r\nX", "introspection_addon_headers"),
        ("", "introspection_addon_headers"),
    ],
)  # fmt: skip
def test_a_header_that_would_change_the_call_may_not_go_along(name: str, reason: str) -> None:
    """The refusal says why."""
    assert reason in refusal(introspection_addon_headers=[name])


def test_a_list_of_headers_has_at_least_one() -> None:
    """As the reference says."""
    assert "introspection_addon_headers" in refusal(introspection_addon_headers=[])


@pytest.mark.parametrize(
    "validator",
    [
        {"issuer": {"valid_issuers": []}},
        {"issuer": {"valid_issuers": [""]}},
        {"issuer": {"valid_issuers": "https://id.example"}},
        {"issuer": {"valid_issuer": ["https://id.example"]}},
        {"audience": {"claim": ""}},
        {"audience": {"required": "maybe"}},
        {"audience": {"match_with_client_id": 1}},
        {"audience": {"match": True}},
        {"subject": {}},
        [],
        None,
    ],
)
def test_a_validator_has_no_other_members_and_values(validator: Any) -> None:
    """A misspelt check would check nothing."""
    assert "claim_validator" in refusal(claim_validator=validator)


def test_a_validator_is_read() -> None:
    """Issuers and audience."""
    validator = read(
        claim_validator={
            "issuer": {"valid_issuers": ["https://a.example", "https://b.example"]},
            "audience": {"claim": "resource", "required": True, "match_with_client_id": "true"},
        }
    ).claim_validator

    assert ("https://a.example", "https://b.example") == validator.issuer.valid_issuers
    audience = validator.audience
    assert ("resource", True, True) == (audience.claim, audience.required, audience.match_with_client_id)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "strin"}, "$.type"),
        ({"properties": {"a": {"$ref": "https://evil.example/"}}}, "$.properties.a.$ref"),
        ({"pattern": "("}, "$.pattern"),
        ("{}", "claim_schema"),
        ([], "claim_schema"),
    ],
)
def test_a_schema_is_checked_when_it_is_read(schema: Any, place: str) -> None:
    """The refusal names the place in it."""
    assert place in refusal(claim_schema=schema)
    assert {"type": "object"} == read(claim_schema={"type": "object"}).claim_schema
