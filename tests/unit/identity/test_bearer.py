"""Bearer tokens on the wire."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.bearer import MalformedCredentials, challenge, find_missing_scopes, parse_authorization

TOKEN68 = st.from_regex(re.compile(rb"[A-Za-z0-9\-._~+/]+={0,2}", re.ASCII), fullmatch=True)


@given(TOKEN68, st.sampled_from([b"Bearer", b"bearer", b"BEARER", b"bEaReR"]))
def test_a_bearer_token_is_read(token: bytes, scheme: bytes) -> None:
    """The scheme is compared without case."""
    assert token == parse_authorization(scheme + b" " + token)


@pytest.mark.parametrize(
    "value", [b"Basic c2hvcDpzM2NyZXQ=", b"DPoP abc", b"BearerX abc", b'Digest username="a"', b" x"]
)
def test_another_scheme_is_no_bearer_token(value: bytes) -> None:
    """It is somebody else's."""
    assert parse_authorization(value) is None


@pytest.mark.parametrize(
    "value",
    [
        b"", b"foo", b"Bearer", b"Bearer ", b"Bearer  abc", b"Bearer abc def", b"Bearer abc ", b"Bearer a,b",
        b"Bearer =", b"Bearer a=b", b'Bearer "abc"', b"Bearer abc\xff", b"Bearer abc\n", b"Bearer a\0b",
    ],
)  # fmt: skip
def test_a_malformed_header_is_refused(value: bytes) -> None:
    """No space, two, another alphabet."""
    with pytest.raises(MalformedCredentials):
        parse_authorization(value)


def test_the_challenges_are_those_of_the_documents() -> None:
    """Plain, invalid token with its fixed text, and the scopes that are needed."""
    assert 'Bearer realm="apisix"' == challenge("apisix")
    assert challenge("apisix", "invalid_token").startswith(
        'Bearer realm="apisix", error="invalid_token", error_description="The access token is '
    )
    assert 'Bearer realm="apisix", error="invalid_request"' == challenge("apisix", "invalid_request")
    assert 'Bearer realm="r", error="insufficient_scope", scope="a b"' == challenge("r", "insufficient_scope", "a b")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_every_realm_is_quoted_so_that_it_is_read_back(realm: str) -> None:
    """Quotes and backslashes end nothing."""
    value = challenge(realm)
    quoted = re.fullmatch(r'Bearer realm="((?:[^"\\]|\\.)*)"', value)

    assert quoted is not None
    assert realm == re.sub(r"\\(.)", r"\1", quoted[1])


@pytest.mark.parametrize("realm", ["a\r\nX: y", "a\0", "ü"])
def test_a_realm_that_no_header_can_carry_is_refused(realm: str) -> None:
    """Control bytes and other alphabets."""
    with pytest.raises(ValueError, match="realm"):
        challenge(realm)


@pytest.mark.parametrize("scope", ["", " ", "a  b", " a", 'a"b', "a\\b", "ü", "a\nb"])
def test_a_scope_that_is_none_is_refused(scope: str) -> None:
    """RFC 6749 §3.3 says which characters one has."""
    with pytest.raises(ValueError, match="scope"):
        challenge("r", "insufficient_scope", scope)


def test_missing_scopes_are_named_in_their_order() -> None:
    """Each is compared whole and with its case."""
    assert ("c", "A") == find_missing_scopes(["c", "a", "A"], frozenset({"a", "cc"}))
    assert () == find_missing_scopes([], frozenset())
