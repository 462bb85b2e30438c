"""Issued tokens that were taken back."""

import asyncio

from ostiary.authorization_server.revoked_tokens import REVALIDATE_S, RevokedTokens
from tests.fakes.clock import FakeClock
from tests.fakes.spawner import FakeSpawner
from tests.fakes.stores import FakeStore


def test_a_token_is_taken_back_for_everybody_who_shares_the_issuer() -> None:
    """At once here, within a second elsewhere; another issuer's tokens are its own."""
    clock = FakeClock()
    store = FakeStore(clock)
    here, there, other = (RevokedTokens(store, digest, clock, FakeSpawner()) for digest in ("i", "i", "j"))

    async def scenario() -> None:
        for each in (here, there, other):
            await each.require(clock.now())
        await here.revoke("token", clock.now() + 100)
        assert here.is_revoked("token")
        assert not there.is_revoked("token")
        clock.advance(REVALIDATE_S)
        for each in (here, there, other):
            await each.require(clock.now())
        assert (True, True, False) == tuple(each.is_revoked("token") for each in (here, there, other))

    asyncio.run(scenario())


def test_a_token_without_an_id_cannot_be_told_from_one_that_was_taken_back() -> None:
    """None of ours is without."""
    clock = FakeClock()

    assert RevokedTokens(FakeStore(clock), "i", clock, FakeSpawner()).is_revoked(None)


def test_what_has_expired_is_forgotten() -> None:
    """It needs no revocation any more."""
    clock = FakeClock()
    revoked = RevokedTokens(FakeStore(clock), "i", clock, FakeSpawner())
    revoked.take("a", 10.0)
    revoked.take("b", 20.0)
    revoked.forget(10.0)

    assert 1 == revoked.count()
    assert not revoked.is_revoked("a")
    assert revoked.is_revoked("b")
