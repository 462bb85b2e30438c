"""The token endpoint's two halves."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.client_authentication import AssertionMoment, ClientCredentials
from ostiary.identity.token_endpoint import (
    TokenSet,
    build_code_exchange,
    build_refresh,
    build_revocation,
    read_revocation_response,
    read_token_response,
)
from tests.fakes.http_client import answer_json

GOOD = {"access_token": "abc", "token_type": "Bearer"}
ENDPOINT = "https://issuer.example/token"
CREDENTIALS = ClientCredentials(client_id="shop", client_secret="s3cret")
SIGNING = ClientCredentials(client_id="shop", client_secret="s" * 32, method="client_secret_jwt")
MOMENT = AssertionMoment(1_800_000_000.0, "an-identifier")


def fault(answer: OutboundResponse) -> ProviderFault:
    """Return the fault that an answer is."""
    with pytest.raises(ProviderFault) as caught:
        read_token_response(answer)
    return caught.value


@pytest.mark.parametrize("verifier", ["v" * 43, None])
def test_a_code_is_redeemed_with_what_it_was_asked_with(verifier: str | None) -> None:
    """Code, redirect URI, and the verifier when a challenge was sent."""
    request = build_code_exchange(
        ENDPOINT, CREDENTIALS, None, code="c&1", redirect_uri="https://a/cb", code_verifier=verifier
    )
    expected = {"grant_type": "authorization_code", "code": "c&1", "redirect_uri": "https://a/cb"}

    assert expected | ({} if verifier is None else {"code_verifier": verifier}) == dict(
        parse_qsl(request.body.decode())
    )


def test_tokens_are_refreshed_with_the_refresh_token() -> None:
    """RFC 6749 §6: naming no scope, because one that was not granted would be refused."""
    request = build_refresh(ENDPOINT, CREDENTIALS, None, refresh_token="r&1")

    assert {"grant_type": "refresh_token", "refresh_token": "r&1"} == dict(parse_qsl(request.body.decode()))
    assert "Authorization" in dict(request.headers)


@pytest.mark.parametrize("hint", ["refresh_token", None])
def test_a_token_is_revoked_by_its_name(hint: str | None) -> None:
    """With a hint of what it is, if we know."""
    request = build_revocation(ENDPOINT, CREDENTIALS, None, token="t&1", hint=hint)

    assert {"token": "t&1"} | ({} if hint is None else {"token_type_hint": hint}) == dict(
        parse_qsl(request.body.decode())
    )
    assert "Authorization" in dict(request.headers)


@pytest.mark.parametrize(
    "request_",
    [
        build_code_exchange(ENDPOINT, SIGNING, MOMENT, code="c", redirect_uri="https://a/cb", code_verifier=None),
        build_refresh(ENDPOINT, SIGNING, MOMENT, refresh_token="r"),
        build_revocation(ENDPOINT, SIGNING, MOMENT, token="t", hint=None),
    ],
)
def test_every_call_can_carry_an_assertion(request_: OutboundRequest) -> None:
    """Made at the moment that is given."""
    form = dict(parse_qsl(request_.body.decode()))

    assert {"client_id", "client_assertion", "client_assertion_type"} <= set(form)


@pytest.mark.parametrize("status", [200, 204])
def test_a_revocation_is_answered_with_nothing(status: int) -> None:
    """Whatever stands in the body."""
    read_revocation_response(OutboundResponse(status=status, body=b"<html>"))


@pytest.mark.parametrize(
    ("status", "document", "detail", "passing"),
    [
        (400, {"error": "unsupported_token_type", "error_description": "t1"}, "unsupported_token_type", False),
        (401, {"error": "invalid_client"}, "invalid_client", False),
        (503, {}, "status 503", True),
        (302, {}, "status 302", False),
    ],
)
def test_a_revocation_may_be_refused(status: int, document: dict[str, Any], detail: str, passing: bool) -> None:
    """RFC 7009 §2.2.1: with the errors of a token endpoint, or later."""
    with pytest.raises(ProviderFault) as refused:
        read_revocation_response(answer_json(document, status))

    assert ("revocation_refused", detail, passing) == (
        refused.value.code,
        refused.value.detail,
        refused.value.passing,
    )


def test_an_answer_is_read() -> None:
    """Whole, or with no more than it needs."""
    full = GOOD | {"expires_in": 300, "refresh_token": "r", "id_token": "i", "scope": "openid", "unknown": []}

    assert TokenSet(
        access_token="abc", token_type="Bearer", expires_in=300, refresh_token="r", id_token="i", scope="openid"
    ) == read_token_response(answer_json(full))
    assert TokenSet(access_token="abc", token_type="bearer") == read_token_response(
        answer_json({"access_token": "abc", "token_type": "bearer", "refresh_token": "", "id_token": None})
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [("openid profile", "openid profile"), (["openid", "profile"], "openid profile"), ("", None), ([], None)],
)
def test_scopes_may_come_as_an_array(value: Any, expected: str | None) -> None:
    """They are read as the specification writes them."""
    assert expected == read_token_response(answer_json(GOOD | {"scope": value})).scope


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (299.9, 299), ("300", 300), (None, None)])
def test_a_lifetime_is_whole_seconds(value: Any, expected: int | None) -> None:
    """In quotes, too; null says nothing."""
    assert expected == read_token_response(answer_json(GOOD | {"expires_in": value})).expires_in


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": ["abc"]},
        {"access_token": "a b"},
        {"access_token": "a\r\nX: y"},
        {"access_token": "ü"},
        {"token_type": None},
        {"token_type": "DPoP"},
        {"token_type": ["Bearer"]},
        {"expires_in": "soon"},
        {"expires_in": -1},
        {"expires_in": True},
        {"expires_in": 2**31},
        {"expires_in": "9" * 11},
        {"refresh_token": 7},
        {"id_token": {}},
        {"scope": ["openid", 7]},
        {"scope": {}},
    ],
)
def test_an_answer_with_wrong_members_is_refused(changes: dict[str, Any]) -> None:
    """Wrong types, another token type, and a token that no header can carry."""
    refused = fault(answer_json(GOOD | changes))

    assert ("token_answer_invalid", False) == (refused.code, refused.passing)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"access_token":"a","access_token":"b"}'])
def test_what_is_no_strict_object_is_refused(body: bytes) -> None:
    """A 200 is not enough."""
    assert "token_answer_invalid" == fault(OutboundResponse(status=200, body=body)).code


@pytest.mark.parametrize(
    ("status", "document", "detail", "passing"),
    [
        (400, {"error": "invalid_grant", "error_description": "code abc123 was used"}, "invalid_grant", False),
        (401, {"error": "invalid_client"}, "invalid_client", False),
        (503, {"error": "temporarily_unavailable"}, "temporarily_unavailable", True),
        (429, {}, "status 429", True),
        (400, {"error": "Code abc123!"}, "status 400", False),
        (400, {"error": ["invalid_grant"]}, "status 400", False),
        (302, {}, "status 302", False),
    ],
)
def test_a_refusal_tells_its_code_and_nothing_else(
    status: int, document: dict[str, Any], detail: str, passing: bool
) -> None:
    """What is written beside it may quote the code."""
    refused = fault(answer_json(document, status))

    assert ("token_refused", detail, passing) == (refused.code, refused.detail, refused.passing)


def test_a_refusal_without_json_tells_its_status() -> None:
    """An HTML page of a proxy, say."""
    assert ("token_refused", "status 502") == (
        (refused := fault(OutboundResponse(status=502, body=b"<html>"))).code,
        refused.detail,
    )


@given(st.binary(max_size=64))
def test_whatever_comes_is_read_or_a_fault(body: bytes) -> None:
    """Nothing else comes out."""
    assert "token_answer_invalid" == fault(OutboundResponse(status=200, body=body)).code


def test_a_token_set_shows_no_token() -> None:
    """Only what is there."""
    assert "TokenSet(refresh_token=True, id_token=False)" == repr(
        TokenSet(access_token="abc", token_type="Bearer", refresh_token="r")
    )
