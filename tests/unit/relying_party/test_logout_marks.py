"""Marks: by what a provider ends sessions, and which ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.logout_token import VerifiedLogoutToken
from ostiary.relying_party.logout_marks import (
    Mark,
    digest_session,
    find_handles,
    make_mark,
    plan_marks,
    read_mark,
    write_mark,
)
from tests.fakes.issuer import ISSUER, NOW
from tests.fakes.sessions import make_session

NAMES = st.text(min_size=1, max_size=20)


def tell(session_id: str | None, subject: str | None, issuer: str = ISSUER) -> VerifiedLogoutToken:
    """Return a logout token."""
    return VerifiedLogoutToken(
        issuer=issuer, id="1", session_id=session_id, subject=subject, issued_at=NOW, refused_from=NOW
    )


@pytest.mark.parametrize(
    ("session_id", "subject", "ended"),
    [
        ("s1", None, {("s1", "alice"), ("s1", "bob")}),
        (None, "alice", {("s1", "alice"), ("s2", "alice"), (None, "alice")}),
        ("s1", "alice", {("s1", "alice"), ("s1", "bob"), (None, "alice")}),
        ("s3", "carol", set()),
    ],
)
def test_which_sessions_end(
    session_id: str | None, subject: str | None, ended: set[tuple[str | None, str | None]]
) -> None:
    """Those of the provider's session; without one all of the person; and with both, those that may belong to it."""
    records = [(known, who) for known in ("s1", "s2", None) for who in ("alice", "bob")]
    marked = set(plan_marks(tell(session_id, subject)))
    found = {
        (known, who)
        for known, who in records
        if marked & set(find_handles(make_session(provider_session_id=known, subject=who))[:2])
    }

    assert ended == found


def test_another_issuers_session_has_other_handles() -> None:
    """Two providers may use the same names."""
    theirs = make_session(issuer="https://other.example", provider_session_id="s1")

    assert not set(plan_marks(tell("s1", "alice"))) & set(find_handles(theirs)[:2])
    assert not set(plan_marks(tell(None, "alice"))) & set(find_handles(theirs)[:2])


@given(NAMES)
def test_a_session_and_a_person_of_one_name_are_two(name: str) -> None:
    """And nothing of either can be read from a mark."""
    session, person = plan_marks(tell(name, None))[0], plan_marks(tell(None, name))[0]

    assert session == digest_session(ISSUER, name)
    assert session != person
    assert session.partition(":")[2] == person.partition(":")[2]
    assert len(session) == len("sid:") + 32


@pytest.mark.parametrize(
    ("issued_at", "started_at", "ended"),
    [
        (NOW - 9, NOW - 12, True),
        (NOW, NOW + 3, True),
        (NOW + 1, NOW - 12, False),
        (NOW, NOW + 3.5, False),
        (NOW - 60, NOW + 3.5, False),
    ],
)
def test_a_mark_ends_what_was_there(issued_at: float, started_at: float, ended: bool) -> None:
    """By the provider's clock, and nothing that was begun here after it was noted, whatever that clock says."""
    handles = find_handles(make_session(id_token_issued_at=issued_at, login_started_at=started_at))

    assert ended == Mark(NOW, NOW + 3, NOW + 3600).ends(handles)


TIMES = st.integers(1, 2**53 - 1) | st.floats(0.001, 2**53 - 1)


@given(NAMES, TIMES, TIMES)
def test_what_was_written_is_read(name: str, issued_at: float, noted_at: float) -> None:
    """Key and times, to the last digit; printable, and short enough for every store."""
    key = digest_session(ISSUER, name)
    mark = Mark(issued_at, noted_at, NOW + 9)
    member = write_mark(key, mark)

    assert (key, mark) == read_mark(member, NOW + 9)
    assert member.isascii()
    assert member.isprintable()
    assert " " not in member
    assert len(member) < 100


def test_a_family_is_no_mark() -> None:
    """They stand in the same series."""
    assert read_mark(make_session().family, NOW) is None


def test_a_mark_is_known_for_longer_than_a_session_lasts() -> None:
    """Its tokens may have arrived a little after they were issued."""
    mark = make_mark(1000.0, NOW - 5, NOW)

    assert (NOW - 5, NOW) == mark[:2]
    assert NOW + 1000 < mark.until <= NOW + 2000
