"""Claims with their exact types."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.claims import (
    check_audience,
    check_expiry,
    check_issued_at,
    check_issuer,
    check_not_before,
    check_subject,
    check_token_use,
    read_scopes,
    read_session_id,
    read_text,
    read_texts,
    read_time,
)
from ostiary.identity.jose import TokenRefused

SCOPE = st.text(st.sampled_from("abcXYZ019:/._-"), min_size=1, max_size=6)


@pytest.mark.parametrize("value", [1, 1.5, 1_800_000_000, 2**53 - 1])
def test_a_time_is_a_positive_number_below_2_to_the_53(value: float) -> None:
    """Whole or with fractions."""
    assert value == read_time({"exp": value}, "exp")


@pytest.mark.parametrize("value", [0, -1, -0.5, 2**53, 1e300, "1800000000", True, [1], {}])
def test_anything_else_is_no_time(value: Any) -> None:
    """Not even a number in quotes, or a truth value, which Python counts as one."""
    with pytest.raises(TokenRefused, match="token_claim"):
        read_time({"exp": value}, "exp")


@pytest.mark.parametrize("claims", [{}, {"a": None}])
def test_what_is_absent_or_null_is_none(claims: dict[str, Any]) -> None:
    """Null says nothing."""
    assert (None, None, ()) == (read_time(claims, "a"), read_text(claims, "a"), read_texts(claims, "a"))


@pytest.mark.parametrize("value", [1, True, ["a"], {}])
def test_a_text_is_a_text(value: Any) -> None:
    """Nothing is turned into one."""
    assert "a" == read_text({"a": "a"}, "a")
    with pytest.raises(TokenRefused, match="token_claim"):
        read_text({"a": value}, "a")


@pytest.mark.parametrize("value", [1, True, {}, ["a", 1], [["a"]], [None]])
def test_texts_are_one_text_or_an_array_of_texts(value: Any) -> None:
    """One wrong item spoils the array."""
    assert [("a",), ("a", "b"), ()] == [read_texts({"a": given}, "a") for given in ("a", ["a", "b"], [])]
    with pytest.raises(TokenRefused, match="token_claim"):
        read_texts({"a": value}, "a")


@given(st.lists(SCOPE, max_size=5))
def test_scopes_are_read_from_every_form(scopes: list[str]) -> None:
    """`scope` as text or array, `scp` as text or array."""
    expected = frozenset(scopes)

    assert expected == read_scopes({"scope": " ".join(scopes)}) == read_scopes({"scope": scopes})
    assert expected == read_scopes({"scp": " ".join(scopes)}) == read_scopes({"scp": scopes, "scope": None})


def test_scope_wins_over_scp_and_a_wrong_type_is_refused() -> None:
    """They are not added together: the standard claim says what was granted."""
    assert frozenset({"a"}) == read_scopes({"scope": "a", "scp": ["b"]})
    assert frozenset() == read_scopes({})
    with pytest.raises(TokenRefused, match="token_claim"):
        read_scopes({"scope": {"a": 1}})


def test_an_expiry_counts_until_the_tolerance_is_over() -> None:
    """To the second; without `exp` nothing counts."""
    assert 100 == check_expiry({"exp": 100}, 219.9, 120.0)
    for claims in ({"exp": 100}, {}, {"exp": None}):
        with pytest.raises(TokenRefused, match="token_expired"):
            check_expiry(claims, 220.0, 120.0)


def test_not_before_has_the_same_tolerance() -> None:
    """And may be absent."""
    check_not_before({"nbf": 320}, 200.0, 120.0)
    check_not_before({}, 200.0, 120.0)
    with pytest.raises(TokenRefused, match="token_not_yet_valid"):
        check_not_before({"nbf": 321}, 200.0, 120.0)


@pytest.mark.parametrize("subject", ["", "x" * 256, "ü", 7, None, ["a"]])
def test_a_subject_is_1_to_255_ascii_characters(subject: Any) -> None:
    """Longer, empty, or of another alphabet or type: refused."""
    check_subject({"sub": "x"})
    check_subject({"sub": "x" * 255})
    with pytest.raises(TokenRefused, match="token_subject"):
        check_subject({"sub": subject})


def test_a_refusal_about_time_says_how_far_off_it_was() -> None:
    """In seconds: a token of the past lies behind, one of the future ahead; without a time there is nothing to say."""

    def ahead_s(check: Any, claims: dict[str, Any]) -> float | None:
        with pytest.raises(TokenRefused) as refused:
            check(claims, 1000.0, 10.0)
        return refused.value.ahead_s

    assert -500 == ahead_s(check_expiry, {"exp": 500})
    assert 500 == ahead_s(check_not_before, {"nbf": 1500})
    assert ahead_s(check_expiry, {}) is None


@pytest.mark.parametrize("value", ["", 7, True, ["a"], {}])
def test_a_session_id_is_a_text_that_says_something(value: Any) -> None:
    """Or it is not there."""
    assert [None, None, "a"] == [read_session_id(claims) for claims in ({}, {"sid": None}, {"sid": "a"})]
    with pytest.raises(TokenRefused, match="token_claim"):
        read_session_id({"sid": value})


@pytest.mark.parametrize("use", ["id", "id_token", "refresh", "refresh_token", "Refresh_Token"])
def test_what_is_for_something_else_opens_nothing(use: str) -> None:
    """Signing in, or getting new tokens."""
    with pytest.raises(TokenRefused, match="token_type"):
        check_token_use({"token_use": use})


@pytest.mark.parametrize("claims", [{}, {"token_use": None}, {"token_use": "access"}, {"token_use": ["id"]}])
def test_whatever_else_a_use_says_is_nobodys_business(claims: dict[str, Any]) -> None:
    """The claim is registered nowhere."""
    check_token_use(claims)


def test_an_issuer_is_exactly_the_expected_one() -> None:
    """No slash is forgiven."""
    check_issuer({"iss": "https://a"}, "https://a")
    wrong: tuple[dict[str, Any], ...] = ({}, {"iss": "https://a/"})
    for claims in wrong:
        with pytest.raises(TokenRefused, match="token_issuer"):
            check_issuer(claims, "https://a")


def test_an_audience_is_us_and_those_who_are_trusted() -> None:
    """Who is trusted need not be there."""
    check_audience({"aud": "shop"}, "shop")
    check_audience({"aud": ["shop"]}, "shop", frozenset({"billing"}))
    check_audience({"aud": ["billing", "shop"]}, "shop", frozenset({"billing"}))
    wrong: tuple[dict[str, Any], ...] = ({}, {"aud": []}, {"aud": "billing"}, {"aud": ["shop", "billing"]})
    for claims in wrong:
        with pytest.raises(TokenRefused, match="token_audience"):
            check_audience(claims, "shop")
    with pytest.raises(TokenRefused, match="token_audience"):
        check_audience({"aud": "billing"}, "shop", frozenset({"billing"}))


def test_when_a_token_was_issued_lies_between_two_times() -> None:
    """Both belong to it; how far off another one was is told."""
    assert [900, 1010] == [check_issued_at({"iat": at}, 1000.0, 10.0, 100.0) for at in (900, 1010)]
    for issued_at, ahead_s in ((899, -101.0), (1011, 11.0), (None, None)):
        with pytest.raises(TokenRefused, match="token_issued_at") as caught:
            check_issued_at({"iat": issued_at}, 1000.0, 10.0, 100.0)
        assert ahead_s == caught.value.ahead_s
