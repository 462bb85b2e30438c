"""The bytes that a cookie_secret stands for."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.plugins.oidc.cookie_secret import LENGTHS, decode_cookie_secret

DOCUMENTED = "nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY="


def test_the_documented_secret_has_32_bytes() -> None:
    """With and without its padding it is the same secret."""
    decoded = decode_cookie_secret(DOCUMENTED)

    assert 32 == len(decoded)
    assert decoded == decode_cookie_secret(DOCUMENTED.rstrip("="))


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("0123456789abcdef", b"0123456789abcdef"),  # base64 of 12 bytes, so the text itself
        ("a secret of 24 bytes, so", b"a secret of 24 bytes, so"),
        ("QUFBQUFBQUFBQUFBQUFBQQ==", b"A" * 16),
        ("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB", b"A" * 24),  # 32 characters, but base64 of 24 bytes
        ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 8, "\N{LATIN SMALL LETTER E WITH ACUTE}".encode() * 8),
        ("QUFBQUFBQUFBQUFBQUFBQR", b"A" * 16),  # Go does not mind what the last character has left over
    ],
)
def test_base64_goes_first_where_it_fits(text: str, decoded: bytes) -> None:
    """Otherwise the text's own bytes are the secret."""
    assert decoded == decode_cookie_secret(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("too short", "this one has 9 as it is written"),
        ("", "this one has 0 as it is written and 0 decoded from base64"),
        ("nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n/8DCfY=", "this one has 44 as it is written"),
        ("QUFBQUFBQUFBQUFBQUE=", "this one has 20 as it is written and 14 decoded from base64"),
    ],
)
def test_another_length_is_refused_without_telling_the_secret(text: str, told: str) -> None:
    """Standard base64 is none of the accepted spellings."""
    with pytest.raises(ValueError, match=told) as caught:
        decode_cookie_secret(text)

    assert not text or text not in str(caught.value)


@given(st.sampled_from(LENGTHS).flatmap(lambda length: st.binary(min_size=length, max_size=length)), st.booleans())
def test_what_is_encoded_is_decoded(octets: bytes, keeps_padding: bool) -> None:
    """As the documented command makes them."""
    text = urlsafe_b64encode(octets).decode()

    assert octets == decode_cookie_secret(text if keeps_padding else text.rstrip("="))
