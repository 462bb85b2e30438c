"""The UserInfo endpoint's two halves."""

from typing import Any

import pytest

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.userinfo import build_userinfo_request, read_userinfo
from tests.fakes.http_client import answer_json


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
    """Signed answers are not supported yet."""
    assert "userinfo_answer_invalid" == fault(answer).code
