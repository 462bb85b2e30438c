"""Notes of the provider's sessions: what a login leaves for front-channel logout."""

import asyncio

import pytest

from ostiary.errors import StoreFault
from ostiary.identity.session_lifetime import SessionLimits
from ostiary.relying_party.settings import LogoutSettings
from ostiary.relying_party.sid_notes import SidNotes
from ostiary.store_settings import SqliteSettings
from tests.fakes.issuer import ISSUER, NOW
from tests.fakes.relying_parties import make_settings
from tests.fakes.sessions import make_session
from tests.fakes.sign_in import SignInWorld

ON = LogoutSettings(front_channel_path="/frame")
STORED = SqliteSettings(path="sessions")
RECORD = make_session(provider_session_id="session-1")


def test_a_login_is_noted_for_as_long_as_its_session_can_last() -> None:
    """With the time of its ID token; not that of another session, issuer or client."""
    world = SignInWorld()
    settings = make_settings(logout=ON, limits=SessionLimits(absolute_s=100.0))
    notes = SidNotes(settings, world.services())
    other = SidNotes(make_settings(logout=ON, client_id="other"), world.services())

    async def scene() -> None:
        await notes.note(RECORD)
        assert NOW == await notes.find(ISSUER, "session-1")
        assert await notes.find(ISSUER, "session-2") is None
        assert await notes.find("https://other.example", "session-1") is None
        assert await other.find(ISSUER, "session-1") is None
        world.clock.advance(100)
        assert NOW == await notes.find(ISSUER, "session-1")
        world.clock.advance(1000)
        assert await notes.find(ISSUER, "session-1") is None

    asyncio.run(scene())


@pytest.mark.parametrize("times", [(NOW, NOW + 10), (NOW + 10, NOW), (NOW + 10, NOW + 10)])
def test_the_latest_login_counts_in_whatever_order_they_come(times: tuple[float, float]) -> None:
    """Two logins by one session of the provider, at two workers; the note lives on with the second."""
    world = SignInWorld()
    notes = SidNotes(make_settings(logout=ON), world.services())

    async def scene() -> None:
        await notes.note(make_session(provider_session_id="session-1", id_token_issued_at=times[0]))
        world.clock.advance(3000)
        await notes.note(make_session(provider_session_id="session-1", id_token_issued_at=times[1]))
        world.clock.advance(3000)
        assert NOW + 10 == await notes.find(ISSUER, "session-1")

    asyncio.run(scene())


@pytest.mark.parametrize("gone", [True, False])
def test_a_note_that_changes_meanwhile_is_looked_at_again(gone: bool) -> None:
    """Another worker's later login is not overwritten, and a note that ran out is made anew."""
    world = SignInWorld()
    notes = SidNotes(make_settings(logout=ON), world.services())
    store = world.stores.shared
    done: list[str] = []

    async def meddle(name: str, key: str) -> None:
        if done or name != ("read" if gone else "replace"):
            return
        done.append(key)
        if gone:
            await store.memory.delete(key)
        else:
            await store.memory.write(key, repr(NOW + 60).encode(), NOW + 3600)

    async def scene() -> None:
        await notes.note(RECORD)
        store.before = meddle
        await notes.note(make_session(provider_session_id="session-1", id_token_issued_at=NOW + 30))
        assert (NOW + 30 if gone else NOW + 60) == await notes.find(ISSUER, "session-1")

    asyncio.run(scene())


def test_nothing_is_noted_where_nobody_would_read_it() -> None:
    """Front-channel logout is off, or the provider named no session."""
    world = SignInWorld()

    async def scene() -> None:
        await SidNotes(make_settings(), world.services()).note(RECORD)
        await SidNotes(make_settings(logout=ON), world.services()).note(make_session())
        assert world.stores.shared.calls == []

    asyncio.run(scene())


def test_notes_stand_where_the_sessions_state_stands() -> None:
    """And a store that is away is told."""
    world = SignInWorld()
    notes = SidNotes(make_settings(logout=ON, store=STORED), world.services())
    world.stores.open(STORED).is_down = True

    with pytest.raises(StoreFault):
        asyncio.run(notes.note(RECORD))
    assert world.stores.shared.calls == []
