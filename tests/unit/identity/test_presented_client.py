"""How clients say who they are."""

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.identity.client_authentication import build_basic
from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.identity.presented_client import PresentedClient, parse_basic, read_presented_client

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def encode(pair: str) -> bytes:
    """Return the Authorization value of a pair as it is."""
    return b"Basic " + b64encode(pair.encode())


def refusal(authorization: bytes | None, parameters: dict[str, str]) -> tuple[str, str]:
    """Return error and reason with which a client is refused."""
    with pytest.raises(OAuthRefused) as caught:
        read_presented_client(authorization, parameters)
    return caught.value.error, caught.value.code


@given(client_id=TEXT, secret=TEXT)
def test_basic_credentials_are_read_as_they_were_built(client_id: str, secret: str) -> None:
    """Whatever stands in them: colons, spaces, percent signs, plus signs."""
    assert (client_id, secret) == parse_basic(build_basic(client_id, secret).encode())


@given(st.binary(max_size=60))
@example(b"Basic ")
@example(b"Basic YTpi")
@example(b"basic YTpi")
@example(b"Basic  YTpi")
@example(b"Basic YTpi=")
@example(b"Basic Og==")
@example(b"Basic YSV6ejpi")
@example(b"Bearer YTpi")
def test_whatever_comes_is_read_or_refused(authorization: bytes) -> None:
    """Nothing else is raised; what is read has an id and a secret."""
    with suppress(OAuthRefused):
        pair = parse_basic(authorization)
        assert pair is None or all(pair)


def test_each_way_is_read() -> None:
    """Basic, parameters, an assertion with and without a client id."""
    assert PresentedClient(by="basic", client_id="a", secret="b c") == read_presented_client(encode("a:b+c"), {})
    posted = {"client_id": "a", "client_secret": "b"}
    assert PresentedClient(by="parameters", client_id="a", secret="b") == read_presented_client(None, posted)
    signed = {"client_assertion": "x.y.z", "client_assertion_type": "urn:t"}
    expected = PresentedClient(by="assertion", client_id="", assertion="x.y.z", assertion_type="urn:t")
    assert expected == read_presented_client(None, signed)
    assert "a" == read_presented_client(None, signed | {"client_id": "a"}).client_id


def test_basic_may_come_with_the_same_client_id_as_a_parameter() -> None:
    """Some clients repeat it; another one would be a second client."""
    assert "a" == read_presented_client(encode("a:b"), {"client_id": "a"}).client_id
    assert ("invalid_request", "client_ambiguous") == refusal(encode("a:b"), {"client_id": "c"})


@pytest.mark.parametrize(
    ("authorization", "parameters"),
    [
        (encode("a:b"), {"client_secret": "b"}),
        (encode("a:b"), {"client_id": "a", "client_secret": "b"}),
        (encode("a:b"), {"client_assertion": "x"}),
        (None, {"client_id": "a", "client_secret": "b", "client_assertion": "x"}),
    ],
)
def test_two_ways_at_once_are_refused(authorization: bytes | None, parameters: dict[str, str]) -> None:
    """RFC 6749 §2.3: exactly one."""
    assert ("invalid_request", "client_ambiguous") == refusal(authorization, parameters)


@pytest.mark.parametrize(
    "parameters", [{}, {"client_id": "a"}, {"client_secret": "b"}, {"client_assertion_type": "urn:t"}]
)
def test_half_a_client_is_none(parameters: dict[str, str]) -> None:
    """The same refusal whether the id is known or not: nobody has looked."""
    assert ("invalid_client", "client_missing") == refusal(None, parameters)


def test_another_scheme_says_nothing_about_clients() -> None:
    """A program may send its old token along."""
    posted = {"client_id": "a", "client_secret": "b"}

    assert "parameters" == read_presented_client(b"Bearer old", posted).by
    assert ("invalid_client", "client_missing") == refusal(b"Bearer old", {})


@pytest.mark.parametrize(
    "value", [b"Basic", b"Basic !", encode("no-colon"), encode(":b"), encode("a:"), b"Basic  YTpi"]
)
def test_a_basic_header_that_is_none_is_refused(value: bytes) -> None:
    """Broken base64, no colon, an empty half, two spaces."""
    assert ("invalid_request", "token_request_malformed") == refusal(value, {})


def test_credentials_are_not_shown() -> None:
    """Only how they came."""
    assert "PresentedClient(basic)" == repr(read_presented_client(encode("a:hidden"), {}))
