"""Headers of the client's request that go along with an introspection."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from ostiary.resource_server.addon_headers import compile_addon_names, digest_credentials, read_addon_headers
from tests.fakes.requests import make_request

NAMES = compile_addon_names(["X-Tenant", "X-Region"])


def test_only_the_named_ones_are_read_and_only_where_they_are() -> None:
    """Under the operator's spelling, whatever the client's."""
    request = make_request(headers={"x-tENANT": "red", "X-Other": "1"})

    assert (("X-Tenant", "red"),) == read_addon_headers(request, NAMES)
    assert () == read_addon_headers(make_request(), NAMES)


def test_what_no_header_may_carry_on_is_left_out() -> None:
    """As if the client had not sent it."""
    request = make_request(headers={"X-Tenant": "r\xe9d", "X-Region": "north"})

    assert (("X-Region", "north"),) == read_addon_headers(request, NAMES)


TEXTS = st.text(alphabet="ab:, ", max_size=4)


@given(st.lists(st.tuples(st.binary(max_size=4), st.lists(st.tuples(TEXTS, TEXTS), max_size=2)), max_size=2))
def test_credentials_with_other_headers_have_another_digest(pairs: list[tuple[bytes, list[tuple[str, str]]]]) -> None:
    """No two look alike, and none looks like a header alone."""
    values = [(authorization, tuple(addons)) for authorization, addons in pairs]
    digests = [digest_credentials(*value) for value in values]

    assert len(set(values)) == len(set(digests))
    assert not {sha256(authorization).digest() for authorization, _ in values} & set(digests)
