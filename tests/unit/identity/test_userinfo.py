"""The UserInfo endpoint's two halves."""

from typing import Any

import msgspec
import pytest
from joserfc.jwk import OctKey

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.jose import UnknownKey
from ostiary.identity.keys import read_key_set
from ostiary.identity.userinfo import ExpectedUserinfo, build_userinfo_request, read_userinfo
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import CLIENT_ID, ISSUER, answer_keys, assemble, make_key, sign

KEYS = read_key_set(answer_keys())
EXPECTED = ExpectedUserinfo(issuer=ISSUER, client_id=CLIENT_ID)


def fault(answer: OutboundResponse) -> ProviderFault:
    """Return the fault that an answer is, for the subject user-1."""
    with pytest.raises(ProviderFault) as caught:
        read_userinfo(answer, "user-1")
    return caught.value


def test_the_token_goes_into_the_header() -> None:
    """Never into the query."""
    request = build_userinfo_request("https://issuer.example/userinfo", "abc")

    assert ("GET", "https://issuer.example/userinfo") == (request.method, request.url)
    assert ("Authorization", "Bearer abc") in request.headers


def test_an_answer_about_the_same_subject_is_read() -> None:
    """All of it."""
    claims = {"sub": "user-1", "name": "Zoë", "groups": ["a"]}

    assert claims == read_userinfo(answer_json(claims), "user-1")


@pytest.mark.parametrize("subject", ["user-2", "USER-1", "", None, 7, ["user-1"]])
def test_an_answer_about_another_subject_is_refused(subject: Any) -> None:
    """The conformance suite calls it userinfo-invalid-sub; the text names neither subject."""
    refused = fault(answer_json({"sub": subject, "name": "Mallory"}))

    assert ("userinfo_subject_mismatch", False) == (refused.code, refused.passing)
    assert "user-" not in refused.detail


@pytest.mark.parametrize(
    ("status", "code", "passing"),
    [(401, "userinfo_refused", False), (302, "userinfo_refused", False), (500, "userinfo_refused", True),
     (429, "userinfo_refused", True)],
)  # fmt: skip
def test_another_status_is_a_refusal(status: int, code: str, passing: bool) -> None:
    """5xx and 429 pass by themselves."""
    refused = fault(OutboundResponse(status=status))

    assert (code, passing) == (refused.code, refused.passing)


@pytest.mark.parametrize(
    "answer",
    [
        OutboundResponse(status=200, body=b"<html>"),
        OutboundResponse(status=200, body=b'["user-1"]'),
        OutboundResponse(status=200, body=b'{"sub":"user-1","sub":"user-1"}'),
        OutboundResponse(
            status=200, headers=(("content-type", "application/jwt; charset=utf-8"),), body=b'{"sub":"user-1"}'
        ),
    ],
)
def test_what_is_no_plain_object_is_refused(answer: OutboundResponse) -> None:
    """A signed answer that nobody can verify is none."""
    assert "userinfo_answer_invalid" == fault(answer).code


def answer_jwt(raw: str) -> OutboundResponse:
    """Make a signed answer."""
    return OutboundResponse(status=200, headers=(("content-type", "application/jwt"),), body=raw.encode())


def userinfo(**changes: Any) -> dict[str, Any]:
    """Return the claims of a signed answer."""
    return {"iss": ISSUER, "aud": CLIENT_ID, "sub": "user-1", "name": "Zoë"} | changes


def test_a_signed_answer_is_verified_and_read() -> None:
    """OpenID Connect Core §5.3.2; with the client secret where that was announced."""
    assert userinfo() == read_userinfo(answer_jwt(sign(userinfo()) + "\n"), "user-1", KEYS, EXPECTED)

    secret = "s" * 32
    expected = msgspec.structs.replace(EXPECTED, algorithms=frozenset({"HS256"}), client_secret=secret)
    signed = sign(userinfo(aud=["other", CLIENT_ID]), OctKey(secret.encode(), None), alg="HS256")
    assert "user-1" == read_userinfo(answer_jwt(signed), "user-1", KEYS, expected)["sub"]
    assert secret not in repr(expected)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (sign(userinfo(iss="https://evil.example")), "token_issuer"),
        (sign(userinfo(iss=None)), "token_issuer"),
        (sign(userinfo(aud="other")), "token_audience"),
        (sign(userinfo(aud=None)), "token_audience"),
        (sign(userinfo(), header={"typ": "at+jwt"}), "token_type"),
        (sign(userinfo(), make_key(number=1)), "token_signature"),
        (sign(userinfo(), OctKey(b"s" * 32, None), alg="HS256"), "token_algorithm"),
        (assemble({"alg": "none"}, userinfo()), "token_algorithm"),
        (assemble({"alg": "none"}, userinfo(), b""), "token_malformed"),
        (f"{sign(userinfo())}.AAAA.AAAA", "token_encrypted"),
    ],
)
def test_a_signed_answer_that_fails_a_check_is_refused(raw: str, code: str) -> None:
    """The text says which one."""
    with pytest.raises(ProviderFault, match="userinfo_answer_invalid") as caught:
        read_userinfo(answer_jwt(raw), "user-1", KEYS, EXPECTED)
    assert code in caught.value.detail


def test_a_signed_answer_about_somebody_else_is_refused_and_a_new_key_is_asked_for() -> None:
    """A signature proves nothing about whose token was shown."""
    with pytest.raises(ProviderFault, match="userinfo_subject_mismatch"):
        read_userinfo(answer_jwt(sign(userinfo(sub="user-2"))), "user-1", KEYS, EXPECTED)
    with pytest.raises(UnknownKey):
        read_userinfo(answer_jwt(sign(userinfo(), kid="key-2")), "user-1", KEYS, EXPECTED)
