"""The session record: what was written is read, what does not count is refused with its reason."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.session import (
    SESSION_VERSION,
    SessionRefused,
    build_family,
    build_session_id,
    build_ticket,
    encode_session,
    open_session,
    open_ticket,
)
from tests.fakes.sessions import make_session

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5), st.text(max_size=50), st.none() | st.text(max_size=50))
def test_what_was_written_is_read(claims: dict[str, Any], access_token: str, refresh_token: str | None) -> None:
    """Every JSON value survives."""
    session = make_session(id_token_claims=claims, access_token=access_token, refresh_token=refresh_token)

    assert open_session(encode_session(session), "shop") == session


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": SESSION_VERSION + 1}, "session_broken"),
        ({"version": SESSION_VERSION - 1}, "session_broken"),
        ({"client_id": "other"}, "session_foreign"),
    ],
)
def test_a_session_that_does_not_count_is_refused_with_its_reason(changes: dict[str, Any], code: str) -> None:
    """Another version, another client."""
    with pytest.raises(SessionRefused, match=code):
        open_session(encode_session(make_session(**changes)), "shop")


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(octets: bytes) -> None:
    """What is no record, or a record of another shape, never raises anything else."""
    with pytest.raises(SessionRefused, match="session_broken"):
        open_session(octets, "shop")


def test_a_record_with_more_fields_is_of_another_version() -> None:
    """Fields are told by their place, so that none is read as another."""
    fields = msgspec.msgpack.decode(encode_session(make_session()))

    with pytest.raises(SessionRefused, match="session_broken"):
        open_session(msgspec.msgpack.encode([*fields, "more"]), "shop")


@pytest.mark.parametrize("claims", [{"n": 2**70}, {"s": "\ud800"}, {"x": object()}])
def test_claims_that_cannot_be_kept_are_refused(claims: dict[str, Any]) -> None:
    """Numbers beyond 64 bits and lone surrogates have no spelling here."""
    with pytest.raises(ValueError, match="cannot be kept"):
        encode_session(make_session(id_token_claims=claims))


def test_a_session_shows_nothing_personal() -> None:
    """No token and no claim in its repr."""
    shown = repr(make_session(access_token="sesame", id_token_claims={"sub": "alice", "email": "a@example"}))

    assert "shop" in shown
    assert "sesame" not in shown
    assert "example" not in shown


def test_a_ticket_leads_to_its_session_and_shows_nothing() -> None:
    """Id, family and lifetime; no record passes for a ticket, and no ticket for a record."""
    record = make_session()
    ticket = open_ticket(encode_session(build_ticket(record)))

    assert (record.id, record.family, record.expires_at) == (ticket.id, ticket.family, ticket.expires_at)
    assert record.id not in repr(ticket)
    with pytest.raises(SessionRefused, match="session_broken"):
        open_ticket(encode_session(record))
    with pytest.raises(SessionRefused, match="session_broken"):
        open_session(encode_session(build_ticket(record)), "shop")
    with pytest.raises(SessionRefused, match="session_broken"):
        open_ticket(encode_session(msgspec.structs.replace(ticket, version=SESSION_VERSION + 1)))


def test_ids_are_made_of_so_many_random_bytes() -> None:
    """Fewer would be guessed (OWASP: 128 bits at least); the id of a session is a secret of 256."""
    assert (len(build_session_id(bytes(32))), len(build_family(bytes(16)))) == (43, 22)
    for builder, count in ((build_session_id, 31), (build_family, 15)):
        with pytest.raises(ValueError, match="random bytes"):
            builder(bytes(count))
