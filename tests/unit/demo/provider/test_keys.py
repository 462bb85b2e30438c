"""The signing key: what it signs it recognises, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from ostiary.demo.provider.keys import InvalidTokenError, SigningKey
from tests.unit.demo.provider.world import header_of


def test_what_it_signs_it_reads(key: SigningKey) -> None:
    """Claims and all."""
    assert key.read(key.sign({"sub": "x", "n": [1]})) == {"sub": "x", "n": [1]}


def test_the_published_key_is_the_public_one_under_its_thumbprint(key: SigningKey) -> None:
    """RFC 7517 and RFC 7638; the private members stay here."""
    (published,) = json.loads(key.jwks)["keys"]
    assert set(published) == {"kty", "n", "e", "use", "alg", "kid"}
    assert (published["kty"], published["use"], published["alg"]) == ("RSA", "sig", "RS256")
    assert published["kid"] == RSAKey.import_key(published).thumbprint()
    assert header_of(key.sign({})) == {"alg": "RS256", "typ": "JWT", "kid": published["kid"]}


def test_another_type_is_not_read(key: SigningKey) -> None:
    """An access token is no ID token."""
    with pytest.raises(InvalidTokenError):
        key.read(key.sign({}, "at+jwt"))
    assert key.read(key.sign({}, "at+jwt"), "at+jwt") == {}


def test_another_keys_token_is_not_read(key: SigningKey) -> None:
    """Every run has its own."""
    with pytest.raises(InvalidTokenError):
        key.read(SigningKey().sign({"sub": "x"}))


@pytest.mark.parametrize("token", ["", "x", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "\u00e9", "a" * 20_000])
def test_no_token_is_not_read(key: SigningKey, token: str) -> None:
    """Nor does the error's text repeat it."""
    with pytest.raises(InvalidTokenError) as caught:
        key.read(token)
    assert not token or token not in str(caught.value).split()


@given(st.text(max_size=200))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    """It is refused, whatever it is."""
    with pytest.raises(InvalidTokenError):
        _KEY.read(text)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_token_is_not_read(at: int, change: int) -> None:
    """Any byte of it, unless it decodes to the same bytes."""
    position = at % len(_TOKEN)
    changed = bytearray(_TOKEN.encode("ascii"))
    changed[position] ^= change
    try:
        claims = _KEY.read(changed.decode("latin-1"))
    except InvalidTokenError:
        return
    assert claims == {"sub": "x"}
    assert position == len(_TOKEN) - 1, "only the last character has bits that say nothing"


_KEY = SigningKey()
_TOKEN = _KEY.sign({"sub": "x"})
