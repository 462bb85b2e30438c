"""What became of sessions that were replaced: the records themselves. The whole way is tried in test_renewal."""

import asyncio

import pytest

from ostiary.identity.session import Session, build_session_id
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.replacements import _MAX_LINKS, GRACE_S, Ended, Replacements
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.store_settings import SqliteSettings, StoreSettings
from tests.fakes.relying_parties import make_settings
from tests.fakes.sessions import make_session
from tests.fakes.sign_in import SignInWorld

both = pytest.mark.parametrize("store", [None, SqliteSettings(path="sessions")], ids=["cookie", "store"])


class Desk:
    """Replacements, and what they are made of."""

    def __init__(self, store: StoreSettings | None, world: SignInWorld | None = None, *secrets: str) -> None:
        """Know of none."""
        self.world = world or SignInWorld()
        settings = make_settings(store=store, **({"secrets": secrets} if secrets else {}))
        services = self.world.services()
        self.keeper = SessionKeeper(settings, ClientCookies(settings, secure=False), services)
        self.replacements = Replacements(settings, self.keeper, services)
        self.state = self.world.stores.shared if store is None else self.world.stores.open(store)


def generation(number: int, **changes: object) -> Session:
    """Return the session after so many refreshes."""
    before = None if number == 0 else build_session_id(bytes([number - 1]) * 32)
    return make_session(id=build_session_id(bytes([number]) * 32), replaces=before, **changes)


def code_of(found: Session | Ended | None) -> str:
    """Return why a session goes no further."""
    assert isinstance(found, Ended)
    return found.code


@both
def test_the_first_successor_is_the_one(store: StoreSettings | None) -> None:
    """Whoever comes second is told so, and everybody is given the first."""

    async def scene() -> None:
        desk = Desk(store)
        assert await desk.replacements.find(generation(0).id) is None
        assert await desk.replacements.note(generation(0), generation(1))
        assert not await desk.replacements.note(generation(0), generation(2))
        assert await Desk(store, desk.world).replacements.find(generation(0).id) == generation(1)

    asyncio.run(scene())


@both
def test_the_way_leads_to_the_newest_and_is_kept_short(store: StoreSettings | None) -> None:
    """Twelve refreshes on: one look-up leads there, and the next one needs fewer steps."""

    async def scene() -> None:
        desk = Desk(store)
        for number in range(12):
            await desk.replacements.note(generation(number), generation(number + 1))
        assert await desk.replacements.find(generation(0).id) == generation(12)
        before = desk.state.count("read")
        assert await desk.replacements.find(generation(0).id) == generation(12)
        assert desk.state.count("read") - before <= 4

    asyncio.run(scene())


@both
def test_once_shown_it_is_handed_out_for_a_minute_and_marked_to_the_end(store: StoreSettings | None) -> None:
    """The mark is small, and outlives the copy: a used refresh token is never used again."""

    async def scene() -> None:
        desk = Desk(store)
        await desk.replacements.note(generation(0), generation(1))
        await desk.replacements.confirm(generation(0).id)
        assert desk.replacements.is_confirmed(generation(0).id, desk.world.clock.now())
        desk.world.clock.advance(GRACE_S - 1)
        assert await desk.replacements.find(generation(0).id) == generation(1)
        desk.world.clock.advance(1)
        assert code_of(await desk.replacements.find(generation(0).id)) == "session_replaced"
        assert await desk.state.read(f"renewed:{generation(0).id}") is None
        desk.world.clock.advance(generation(0).expires_at - desk.world.clock.now())
        assert await desk.replacements.find(generation(0).id) is None

    asyncio.run(scene())


@both
def test_what_the_provider_ended_is_over_for_all_unless_somebody_was_faster(store: StoreSettings | None) -> None:
    """A refusal never takes the place of a success."""

    async def scene() -> None:
        desk = Desk(store)
        assert await desk.replacements.note_end(generation(0))
        assert code_of(await desk.replacements.find(generation(0).id)) == "refresh_refused"
        await desk.replacements.note(generation(1), generation(2))
        assert not await desk.replacements.note_end(generation(1))
        assert await desk.replacements.find(generation(1).id) == generation(2)

    asyncio.run(scene())


def test_a_record_that_its_store_forgot_does_not_come_back() -> None:
    """Who deletes a session from its store has ended it, for holders of older cookies too; so has who overwrites it."""

    async def scene() -> None:
        desk = Desk(SqliteSettings(path="sessions"))
        await desk.replacements.note(generation(0), generation(1))
        await desk.state.write(f"session:{generation(1).id}", b"garbage", desk.world.clock.now() + 60)
        assert code_of(await desk.replacements.find(generation(0).id)) == "session_gone"
        await desk.keeper.remove(generation(1).id)
        assert code_of(await desk.replacements.find(generation(0).id)) == "session_gone"

    asyncio.run(scene())


@both
def test_what_cannot_be_opened_is_taken_for_replaced(store: StoreSettings | None) -> None:
    """In doubt nobody uses a refresh token again: another secret's work, or something else under the key."""

    async def scene() -> None:
        desk = Desk(store)
        await desk.replacements.note(generation(0), generation(1))
        other = Desk(store, desk.world, "another-secret-than-that-one")
        assert code_of(await other.replacements.find(generation(0).id)) == "session_replaced"
        newer = Desk(store, desk.world, "another-secret-than-that-one", *make_settings().secrets)
        assert await newer.replacements.find(generation(0).id) == generation(1)
        await desk.state.write(f"renewed:{generation(3).id}", b"garbage", desk.world.clock.now() + 60)
        assert code_of(await desk.replacements.find(generation(3).id)) == "session_replaced"

    asyncio.run(scene())


@pytest.mark.parametrize(("links", "arrives"), [(_MAX_LINKS - 1, True), (_MAX_LINKS, False)])
@both
def test_a_way_that_does_not_end_in_time_leads_nowhere(
    store: StoreSettings | None, links: int, *, arrives: bool
) -> None:
    """Each step asks the store: a way is followed so far, and what lies beyond is taken for replaced."""

    async def scene() -> None:
        desk = Desk(store)
        for number in range(links):
            await desk.replacements.note(generation(number), generation(number + 1))
        found = await desk.replacements.find(generation(0).id)
        if arrives:
            assert found == generation(links)
        else:
            assert code_of(found) == "session_replaced"

    asyncio.run(scene())


@both
def test_a_way_in_a_circle_is_left(store: StoreSettings | None) -> None:
    """Whoever put it there, nobody goes round for ever, and nobody uses a refresh token again."""

    async def scene() -> None:
        desk = Desk(store)
        for one, other in ((0, 1), (1, 2), (2, 0)):
            await desk.replacements.note(generation(one), generation(other))
        assert code_of(await desk.replacements.find(generation(0).id)) == "session_replaced"
        assert desk.state.count("read") == _MAX_LINKS

    asyncio.run(scene())


@both
def test_to_confirm_what_is_not_there_is_nothing(store: StoreSettings | None) -> None:
    """The copy has run out, or the provider ended the session: no mark is left, and no second question is asked."""

    async def scene() -> None:
        desk = Desk(store)
        await desk.replacements.note_end(generation(1))
        for number in (0, 1):
            before = desk.state.count("write")
            await desk.replacements.confirm(generation(number).id)
            assert desk.replacements.is_confirmed(generation(number).id, desk.world.clock.now())
            assert before == desk.state.count("write")
        assert await desk.replacements.find(generation(0).id) is None
        assert code_of(await desk.replacements.find(generation(1).id)) == "refresh_refused"

    asyncio.run(scene())
