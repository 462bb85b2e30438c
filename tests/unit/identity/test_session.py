"""The session record: what was written is read, what does not count is refused with its reason."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.session import SESSION_VERSION, Session, SessionRefused, encode_session, open_session

NOW = 1_000_000.0
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def make_session(**changes: Any) -> Session:
    """Make a record that counts, with changes."""
    session = Session(
        version=SESSION_VERSION,
        issuer="https://id.example",
        client_id="shop",
        subject="alice",
        created_at=NOW,
        expires_at=NOW + 3600,
        access_token="access",
        access_token_expires_at=NOW + 300,
        refresh_token=None,
        scope="openid",
        id_token="a.b.c",
        id_token_claims={"sub": "alice"},
        userinfo=None,
    )
    return msgspec.structs.replace(session, **changes)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5), st.text(max_size=50), st.none() | st.text(max_size=50))
def test_what_was_written_is_read(claims: dict[str, Any], access_token: str, refresh_token: str | None) -> None:
    """Every JSON value survives."""
    session = make_session(id_token_claims=claims, access_token=access_token, refresh_token=refresh_token)

    assert open_session(encode_session(session), "shop", NOW).record == session


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": SESSION_VERSION + 1}, "session_broken"),
        ({"client_id": "other"}, "session_foreign"),
        ({"expires_at": NOW}, "session_expired"),
        ({"access_token_expires_at": NOW}, "session_expired"),
    ],
)
def test_a_session_that_does_not_count_is_refused_with_its_reason(changes: dict[str, Any], code: str) -> None:
    """Another version, another client, a lifetime or an access token that is over at this very second."""
    with pytest.raises(SessionRefused, match=code):
        open_session(encode_session(make_session(**changes)), "shop", NOW)


def test_a_session_counts_as_long_as_both_its_lifetimes() -> None:
    """The earlier end is the end."""
    assert open_session(encode_session(make_session()), "shop", NOW).usable_until == NOW + 300
    assert open_session(encode_session(make_session(expires_at=NOW + 9)), "shop", NOW).usable_until == NOW + 9


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(octets: bytes) -> None:
    """What is no record, or a record of another shape, never raises anything else."""
    with pytest.raises(SessionRefused, match="session_broken"):
        open_session(octets, "shop", NOW)


def test_a_record_with_more_fields_is_of_another_version() -> None:
    """Fields are told by their place, so that none is read as another."""
    fields = msgspec.msgpack.decode(encode_session(make_session()))

    with pytest.raises(SessionRefused, match="session_broken"):
        open_session(msgspec.msgpack.encode([*fields, "more"]), "shop", NOW)


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
