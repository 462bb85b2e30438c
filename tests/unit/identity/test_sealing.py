"""Sealed texts: what was sealed is opened, by who may and where it belongs, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.sealing import (
    NONCE_BYTES,
    Sealer,
    bind,
    decode_base64url,
    encode_base64url,
    sealed_bytes,
)

NONCE = bytes(range(NONCE_BYTES))
SECRET = "a-secret-of-the-operator"
PLACE = bind("session", "client")


@given(st.binary(max_size=2000), st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_what_was_sealed_is_opened(plain: bytes, nonce: bytes) -> None:
    """The round trip, and a length that is known beforehand."""
    sealer = Sealer([SECRET], "test")
    sealed = sealer.seal(plain, PLACE, nonce)

    assert sealer.open(sealed, PLACE) == plain
    assert len(sealed) == sealed_bytes(len(plain))


@given(st.binary(max_size=300))
def test_what_was_not_sealed_is_not_opened(octets: bytes) -> None:
    """Random bytes and random base64url neither open nor raise."""
    sealer = Sealer([SECRET], "test")

    assert sealer.open(octets, PLACE) is None
    assert sealer.open(encode_base64url(octets), PLACE) is None


@given(st.integers(min_value=0, max_value=79), st.integers(min_value=1, max_value=255))
def test_one_changed_character_spoils_it(position: int, change: int) -> None:
    """Every bit of a sealed text counts, those that base64 leaves over included."""
    sealer = Sealer([SECRET], "test")
    sealed = bytearray(sealer.seal(b"thirty-two octets of plain text!", PLACE, NONCE))
    sealed[position % len(sealed)] ^= change

    assert sealer.open(bytes(sealed), PLACE) is None


@pytest.mark.parametrize(
    ("secret", "purpose", "binding"),
    [
        ("another-secret-of-somebody", "test", PLACE),
        (SECRET, "other", PLACE),
        (SECRET, "test", bind("session", "other")),
        (SECRET, "test", bind("sessionclient")),
        (SECRET, "test", b""),
    ],
)
def test_it_opens_only_with_its_secret_for_its_purpose_and_in_its_place(
    secret: str, purpose: str, binding: bytes
) -> None:
    """A text is worth nothing anywhere but where it was sealed for."""
    sealed = Sealer([SECRET], "test").seal(b"x", PLACE, NONCE)

    assert Sealer([secret], purpose).open(sealed, binding) is None


def test_a_changed_secret_still_opens_what_the_old_one_sealed() -> None:
    """The first secret seals, all of them open: nobody is signed out by a rotation."""
    old, new = Sealer([SECRET], "test"), Sealer(["a-newer-secret-than-that", SECRET], "test")

    assert new.open(old.seal(b"x", PLACE, NONCE), PLACE) == b"x"
    assert old.open(new.seal(b"x", PLACE, NONCE), PLACE) is None


def test_the_seal_shows_nothing_of_what_is_in_it() -> None:
    """Equal texts under different nonces have nothing in common."""
    sealer = Sealer([SECRET], "test")
    first, second = (sealer.seal(b"a" * 64, PLACE, bytes([n]) * NONCE_BYTES) for n in (1, 2))

    assert first != second
    assert b"aaaa" not in first


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_two_tuples_never_bind_alike(first: list[str], second: list[str]) -> None:
    """Length prefixes: no joining of parts can be mistaken for another."""
    first = [part.encode("utf-8", "replace").decode() for part in first]
    second = [part.encode("utf-8", "replace").decode() for part in second]

    assert (bind(*first) == bind(*second)) == (first == second)


@given(st.binary(max_size=100))
def test_base64url_has_one_spelling(octets: bytes) -> None:
    """What was encoded is decoded; the same bytes in any other spelling are refused."""
    text = encode_base64url(octets)

    assert decode_base64url(text) == octets
    assert decode_base64url(text + b"=") is None


@pytest.mark.parametrize("text", [b"+/+/", b"YQ==", b"YR", b"Y", b"Y Q", b"YQ\n", b"\xff", b"YWI=", b"a.b"])
def test_other_spellings_of_base64_are_refused(text: bytes) -> None:
    """Standard alphabet, padding, white space, stray bits: nothing is repaired."""
    assert decode_base64url(text) is None


def test_misuse_is_refused() -> None:
    """No secret, or a nonce of another size, is a mistake of ours."""
    with pytest.raises(ValueError, match="secret"):
        Sealer([], "test")
    with pytest.raises(ValueError, match="nonce"):
        Sealer([SECRET], "test").seal(b"x", PLACE, b"short")
