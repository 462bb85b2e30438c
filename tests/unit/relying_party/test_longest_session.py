"""The note of how long a client's sessions can last."""

import asyncio

import pytest

from ostiary.errors import StoreFault
from ostiary.identity.session_lifetime import SessionLimits
from ostiary.relying_party.longest_session import LongestSession
from tests.fakes.relying_parties import make_settings
from tests.fakes.sign_in import SignInWorld


def make(world: SignInWorld, absolute_s: float, **changes: str) -> LongestSession:
    """Make a route's."""
    return LongestSession(make_settings(limits=SessionLimits(absolute_s=absolute_s), **changes), world.services())


def test_without_a_note_there_is_ones_own_limit() -> None:
    """Nobody has signed in yet."""

    async def scene() -> None:
        assert 100.0 == await make(SignInWorld(), 100.0).find()

    asyncio.run(scene())


@pytest.mark.parametrize("limits", [(100.0, 5000.0), (5000.0, 100.0)])
def test_the_longest_counts_in_whatever_order_they_come(limits: tuple[float, float]) -> None:
    """On every route of the client, and on no other's."""
    world = SignInWorld()

    async def scene() -> None:
        for absolute_s in limits:
            await make(world, absolute_s).note()
        assert [5000.0, 5000.0, 9000.0] == [await make(world, own_s).find() for own_s in (100.0, 200.0, 9000.0)]
        assert 100.0 == await make(world, 100.0, client_id="other").find()

    asyncio.run(scene())


def test_it_counts_until_the_last_session_is_over() -> None:
    """One that begins just before the next note would be written; and then no more."""
    world = SignInWorld()
    long, short = make(world, 5000.0), make(world, 100.0)

    async def scene() -> None:
        await long.note()
        world.clock.advance(4999)
        await long.note()
        await short.note()
        world.clock.advance(5000)
        assert 5000.0 == await short.find()
        world.clock.advance(1000)
        assert 100.0 == await short.find()

    asyncio.run(scene())


def test_it_is_written_once_in_the_time_of_a_session() -> None:
    """And anew by a process that has just begun, or whose clock was put back."""
    world = SignInWorld()
    route = make(world, 100.0)

    async def scene() -> None:
        for seconds, writes in ((0, 1), (99, 1), (1, 2), (-200, 3)):
            world.clock.advance(seconds)
            await route.note()
            assert writes == world.stores.shared.count("create")
        await make(world, 100.0).note()
        assert 4 == world.stores.shared.count("create")

    asyncio.run(scene())


@pytest.mark.parametrize("gone", [True, False])
def test_a_note_that_changes_meanwhile_is_looked_at_again(gone: bool) -> None:
    """Another worker's is not overwritten, and one that ran out is made anew."""
    world = SignInWorld()
    store = world.stores.shared
    done: list[str] = []

    async def meddle(name: str, key: str) -> None:
        if done or name != ("read" if gone else "replace"):
            return
        done.append(key)
        if gone:
            await store.memory.delete(key)
        else:
            now = world.clock.now()
            await store.memory.write(key, f"{9000.0!r} {now + 9000!r}".encode(), now + 9000)

    async def scene() -> None:
        await make(world, 100.0).note()
        store.before = meddle
        await make(world, 200.0).note()
        assert (200.0 if gone else 9000.0) == await make(world, 100.0).find()

    asyncio.run(scene())
    assert done


def test_what_cannot_be_noted_is_said() -> None:
    """Nobody is let in then."""
    world = SignInWorld()
    world.stores.shared.is_down = True

    async def scene() -> None:
        with pytest.raises(StoreFault):
            await make(world, 100.0).note()

    asyncio.run(scene())
