"""The kinds of values that attributes of `oauth2` have: what is taken, and what is refused with what to write."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ostiary.errors import ClientFault
from ostiary.http.target import parse_target
from ostiary.plugins.oauth2.values import AuthPath, ClientId, ClientSecret, ConsumerName, HeaderName


def take(kind: Any, value: object) -> Any:
    """Read a value of a kind."""
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: Any, value: object) -> str:
    """Say why a value is refused."""
    with pytest.raises(ValidationError) as refused:
        take(kind, value)
    return str(refused.value)


@pytest.mark.parametrize("kind", [ConsumerName, ClientId])
def test_unsigned_numbers_are_read_as_their_digits(kind: Any) -> None:
    """As Higress reads them; nothing else that is no text is."""
    assert ("4711", "0") == (take(kind, 4711), take(kind, 0))
    assert "4711" == take(ClientSecret, 4711).get_secret_value()
    for value in (-1, 1.5, True, None, ["a"]):
        assert "string" in refusal(kind, value)


@pytest.mark.parametrize("name", ["consumer1", "Team A / batch", "~"])
def test_names_are_what_a_header_can_carry(name: str) -> None:
    """Printable ASCII."""
    assert name == take(ConsumerName, name)


@pytest.mark.parametrize("name", ["", " a", "a ", "a\r\nX-Admin: 1", "a\n", "héllo", "名", "a\x00", "x" * 257])
def test_other_names_are_refused(name: str) -> None:
    """Nothing that a header would lose, change or break at."""
    assert refusal(ConsumerName, name)


@pytest.mark.parametrize(
    ("secret", "words"),
    [("", "anybody could make tokens"), ("-----BEGIN PUBLIC KEY-----\nMII", "is a key or certificate"),
     ("x" * 1025, "longer than 1024")],
)  # fmt: skip
def test_what_is_no_secret_is_refused(secret: str, words: str) -> None:
    """Empty, a public key, a file."""
    assert words in refusal(ClientSecret, secret)


@pytest.mark.parametrize(
    ("written", "path"),
    [("/oauth2/token", "/oauth2/token"), ("test/token", "/test/token"), ("", "/"), ("/", "/"), ("/tök", "/tök"),
     ("/token/", "/token/")],
)  # fmt: skip
def test_a_token_path_gets_its_slash(written: str, path: str) -> None:
    """As Higress reads it."""
    assert path == take(AuthPath, written)


@pytest.mark.parametrize(
    "written", ["/a?b", "/a#b", "/a b", "//token", "/a/../token", "/a%2Ftoken", "/%74", "/a\\b", "/a\n"]
)
def test_a_path_that_no_request_has_is_refused(written: str) -> None:
    """Paths are compared decoded and without tricks."""
    assert "no request could have such a path" in refusal(AuthPath, written)


@given(st.text(max_size=40))
@example("/oauth2/token")
@example("oauth2/%74oken")
@example("/..;/token")
@example("\ud800")
def test_a_path_that_is_taken_is_one_that_a_request_can_have(written: str) -> None:
    """Whatever was written."""
    try:
        path = take(AuthPath, written)
    except ValidationError:
        return
    try:
        assert path == parse_target(quote(path).encode()).path
    except ClientFault:
        pytest.fail("it was taken, and no request has it")


@pytest.mark.parametrize("name", ["Authorization", "X-Token", "token"])
def test_a_token_may_come_in_its_own_header(name: str) -> None:
    """Or in the usual one."""
    assert name == take(HeaderName, name)


@pytest.mark.parametrize("name", ["Cookie", "Host", "Connection", "Content-Length", "Proxy-Authorization"])
def test_headers_that_mean_something_else_are_refused(name: str) -> None:
    """Framing, cookies, hops."""
    assert "about a connection, or holds cookies" in refusal(HeaderName, name)


@pytest.mark.parametrize("name", ["X-Mse-Consumer", "x-access-token", "X-Auth-Token", "X-Forwarded-User"])
def test_headers_that_the_gateway_takes_from_nobody_are_refused(name: str) -> None:
    """They would never arrive."""
    assert "takes nothing from clients" in refusal(HeaderName, name)
    assert refusal(HeaderName, "X_Token")
