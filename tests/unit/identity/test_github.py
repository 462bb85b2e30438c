"""GitHub's API: what is asked, and what is made of its answers."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.github import build_api_request, read_email, read_organisations, read_profile


def answer(content: Any, status: int = 200) -> OutboundResponse:
    """An answer of the API."""
    return OutboundResponse(status=status, body=msgspec.json.encode(content))


def test_the_api_is_asked_with_the_access_token() -> None:
    """In the header, and nowhere else."""
    request = build_api_request("https://api.github.com/user", "gho_x")

    assert ("GET", "https://api.github.com/user") == (request.method, request.url)
    assert ("Authorization", "Bearer gho_x") in request.headers
    assert "gho_x" not in repr(request)


def test_the_subject_is_the_number_that_stays() -> None:
    """Names change; what is missing is not there."""
    claims = read_profile(
        answer({"id": 5, "login": "octocat", "name": None, "email": "o@example.com"}), "https://github.com", 9.5
    )

    assert {
        "iss": "https://github.com",
        "sub": "5",
        "iat": 9,
        "preferred_username": "octocat",
        "email": "o@example.com",
    } == claims


@pytest.mark.parametrize("content", [{}, {"id": "5"}, {"id": True}, {"id": 5.0}, [], "x", None])
def test_a_profile_without_a_number_is_nobodys(content: Any) -> None:
    """And so is what is no profile."""
    with pytest.raises(ProviderFault, match="profile_answer_invalid"):
        read_profile(answer(content), "https://github.com", 0.0)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_error_is_no_profile(status: int) -> None:
    """Whatever its body says."""
    with pytest.raises(ProviderFault, match="profile_answer_invalid"):
        read_profile(answer({"id": 5}, status), "https://github.com", 0.0)


def test_the_primary_address_counts() -> None:
    """With what is said of its being verified."""
    entries = [
        {"email": "a@b", "primary": False, "verified": True},
        {"email": "c@d", "primary": True, "verified": False},
    ]

    assert {"email": "c@d", "email_verified": False} == read_email(answer(entries))
    assert {} == read_email(answer(entries[:1]))
    assert {} == read_email(answer({"message": "Not Found"}, 404))


def test_organisations_are_named_by_their_login() -> None:
    """Without the scope there are none."""
    assert ["a", "b"] == read_organisations(answer([{"login": "a"}, {"login": 5}, "x", {"login": "b"}]))
    assert [] == read_organisations(answer({"message": "no"}, 403))
    with pytest.raises(ProviderFault):
        read_organisations(answer({"login": "a"}))


@given(st.binary(max_size=60))
def test_whatever_comes_is_an_answer_or_a_fault(body: bytes) -> None:
    """Nothing else comes out."""
    for read in (read_email, read_organisations, lambda response: read_profile(response, "https://github.com", 0.0)):
        try:
            read(OutboundResponse(status=200, body=body))
        except ProviderFault as fault:
            assert "profile_answer_invalid" == fault.code  # noqa: PT017
