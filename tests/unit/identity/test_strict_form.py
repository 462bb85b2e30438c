"""Forms and queries, read strictly."""

from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.identity.strict_form import MAX_FORM_BYTES, MAX_FORM_PARAMETERS, decode_form_text, parse_form

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.dictionaries(TEXT, TEXT.filter(bool), max_size=10))
def test_what_was_encoded_is_read(parameters: dict[str, str]) -> None:
    """Whatever the names and values are."""
    assert parameters == parse_form(urlencode(parameters).encode())


@given(st.binary(max_size=200))
@example(b"grant_type=client_credentials&client_id=a&client_secret=b")
@example(b"a=%zz")
@example(b"a=%")
@example(b"a=1&a=1")
@example(b"a&&=&b==c")
@example(b"a=%ff")
@example(b"%61=1&a=2")
@example(b"a=1;b=2")
def test_whatever_comes_is_read_or_refused(encoded: bytes) -> None:
    """Nothing else is raised, and what is read has no empty value."""
    with suppress(OAuthRefused):
        assert all(parse_form(encoded).values())


def test_a_plus_is_a_space() -> None:
    """As forms encode it; `%2B` is a plus."""
    assert {"a": "x y+z"} == parse_form(b"a=x+y%2Bz")


def test_parameters_without_a_value_count_as_left_out() -> None:
    """RFC 6749 §3.2."""
    assert {"b": "1"} == parse_form(b"scope=&a&b=1")


@pytest.mark.parametrize(
    "encoded",
    [b"a=1&a=1", b"a=&a=1", b"%61=1&a=2", b"a=%4", b"a=%gg", b"%=1", b"a=%ff", b"a=%ed%a0%80"],
)
def test_what_readers_would_disagree_about_is_refused(encoded: bytes) -> None:
    """Twice the same name, however it is spelled, broken escapes, text that is not UTF-8."""
    with pytest.raises(OAuthRefused) as caught:
        parse_form(encoded)

    assert "token_request_malformed" == caught.value.code


def test_there_is_a_limit_to_size_and_number() -> None:
    """8 KiB and 32 parameters are read, one more is not."""
    assert parse_form(b"a=" + b"x" * (MAX_FORM_BYTES - 2))
    many = b"&".join(b"p%d=1" % number for number in range(MAX_FORM_PARAMETERS))
    assert MAX_FORM_PARAMETERS == len(parse_form(many))
    for encoded in (b"a=" + b"x" * (MAX_FORM_BYTES - 1), many + b"&q=1"):
        with pytest.raises(OAuthRefused):
            parse_form(encoded)


def test_a_text_is_decoded_by_itself() -> None:
    """As HTTP Basic needs it."""
    assert "a:b c" == decode_form_text(b"a%3Ab+c")
