"""Access tokens that the gateway issues: their claims, their HS256 form, and what is checked."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.issued_token import (
    IssuedClaims,
    build_token_id,
    check_origin,
    check_scope,
    check_times,
    find_revocation_id,
    read_issued_claims,
    sign_with_secret,
    verify_with_secret,
)
from ostiary.identity.jose import CompactToken, TokenRefused, parse_compact_token
from tests.fakes.machine_tokens import (
    NAME,
    SAMPLE,
    SAMPLE_AT,
    SAMPLE_EXPIRES_AT,
    SAMPLE_TOKEN,
    SECRET,
    make_claims,
    make_token,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def read(**changes: Any) -> tuple[CompactToken, IssuedClaims]:
    """Parse a token of changed claims and read them."""
    token = parse_compact_token(make_token(**changes).encode())
    return token, read_issued_claims(token)


def refusal_of_claims(**changes: Any) -> str:
    """Return the code with which the claims' types are refused."""
    with pytest.raises(TokenRefused) as caught:
        read(**changes)
    return caught.value.code


def test_the_documents_sample_is_made_byte_for_byte() -> None:
    """The same claims and the same secret give the same token."""
    assert SAMPLE_TOKEN == sign_with_secret(make_claims(), SECRET)


def test_the_documents_sample_is_read() -> None:
    """Its signature is that of its secret, and its claims say what the document says."""
    token = parse_compact_token(SAMPLE_TOKEN.encode())

    assert verify_with_secret(token, SECRET)
    assert not verify_with_secret(token, SECRET + "x")
    assert SAMPLE == read_issued_claims(token)


@given(secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), subject=TEXT, audience=TEXT)
def test_what_was_signed_is_read_and_nothing_else_is(secret: str, subject: str, audience: str) -> None:
    """Whatever the texts are: the claims come back, and a token with one bit changed has no valid signature."""
    raw = make_token(secret, sub=subject, aud=audience).encode()
    token = parse_compact_token(raw)
    claims = read_issued_claims(token)

    assert verify_with_secret(token, secret)
    assert (subject, audience) == (claims.subject, claims.audience)
    token.signature = bytes((token.signature[0] ^ 1,)) + token.signature[1:]
    assert not verify_with_secret(token, secret)


@pytest.mark.parametrize("name", ["aud", "client_id", "iss", "sub"])
@pytest.mark.parametrize("value", [None, 7, True, ["default"], {"a": 1}])
def test_texts_have_to_be_texts(name: str, value: object) -> None:
    """An audience that is an array is none of ours, and neither is anything left out."""
    assert "token_claim" == refusal_of_claims(**{name: value})


@pytest.mark.parametrize("name", ["exp", "iat"])
@pytest.mark.parametrize("value", [None, 1687944263.5, 1.0, "1687944263", True, 0, -1, 2**53, 1e300])
def test_times_have_to_be_whole_seconds(name: str, value: object) -> None:
    """No fraction, no text, nothing beyond what a number can hold."""
    assert "token_claim" == refusal_of_claims(**{name: value})


@pytest.mark.parametrize("changes", [{"nbf": "soon"}, {"nbf": 1.5}, {"jti": 7}])
def test_what_may_be_left_out_has_its_type_where_it_is(changes: dict[str, Any]) -> None:
    """`nbf` and `jti` are optional, and never guessed at."""
    assert "token_claim" == refusal_of_claims(**changes)
    assert read(nbf=None, jti=None)[1].token_id is None


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (SAMPLE_EXPIRES_AT + 60, None),
        (SAMPLE_EXPIRES_AT + 60.5, "token_expired"),
        (SAMPLE_EXPIRES_AT + 61, "token_expired"),
        (SAMPLE_AT - 60, None),
        (SAMPLE_AT - 60.5, "token_issued_at"),
    ],
)
def test_times_are_judged_with_the_tolerance(now: float, code: str | None) -> None:
    """Over after `exp` and 60 seconds, begun 60 seconds before `iat`."""
    assert code == refusal_of_times(now)


@pytest.mark.parametrize(("now", "code"), [(SAMPLE_AT + 940, None), (SAMPLE_AT + 939, "token_not_yet_valid")])
def test_not_before_is_judged_like_that_too(now: float, code: str | None) -> None:
    """RFC 7519 §4.1.5."""
    assert code == refusal_of_times(now, nbf=SAMPLE_AT + 1000)


def refusal_of_times(now: float, **changes: Any) -> str | None:
    """Return the code with which the times are refused at `now`, None when they are not."""
    try:
        check_times(read(**changes)[1], now, 60)
    except TokenRefused as refused:
        return refused.code
    return None


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "AT+JWT", "Application/At+Jwt"])
def test_both_spellings_of_the_type_are_one(kind: str) -> None:
    """RFC 9068 §4: a resource server accepts both; media types have no case."""
    token, claims = read()
    token.type = kind

    check_origin(claims, token, issuer="Higress-Gateway", subject=NAME)


@pytest.mark.parametrize("kind", [None, "JWT", "", "id+jwt", "logout+jwt", "application/application/at+jwt"])
def test_another_type_is_refused(kind: str | None) -> None:
    """Also a missing one: every token that is issued here says what it is."""
    token, claims = read()
    token.type = kind

    assert "token_type" == refusal_of_origin(claims, token)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"iss": "higress-gateway"}, "token_issuer"), ({"sub": "consumer2"}, "token_subject")],
)
def test_issuer_and_consumer_are_compared_exactly(changes: dict[str, str], code: str) -> None:
    """No case is folded; the name is the consumer's."""
    token, claims = read(**changes)

    assert code == refusal_of_origin(claims, token)


def refusal_of_origin(claims: IssuedClaims, token: CompactToken) -> str:
    """Return the code with which the origin is refused."""
    with pytest.raises(TokenRefused) as caught:
        check_origin(claims, token, issuer="Higress-Gateway", subject=NAME)
    return caught.value.code


@pytest.mark.parametrize("scope", [None, "read", "write", "write read"])
def test_a_scope_may_say_what_was_granted(scope: str | None) -> None:
    """In any order, or nothing."""
    check_scope(read(scope=scope)[0], ("read", "write"))


@pytest.mark.parametrize("scope", ["admin", "read admin", "read  write", "", "Read", ["read"], 7, True, {"read": 1}])
def test_a_scope_says_nothing_besides(scope: Any) -> None:
    """One more, an empty one, another spelling, or no text."""
    with pytest.raises(TokenRefused) as caught:
        check_scope(read(scope=scope)[0], ("read", "write"))

    assert "token_scope" == caught.value.code


def test_token_ids_are_random_uuids() -> None:
    """Version 4, as in the sample."""
    assert "00010203-0405-4607-8809-0a0b0c0d0e0f" == build_token_id(bytes(range(16)))
    with pytest.raises(ValueError, match="16-char"):
        build_token_id(b"short")


def test_what_is_taken_back_is_of_one_client() -> None:
    """The same `jti` of another client is another token, wherever the line between both is; one without has no id."""
    pairs = [("a", "bc"), ("ab", "c"), ("1:a", "bc"), ("a", "b")]
    ids = {find_revocation_id(msgspec.structs.replace(SAMPLE, client_id=who, token_id=jti)) for who, jti in pairs}

    assert len(pairs) == len(ids)
    assert find_revocation_id(msgspec.structs.replace(SAMPLE, token_id=None)) is None


def test_claims_show_nothing_of_themselves() -> None:
    """They tell who calls what."""
    assert "IssuedClaims(***)" == repr(read()[1])
