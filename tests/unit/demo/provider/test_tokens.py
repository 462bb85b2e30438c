"""The claims of what the provider signs."""

import pytest

from ostiary.demo.provider.accounts import QUICKSTART_USER
from ostiary.demo.provider.keys import SigningKey
from ostiary.demo.provider.memory import TokenFamily
from ostiary.demo.provider.tokens import TokenMaker, at_hash
from tests.unit.demo.provider.world import CLIENT_ID, ISSUER, claims_of, header_of

NOW = 1_800_000_000.9


@pytest.fixture
def tokens(key: SigningKey) -> TokenMaker:
    """A maker with the tests' key."""
    return TokenMaker(ISSUER, key)


def test_an_access_token_is_what_rfc_9068_says(tokens: TokenMaker) -> None:
    """Section 2: its type, its claims, five minutes; the audience is Keycloak's."""
    answer = tokens.make_answer(QUICKSTART_USER, "openid", NOW, with_refresh_token=False)
    assert header_of(answer["access_token"])["typ"] == "at+jwt"
    claims = claims_of(answer["access_token"])
    assert claims == {
        "iss": ISSUER,
        "sub": QUICKSTART_USER.subject,
        "aud": "account",
        "client_id": CLIENT_ID,
        "scope": "openid",
        "jti": claims["jti"],
        "iat": 1_800_000_000,
        "exp": 1_800_000_300,
        "preferred_username": "quickstart-user",
    }
    assert answer.access_claims == claims


def test_no_two_tokens_are_alike(tokens: TokenMaker) -> None:
    """In the same second, for the same person."""
    answers = [tokens.make_answer(None, "email", NOW, with_refresh_token=True) for _ in range(2)]
    assert answers[0]["access_token"] != answers[1]["access_token"]
    assert answers[0]["refresh_token"] != answers[1]["refresh_token"]


def test_an_id_token_has_all_that_a_gateway_checks(tokens: TokenMaker) -> None:
    """OpenID Connect Core section 2, and the person's claims by scope."""
    answer = tokens.make_answer(QUICKSTART_USER, "openid email", NOW, with_refresh_token=False)
    family = TokenFamily(QUICKSTART_USER, "openid email", NOW + 10, auth_time=1_799_999_000)
    id_token = tokens.make_id_token(family, answer, NOW, "nonce")
    assert header_of(id_token)["typ"] == "JWT"
    assert claims_of(id_token) == {
        "iss": ISSUER,
        "sub": QUICKSTART_USER.subject,
        "aud": CLIENT_ID,
        "azp": CLIENT_ID,
        "iat": 1_800_000_000,
        "exp": 1_800_000_300,
        "auth_time": 1_799_999_000,
        "at_hash": at_hash(answer["access_token"]),
        "nonce": "nonce",
        "email": "quickstart-user@example.com",
        "email_verified": True,
    }


def test_without_a_nonce_there_is_none(tokens: TokenMaker) -> None:
    """An empty one would be one."""
    answer = tokens.make_answer(QUICKSTART_USER, "openid", NOW, with_refresh_token=False)
    family = TokenFamily(QUICKSTART_USER, "openid", NOW + 10, auth_time=1)
    assert "nonce" not in claims_of(tokens.make_id_token(family, answer, NOW, None))


def test_there_is_no_id_token_about_a_client(tokens: TokenMaker) -> None:
    """It names a person."""
    answer = tokens.make_answer(None, "email", NOW, with_refresh_token=False)
    with pytest.raises(ValueError, match="about a person"):
        tokens.make_id_token(TokenFamily(None, "email", NOW), answer, NOW, None)


def test_at_hash_is_that_of_the_specification() -> None:
    """OpenID Connect Core appendix A.3 has this pair."""
    access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert at_hash(access_token) == "77QmUPtjPfzWtF2AnpK9RQ"
