"""The answers of the endpoints, and of protected routes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.authorization_server.answers import (
    MAX_REALM_CHARACTERS,
    answer_json,
    deny_access,
    refuse_call,
    refuse_method,
    refuse_token,
)
from ostiary.authorization_server.clients import TooManyFailures
from ostiary.errors import ClientFault
from ostiary.gateway.replies import render_reply
from ostiary.identity.oauth_refusal import OAuthError, OAuthRefused
from ostiary.plugin import Reply
from tests.fakes.requests import make_request


def headers_of(reply: Reply) -> dict[str, str]:
    """Return the headers, of which none comes twice."""
    assert len(reply.headers) == len(dict(reply.headers))
    return dict(reply.headers)


def test_no_cache_keeps_an_answer() -> None:
    """RFC 6749 §5.1; and no browser repeats its address, which may hold a secret."""
    headers = headers_of(answer_json({"a": 1}, "token_issued"))

    assert ("no-store", "no-cache") == (headers["Cache-Control"], headers["Pragma"])
    assert ("application/json", "no-referrer") == (headers["Content-Type"], headers["Referrer-Policy"])


@pytest.mark.parametrize(
    ("error", "status", "challenges"),
    [("invalid_request", 400, False), ("invalid_scope", 400, False), ("unsupported_grant_type", 400, False),
     ("invalid_client", 401, True)],
)  # fmt: skip
def test_errors_have_the_status_of_the_specification(error: OAuthError, status: int, challenges: bool) -> None:
    """RFC 6749 §5.2; whoever gets a 401 is told the scheme (RFC 9110 §15.5.2)."""
    reply = refuse_call(OAuthRefused("some_reason", error, "what to do"))

    assert (status, "some_reason") == (reply.status, reply.reason)
    assert {"error": error, "error_description": "what to do"} == json.loads(reply.body)
    assert challenges == headers_of(reply).get("WWW-Authenticate", "").startswith("Basic ")


def test_who_failed_too_often_is_told_how_long_to_wait() -> None:
    """429, in seconds, for programs and for people."""
    reply = refuse_call(TooManyFailures(17))

    assert (429, "client_limited") == (reply.status, reply.reason)
    assert "17" == headers_of(reply)["Retry-After"]
    assert "17 seconds" in json.loads(reply.body)["error_description"]


def test_a_method_that_is_not_taken_is_told_which_are() -> None:
    """RFC 9110 §15.5.6."""
    reply = refuse_method("GET, POST")

    assert (405, "GET, POST") == (reply.status, headers_of(reply)["Allow"])


def test_protected_routes_answer_in_the_documents_words() -> None:
    """401 with a challenge, 403 without."""
    refused = refuse_token(make_request("GET", "/a/b?client_secret=hidden"), "token_expired")
    denied = deny_access("consumer_not_allowed")

    assert (401, b"Invalid Jwt token", "token_expired") == (refused.status, refused.body, refused.reason)
    assert 'Bearer realm="http://gateway.example/a/b"' == headers_of(refused)["WWW-Authenticate"]
    assert (403, b"Access Denied", "consumer_not_allowed") == (denied.status, denied.body, denied.reason)
    assert "WWW-Authenticate" not in headers_of(denied)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=400))
def test_no_address_breaks_out_of_the_realm(path: str) -> None:
    """Whatever path a request may have: one quoted string of limited length, on one line."""
    try:
        request = make_request("GET", f"/{path}")
    except ClientFault:
        return
    reply = refuse_token(request, "token_missing")
    challenge = headers_of(reply)["WWW-Authenticate"]
    realm = challenge.removeprefix('Bearer realm="').removesuffix('"')

    assert '"' not in realm
    assert len(realm) <= MAX_REALM_CHARACTERS
    assert "?" not in realm
    assert render_reply(reply, method="GET", date=b"x", close=False)
