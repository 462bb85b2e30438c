"""Reading requests: each parameter once, of bounded number, as text."""

from contextlib import suppress

import pytest
from authlib.oauth2 import OAuth2Error
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from ostiary.demo.provider.requests import ProtocolRequest, ReadRequest, read_parameters, read_query, refuse


def query(encoded: bytes) -> Request:
    """A request with this query."""
    return Request({"type": "http", "headers": [], "query_string": encoded})


def test_parameters_are_read_by_name() -> None:
    """Decoded; empty ones count as absent (RFC 6749 section 3.1)."""
    assert read_query(query(b"a=1&b=%C3%A9+x&c=&d")) == {"a": "1", "b": "\u00e9 x"}


def test_one_that_comes_twice_is_refused() -> None:
    """Even with the same value: two readers might each take another."""
    with pytest.raises(OAuth2Error) as caught:
        read_parameters([("a", "1"), ("a", "1")])
    assert caught.value.error == "invalid_request"


def test_the_resource_parameter_may_repeat_and_is_not_used() -> None:
    """RFC 8707 section 2."""
    assert read_parameters([("resource", "a"), ("resource", "b"), ("x", "y")]) == {"x": "y"}


@pytest.mark.parametrize("encoded", [b"a=%ff", b"a=\xff", b"&".join(b"a%d=1" % n for n in range(101))])
def test_what_cannot_be_read_is_refused(encoded: bytes) -> None:
    """Bytes that are no text, and too many of them."""
    with pytest.raises(OAuth2Error) as caught:
        read_query(query(encoded))
    assert caught.value.error == "invalid_request"


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(encoded: bytes) -> None:
    """They are read or refused."""
    with suppress(OAuth2Error):
        assert isinstance(read_query(query(encoded)), dict)


def test_authlib_finds_parameters_as_payload_and_as_form() -> None:
    """They are the same ones."""
    request = ProtocolRequest(ReadRequest("POST", "http://127.0.0.1:9090/token", {}, {"grant_type": "password"}))
    assert request.payload.grant_type == "password"
    assert request.form == {"grant_type": "password"}


def test_an_error_has_its_code_and_no_address() -> None:
    """So it is shown, unless somebody adds one."""
    error = refuse("invalid_request", "No.")
    assert (error.error, error.description, error.redirect_uri) == ("invalid_request", "No.", None)
