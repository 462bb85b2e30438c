"""Access tokens as JWT."""

from typing import Any

import msgspec
import pytest
from joserfc.jwk import OctKey

from ostiary.identity.access_token import ExpectedAccessToken, VerifiedAccessToken, read_access_token
from ostiary.identity.jose import TokenRefused, UnknownKey, parse_compact_token
from ostiary.identity.keys import KeySet, read_key_set
from ostiary.identity.logout_token import LOGOUT_EVENT
from tests.fakes.issuer import (
    ISSUER,
    NOW,
    access_claims,
    answer_keys,
    id_claims,
    logout_claims,
    make_key,
    public_pem,
    sign,
)

KEYS = read_key_set(answer_keys())
EXPECTED = ExpectedAccessToken(issuers=frozenset({ISSUER}))


def read(raw: str, expected: ExpectedAccessToken = EXPECTED, keys: KeySet = KEYS) -> VerifiedAccessToken:
    """Parse and verify a token."""
    return read_access_token(parse_compact_token(raw.encode()), expected, keys, NOW)


def is_accepted(raw: str) -> bool:
    """Say whether a token is accepted, raising what refuses it."""
    return bool(read(raw).claims["iss"] == ISSUER)


def refusal(raw: str, expected: ExpectedAccessToken = EXPECTED) -> str:
    """Return the code with which a token is refused."""
    with pytest.raises(TokenRefused) as caught:
        read(raw, expected)
    return caught.value.code


def test_a_good_token_is_read() -> None:
    """With its payload byte by byte, and when it is over."""
    verified = read(sign(access_claims()))

    assert (access_claims(), msgspec.json.encode(access_claims())) == (verified.claims, verified.payload)
    assert int(NOW) + 300 == verified.expires_at
    assert "VerifiedAccessToken(***)" == repr(verified)


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+jwt", "AT+JWT", None])
def test_the_types_of_access_tokens_are_accepted(kind: str | None) -> None:
    """RFC 9068's, the general one, and none at all."""
    assert is_accepted(sign(access_claims(), header={"typ": kind} if kind else {}))


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "token-introspection+jwt", ""])
def test_tokens_of_another_type_are_refused(kind: str) -> None:
    """They say what they are."""
    assert "token_type" == refusal(sign(access_claims(), header={"typ": kind}))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": None}, "token_issuer"),
        ({"iss": ISSUER + "/"}, "token_issuer"),
        ({"iss": "https://evil.example"}, "token_issuer"),
        ({"iss": [ISSUER]}, "token_claim"),
        ({"exp": None}, "token_expired"),
        ({"exp": int(NOW) - 120}, "token_expired"),
        ({"exp": str(int(NOW) + 300)}, "token_claim"),
        ({"exp": 1e300}, "token_claim"),
        ({"nbf": int(NOW) + 121}, "token_not_yet_valid"),
        ({"nbf": "now"}, "token_claim"),
        ({"iat": "now"}, "token_claim"),
        ({"sub": 7}, "token_claim"),
        ({"at_hash": "x"}, "token_is_id_token"),
        ({"c_hash": "x"}, "token_is_id_token"),
        ({"nonce": "x", "scope": None}, "token_is_id_token"),
    ],
)
def test_what_is_no_valid_access_token_is_refused(changes: dict[str, Any], code: str) -> None:
    """Issuer and expiry are required; what else is there has to be right."""
    assert code == refusal(sign(access_claims(**changes)))


def test_an_id_token_opens_nothing() -> None:
    """It was made for the sign-in; only a token that says `at+jwt` may carry its claims."""
    assert "token_is_id_token" == refusal(sign(id_claims()))
    assert is_accepted(sign(access_claims(nonce="x", at_hash="x"), header={"typ": "at+jwt"}))
    assert is_accepted(sign(access_claims(nonce="copied by some providers")))
    assert is_accepted(sign(access_claims(nonce="x", scope=None, scp=["read"])))


@pytest.mark.parametrize("events", [{LOGOUT_EVENT: {}}, {}])
def test_a_security_event_opens_nothing(events: dict[str, Any]) -> None:
    """RFC 8417 §4.7: a logout token is no access token, whether or not it says so."""
    assert "token_type" == refusal(sign(access_claims(events=events)))
    assert "token_type" == refusal(sign(logout_claims()))
    assert "token_type" == refusal(sign(access_claims(), header={"typ": "logout+jwt"}))


@pytest.mark.parametrize(("use", "is_good"), [("id", False), ("ID", False), ("refresh", False), ("access", True)])
def test_a_token_that_says_what_it_is_for_is_believed(use: str, is_good: bool) -> None:
    """Amazon Cognito's ID tokens of sign-ins without a browser have neither a nonce nor a hash."""
    token = sign(access_claims(token_use=use, scope=None))
    assert is_accepted(token) if is_good else refusal(token) == "token_type"


def test_the_audience_is_nobodys_business_here() -> None:
    """Client-credentials tokens say `aud: account`: checking it is the operator's choice, made elsewhere."""
    assert is_accepted(sign(access_claims(aud=["any", "body"])))
    assert is_accepted(sign(access_claims(aud=None)))


def test_an_expired_token_lives_for_the_tolerance_alone() -> None:
    """`iat_slack` is the one tolerance."""
    raw = sign(access_claims(exp=int(NOW) - 30))

    assert int(NOW) - 30 == read(raw).expires_at
    assert "token_expired" == refusal(raw, ExpectedAccessToken(issuers=frozenset({ISSUER}), slack_s=10.0))


def test_an_hmac_and_an_unexpected_algorithm_are_refused() -> None:
    """HMAC always: nobody may hold the key of a bearer token's issuer."""
    pem = public_pem(make_key())
    only = ExpectedAccessToken(issuers=frozenset({ISSUER}), algorithm="ES256")

    assert "token_algorithm" == refusal(sign(access_claims(), OctKey(pem, None), alg="HS256"))
    assert "token_algorithm" == refusal(sign(access_claims()), only)
    assert is_accepted(sign(access_claims(), alg="PS384"))


def test_a_forged_signature_is_refused_and_a_new_key_is_asked_for() -> None:
    """But not for a token of somebody else, or one that is over anyway."""
    assert "token_signature" == refusal(sign(access_claims(), make_key(number=1)))
    assert "token_issuer" == refusal(sign(access_claims(iss="https://evil.example"), kid="key-2"))
    assert "token_expired" == refusal(sign(access_claims(exp=1), kid="key-2"))
    with pytest.raises(UnknownKey):
        read(sign(access_claims(), kid="key-2"))
