"""The answers of a resource server."""

import pytest

from ostiary.errors import OperatorFault
from ostiary.plugin import Reply
from ostiary.resource_server.answers import BearerAnswers

ANSWERS = BearerAnswers("apisix", ("a", "b"))


def headers(reply: Reply) -> dict[str, str]:
    """Return the headers by name."""
    return dict(reply.headers)


def test_no_token_is_401_without_an_error_code() -> None:
    """RFC 6750 §3.1: who sent nothing made no mistake."""
    assert (401, "token_missing") == (ANSWERS.missing.status, ANSWERS.missing.reason)
    assert {"Content-Type": "application/json", "WWW-Authenticate": 'Bearer realm="apisix"'} == headers(ANSWERS.missing)


def test_a_malformed_header_is_400() -> None:
    """With `invalid_request`."""
    assert (400, "authorization_malformed") == (ANSWERS.malformed.status, ANSWERS.malformed.reason)
    assert 'Bearer realm="apisix", error="invalid_request"' == headers(ANSWERS.malformed)["WWW-Authenticate"]
    assert ANSWERS.malformed.body.startswith(b'{"error":"invalid_request","message":"')


def test_every_refused_token_gets_the_same_answer() -> None:
    """Only the reason for the access log differs."""
    expired, forged = ANSWERS.invalid("token_expired"), ANSWERS.invalid("token_signature")

    assert (401, "token_expired", "token_signature") == (expired.status, expired.reason, forged.reason)
    assert (expired.status, expired.headers, expired.body) == (forged.status, forged.headers, forged.body)
    assert headers(expired)["WWW-Authenticate"].startswith(
        'Bearer realm="apisix", error="invalid_token", error_description="'
    )


def test_a_missing_scope_is_403_and_names_all_that_are_required() -> None:
    """In the body and in the challenge."""
    reply = ANSWERS.insufficient_scope

    assert (403, "scope_missing", b'{"error":"required scopes a, b not present"}') == (
        reply.status,
        reply.reason,
        reply.body,
    )
    assert 'Bearer realm="apisix", error="insufficient_scope", scope="a b"' == headers(reply)["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("realm", "scopes", "code"),
    [
        ("a\nb", (), "realm_invalid"),
        ("r", ('a"b',), "required_scopes_invalid"),
        ("r", ("",), "required_scopes_invalid"),
    ],
)
def test_what_no_header_can_carry_is_the_operators_fault(realm: str, scopes: tuple[str, ...], code: str) -> None:
    """Found when the configuration is built, not at a request."""
    with pytest.raises(OperatorFault) as caught:
        BearerAnswers(realm, scopes)
    assert code == caught.value.code


def test_a_wrong_audience_is_403_with_the_documented_body() -> None:
    """And without a challenge: another token of the same kind would not help."""
    answers = BearerAnswers("r", ())
    missing, mismatch = answers.audience["audience_missing"], answers.audience["audience_mismatch"]

    assert (403, b'{"error":"required audience claim not present"}') == (missing.status, missing.body)
    assert (403, b'{"error":"mismatched audience"}') == (mismatch.status, mismatch.body)
    assert ("audience_missing", "audience_mismatch") == (missing.reason, mismatch.reason)
    assert (("Content-Type", "application/json"),) == missing.headers == mismatch.headers
