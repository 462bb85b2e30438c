"""Reading a compact JWS strictly."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.jose import (
    MAX_TOKEN_BYTES,
    HeaderMemory,
    TokenRefused,
    UnknownKey,
    check_type,
    parse_compact_token,
)
from tests.fakes.issuer import access_claims, assemble, encode, sign

HEADER = {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def refusal(raw: bytes | str) -> str:
    """Return the code with which a token is refused."""
    with pytest.raises(TokenRefused) as caught:
        parse_compact_token(raw.encode("latin-1") if isinstance(raw, str) else raw)
    return caught.value.code


@given(st.dictionaries(TEXT, TEXT | st.integers(-(2**60), 2**60), max_size=5), st.binary(min_size=1, max_size=64))
def test_what_was_assembled_is_read(claims: dict[str, Any], signature: bytes) -> None:
    """Header, claims, payload bytes, signing input and signature come back as they went in."""
    raw = assemble(HEADER, claims, signature).encode()

    token = parse_compact_token(raw)

    assert (token.algorithm, token.type, token.key_id) == ("RS256", "JWT", "key-1")
    assert (token.claims, token.signature, token.raw) == (claims, signature, raw)
    assert encode(token.payload) == raw.split(b".")[1]
    assert token.signing_input == raw.rpartition(b".")[0]


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    """A refusal is the only way out."""
    with pytest.raises(TokenRefused):
        parse_compact_token(raw)


@given(st.data())
def test_a_token_has_one_spelling(data: st.DataObject) -> None:
    """Whatever one character is replaced by, the token is refused or reads differently."""
    raw = sign(access_claims()).encode()
    position = data.draw(st.integers(0, len(raw) - 1))
    other = data.draw(st.sampled_from(b"ABCxyz019-_.=+/ \n"))
    changed = raw[:position] + bytes([other]) + raw[position + 1 :]
    token = parse_compact_token(raw)

    try:
        again = parse_compact_token(changed)
    except TokenRefused:
        return
    same = (again.signing_input, again.signature) == (token.signing_input, token.signature)
    assert (changed == raw) == same


def test_the_size_limit_is_exact() -> None:
    """16 KiB are read, one byte more is not."""
    largest = next(
        raw
        for size in range(12_100, 12_300)
        if len(raw := assemble(HEADER, {"a": "x" * size}, b"signed")) == MAX_TOKEN_BYTES
    )

    assert len(parse_compact_token(largest.encode()).claims["a"]) > 12_000
    assert "token_too_large" == refusal(largest + "A")
    assert "token_too_large" == refusal("." * 1_000_000)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "token_malformed"),
        ("invalid-access-token", "token_malformed"),
        ("a.b", "token_malformed"),
        ("a.b.c.d", "token_malformed"),
        ("a.b.c.d.e", "token_encrypted"),
        ("..", "token_malformed"),
        (assemble(HEADER, {"a": 1}) + "==", "token_malformed"),
        (assemble(HEADER, {"a": 1}) + " ", "token_malformed"),
        (assemble(HEADER, {"a": 1}).replace(".", ".\n", 1), "token_malformed"),
        (assemble(HEADER, {"a": 1}) + "é", "token_malformed"),
        (assemble(HEADER, {"a": 1}, b""), "token_malformed"),
        ("AAAAA.AAAA.AAAA", "token_malformed"),
        (assemble(HEADER, {"a": 1}, b"x").removesuffix("eA") + "eB", "token_malformed"),
        (assemble(HEADER, {"a": 1}, b"xy").removesuffix("eHk") + "eHl", "token_malformed"),
        (assemble(b"not json", {"a": 1}), "token_json"),
        (assemble(HEADER, b"[1]"), "token_json"),
        (assemble(HEADER, b'"text"'), "token_json"),
        (assemble(b'{"alg":"none","alg":"RS256"}', {"a": 1}), "token_json"),
        (assemble(HEADER, b'{"sub":"a","sub":"b"}'), "token_json"),
        (assemble(HEADER, b'{"aud":"a", "aud":"b"}'), "token_json"),
        (assemble(HEADER, '{"sub":"a"}'.encode("utf-16")), "token_json"),
        (assemble(HEADER, b'\xef\xbb\xbf{"sub":"a"}'), "token_json"),
        (assemble(HEADER, b'{"sub":"\\ud800"}'), "token_json"),
        (assemble(HEADER, b'{"exp":NaN}'), "token_json"),
        (assemble(HEADER, b'{"exp":Infinity}'), "token_json"),
        (assemble(HEADER, b'{"a":' + b"[" * 6000 + b"]" * 6000 + b"}"), "token_json"),
    ],
)
def test_what_is_no_strict_compact_token_is_refused(raw: str, code: str) -> None:
    """Segments, alphabet, padding, spare bits, strict JSON."""
    assert code == refusal(raw)


@pytest.mark.parametrize(
    "members",
    [
        {"alg": None},
        {"alg": 256},
        {"alg": ["RS256"]},
        {"crit": []},
        {"crit": ["b64"]},
        {"b64": False},
        {"enc": "A128GCM"},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"kid": 7},
        {"kid": "k" * 257},
        {"kid": "k" * 10_000},
        {"typ": 7},
        {"typ": ["JWT"]},
    ],
)
def test_a_header_that_asks_for_more_is_refused(members: dict[str, Any]) -> None:
    """`crit` in every form, what belongs to encrypted or nested tokens, and members of the wrong type."""
    assert "token_header" == refusal(assemble(HEADER | members, {"a": 1}))


def test_a_header_without_alg_is_refused() -> None:
    """The algorithm is never guessed."""
    assert "token_header" == refusal(assemble({"typ": "JWT"}, {"a": 1}))


def test_key_id_and_type_may_be_absent() -> None:
    """And a key id may have 256 characters."""
    bare = parse_compact_token(assemble({"alg": "RS256"}, {"a": 1}).encode())
    long = parse_compact_token(assemble(HEADER | {"kid": "k" * 256}, {"a": 1}).encode())

    assert (bare.key_id, bare.type, long.key_id) == (None, None, "k" * 256)


@pytest.mark.parametrize(
    ("kind", "accepted"),
    [("JWT", True), ("jwt", True), ("application/jwt", True), (None, True), ("at+jwt", False), ("", False)],
)
def test_the_type_is_one_of_those_accepted(kind: str | None, accepted: bool) -> None:
    """Compared without case and without `application/`; absent is fine."""
    token = parse_compact_token(assemble({"alg": "RS256"} | ({} if kind is None else {"typ": kind}), {"a": 1}).encode())

    if accepted:
        check_type(token, frozenset({"jwt"}))
    else:
        with pytest.raises(TokenRefused, match="token_type"):
            check_type(token, frozenset({"jwt"}))


def test_neither_token_nor_refusal_show_what_they_hold() -> None:
    """A token in a log is a token stolen."""
    token = parse_compact_token(assemble(HEADER, {"secret": "hunter2"}).encode())

    assert "CompactToken(RS256)" == repr(token)
    assert "token_key_unknown" == str(UnknownKey("key-2"))


def test_base64_with_the_standard_alphabet_is_refused() -> None:
    """`+` and `/` are another alphabet."""
    raw = assemble(HEADER, {"a": "~~~???>>>"}, b"\xfb\xff\xfe")
    standard = raw.translate(str.maketrans("-_", "+/"))

    assert standard != raw
    assert "token_malformed" == refusal(standard)
    assert urlsafe_b64encode(b"\xfb\xff\xfe").decode() in raw


def test_a_header_that_was_met_before_is_read_the_same() -> None:
    """Also between tokens with other headers; more of them than are remembered change nothing."""
    headers = HeaderMemory()
    for number in (*range(100), 0, 99):
        raw = assemble({**HEADER, "kid": f"key-{number}"}, {"sub": str(number)}, b"signature").encode()
        first, again = parse_compact_token(raw, headers), parse_compact_token(raw, headers)

        assert ("RS256", "JWT", f"key-{number}") == (first.algorithm, first.type, first.key_id)
        assert ("RS256", "JWT", f"key-{number}") == (again.algorithm, again.type, again.key_id)
        assert {"sub": str(number)} == again.claims


def test_a_refused_header_is_refused_again() -> None:
    """Nothing that was refused is remembered as read."""
    headers = HeaderMemory()
    raw = assemble({**HEADER, "crit": ["x"]}, {"sub": "s"}, b"signature").encode()
    for _ in range(2):
        with pytest.raises(TokenRefused, match="token_header"):
            parse_compact_token(raw, headers)


def test_an_empty_signature_is_read_only_where_that_was_asked_for() -> None:
    """And then only under `none` (RFC 7518 §3.6)."""
    unsigned = assemble({"alg": "none"}, {}, b"").encode()

    assert b"" == parse_compact_token(unsigned, accept_unsigned=True).signature
    for raw in (unsigned, assemble({"alg": "RS256"}, {}, b"").encode()):
        with pytest.raises(TokenRefused, match="token_malformed"):
            parse_compact_token(raw, accept_unsigned=raw is not unsigned)
