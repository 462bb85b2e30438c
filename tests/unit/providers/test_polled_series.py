"""A series in the shared state that is read again when it was not asked for a moment."""

import asyncio

import pytest

from ostiary.errors import StoreFault
from ostiary.providers import polled_series
from ostiary.providers.polled_series import SWEEP_S, PolledSeries
from tests.fakes.clock import FakeClock
from tests.fakes.spawner import FakeSpawner
from tests.fakes.stores import FakeStore


class Names(PolledSeries):
    """Remembers members."""

    def __init__(self, store: FakeStore, clock: FakeClock) -> None:
        """Poll each second."""
        super().__init__(store, "names", 1.0, clock, FakeSpawner())
        self.known: dict[str, float] = {}

    def take(self, member: str, expires_at: float) -> None:
        """Remember it."""
        self.known[member] = expires_at

    def count(self) -> int:
        """Count them."""
        return len(self.known)

    def forget(self, now: float) -> None:
        """Drop what is over."""
        self.known = {name: until for name, until in self.known.items() if until > now}


def test_what_is_new_is_read_when_a_moment_has_passed() -> None:
    """Not before, and not again what is known."""
    clock = FakeClock()
    store = FakeStore(clock)
    names = Names(store, clock)

    async def scenario() -> None:
        assert not names.is_current(clock.now())
        await store.append("names", "a", clock.now() + 100)
        await names.require(clock.now())
        assert {"a"} == set(names.known)
        await store.append("names", "b", clock.now() + 100)
        await names.require(clock.now() + 0.9)
        assert {"a"} == set(names.known)
        clock.advance(1.0)
        await names.require(clock.now())
        assert {"a", "b"} == set(names.known)

    asyncio.run(scenario())


def test_what_is_over_is_forgotten_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each minute; and more than can be remembered is a fault, not a gap."""
    clock = FakeClock()
    store = FakeStore(clock)
    names = Names(store, clock)

    async def scenario() -> None:
        await store.append("names", "short", clock.now() + 1)
        await names.refresh()
        clock.advance(SWEEP_S + 1)
        await store.append("names", "long", clock.now() + 100)
        await names.read_anew()
        assert {"long"} == set(names.known)
        monkeypatch.setattr(polled_series, "MAX_KNOWN", 1)
        await store.append("names", "more", clock.now() + 100)
        with pytest.raises(StoreFault, match="more is revoked"):
            await names.refresh()

    asyncio.run(scenario())
