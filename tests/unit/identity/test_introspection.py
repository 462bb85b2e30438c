"""Token introspection's two halves."""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.access_token import ExpectedAccessToken, VerifiedAccessToken
from ostiary.identity.client_authentication import AssertionMoment, ClientCredentials
from ostiary.identity.introspection import (
    EARLIEST_TIME,
    MAX_ANSWER_BYTES,
    build_introspection,
    check_introspected,
    find_answer_end,
    read_activity,
)
from ostiary.identity.jose import TokenRefused
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import INTROSPECTION, ISSUER, NOW

EXPECTED = ExpectedAccessToken(issuers=frozenset({ISSUER}))


def check(expected: ExpectedAccessToken | None = EXPECTED, **members: Any) -> VerifiedAccessToken:
    """Check an active answer."""
    return check_introspected(read_activity(answer_json({"active": True, **members})), expected, NOW, 120.0)


def test_the_token_is_sent_in_a_form() -> None:
    """With our credentials in the header, within 64 KiB, and without a hint."""
    credentials = ClientCredentials(client_id="shop", client_secret="s3cret")
    request = build_introspection(INTROSPECTION, credentials, "a+b/c=")

    assert ("POST", INTROSPECTION, MAX_ANSWER_BYTES) == (request.method, request.url, request.max_body_bytes)
    assert [("token", "a+b/c=")] == parse_qsl(request.body.decode())
    assert "Authorization" in dict(request.headers)
    assert "Authorization" not in dict(build_introspection(INTROSPECTION, None, "abc").headers)


@pytest.mark.parametrize("active", [False, None, "true", 1, [True], {}])
def test_only_the_boolean_true_is_active(active: Any) -> None:
    """Everything else is an inactive token."""
    with pytest.raises(TokenRefused, match="token_inactive"):
        read_activity(answer_json({"active": active, "sub": "user-1"}))
    with pytest.raises(TokenRefused, match="token_inactive"):
        read_activity(answer_json({"sub": "user-1"}))


@pytest.mark.parametrize(
    ("answer", "code", "passing"),
    [
        (OutboundResponse(status=401), "introspection_refused", False),
        (OutboundResponse(status=302), "introspection_refused", False),
        (OutboundResponse(status=500), "introspection_refused", True),
        (OutboundResponse(status=429), "introspection_refused", True),
        (OutboundResponse(status=200, body=b"<html>"), "introspection_answer_invalid", False),
        (OutboundResponse(status=200, body=b'{"active":false,"active":true}'), "introspection_answer_invalid", False),
        (OutboundResponse(status=200, body=b"true"), "introspection_answer_invalid", False),
    ],
)
def test_an_endpoint_that_fails_is_a_fault_not_an_inactive_token(
    answer: OutboundResponse, code: str, passing: bool
) -> None:
    """A client would throw a good token away."""
    with pytest.raises(ProviderFault) as caught:
        read_activity(answer)
    assert (code, passing) == (caught.value.code, caught.value.passing)


def test_an_answer_is_checked_as_far_as_it_goes() -> None:
    """`active` alone is enough; what else is there has to be right."""
    assert None is check(None).expires_at
    assert int(NOW) + 60 == check(exp=int(NOW) + 60, nbf=int(NOW), iss=ISSUER, sub="user-1").expires_at
    assert b'{"active":true,"scope":"a"}' == check(scope="a").payload


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"exp": int(NOW) - 120}, "token_expired"),
        ({"exp": "soon"}, "token_claim"),
        ({"nbf": int(NOW) + 121}, "token_not_yet_valid"),
        ({"iss": "https://evil.example"}, "token_issuer"),
        ({"iss": 7}, "token_claim"),
        ({"sub": 7}, "token_claim"),
    ],
)
def test_an_active_answer_with_wrong_claims_is_refused(members: dict[str, Any], code: str) -> None:
    """Over, not begun, of another issuer, of the wrong type."""
    with pytest.raises(TokenRefused, match=code):
        check(**members)


@pytest.mark.parametrize("token_type", ["ID", "Refresh", "Offline", "refresh_token", "DPoP", ""])
def test_an_active_answer_about_another_kind_of_token_is_refused(token_type: str) -> None:
    """RFC 7662 §2.2: some providers call their refresh tokens and ID tokens active."""
    with pytest.raises(TokenRefused, match="token_type"):
        check(token_type=token_type)


@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "access_token", None])
def test_an_active_answer_about_a_bearer_token_is_accepted(token_type: str | None) -> None:
    """As the specification writes it, as some providers do, or not at all."""
    assert check(token_type=token_type, sub="user-1").claims["sub"] == "user-1"


@pytest.mark.parametrize("token_use", ["refresh_token", "id_token"])
def test_an_active_answer_about_another_use_is_refused(token_use: str) -> None:
    """Ory Hydra's answer about a refresh token: active, and without a `token_type`."""
    with pytest.raises(TokenRefused, match="token_type"):
        check(token_use=token_use, sub="user-1")
    assert check(token_use="access_token", sub="user-1").claims["sub"] == "user-1"


def test_an_issuer_that_cannot_be_compared_is_refused() -> None:
    """Closed by default."""
    with pytest.raises(TokenRefused, match="token_issuer"):
        check(None, iss=ISSUER)


def test_headers_go_along_after_what_authenticates_us() -> None:
    """And an assertion has its moment."""
    credentials = ClientCredentials(client_id="shop", client_secret="s" * 32, method="client_secret_jwt")
    moment = AssertionMoment(now=NOW, identifier="jti-1")
    request = build_introspection(INTROSPECTION, credentials, "abc", moment=moment, headers=(("X-Tenant", "red"),))

    assert ("X-Tenant", "red") == request.headers[-1]
    assert "client_assertion" in dict(parse_qsl(request.body.decode()))
    assert MAX_ANSWER_BYTES == request.max_body_bytes


@pytest.mark.parametrize(
    ("claims", "name", "end"),
    [
        ({"exp": NOW + 60}, "exp", NOW + 60),
        ({}, "exp", None),
        ({"exp": "soon"}, "exp", None),
        ({"ttl": 60}, "ttl", NOW + 60),
        ({"ttl": NOW + 60}, "ttl", NOW + 60),
        ({"ttl": EARLIEST_TIME - 1}, "ttl", NOW + EARLIEST_TIME - 1),
        ({"ttl": EARLIEST_TIME}, "ttl", EARLIEST_TIME),
        ({"ttl": 600, "exp": NOW + 60}, "ttl", NOW + 60),
        ({"ttl": 6, "exp": NOW + 60}, "ttl", NOW + 6),
        ({"exp": NOW + 60}, "ttl", None),
        ({"ttl": True}, "ttl", None),
        ({"ttl": 0}, "ttl", None),
        ({"ttl": -5}, "ttl", None),
        ({"ttl": 60, "exp": "soon"}, "ttl", None),
    ],
)
def test_an_answer_is_remembered_until_its_expiry_claim(claims: dict[str, Any], name: str, end: float | None) -> None:
    """A time, or seconds from now; never beyond `exp`."""
    assert end == find_answer_end(claims, name, NOW)
