"""A value that was fetched from afar."""

import asyncio

import pytest

from ostiary.errors import ProviderFault
from ostiary.providers.remembered import PAUSE_AFTER_FAILURE_S, ProviderPorts, Remembered
from tests.fakes.clock import FakeClock
from tests.fakes.http_client import FakeHttpClient
from tests.fakes.log import FakeLog
from tests.fakes.spawner import FakeSpawner


class Afar:
    """The place that the value comes from: counts, or fails."""

    def __init__(self) -> None:
        self.fetches = 0
        self.fault: ProviderFault | None = None
        self.clock = FakeClock()
        self.log = FakeLog()
        self.spawner = FakeSpawner()
        ports = ProviderPorts(http=FakeHttpClient(), clock=self.clock, spawner=self.spawner, log=self.log)
        self.remembered = Remembered("the value", self._fetch, ports, fresh_s=10.0, usable_s=100.0)

    async def _fetch(self) -> int:
        self.fetches += 1
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return self.fetches

    def get(self) -> int | None:
        """Read from memory."""
        return self.remembered.get(self.clock.now())

    async def load(self) -> int:
        """Read, or fetch."""
        return await self.remembered.load(self.clock.now())


def test_it_is_absent_until_it_was_fetched_and_then_fresh() -> None:
    """Reading never fetches what was never there."""

    async def scenario() -> None:
        afar = Afar()
        assert afar.get() is None
        assert [1] * 100 == await asyncio.gather(*(afar.load() for _ in range(100)))
        afar.clock.advance(9.9)

        assert (1, 1, 1) == (afar.get(), await afar.load(), afar.fetches)

    asyncio.run(scenario())


def test_a_stale_value_is_served_while_one_refresh_runs() -> None:
    """However many read it meanwhile."""

    async def scenario() -> None:
        afar = Afar()
        await afar.load()
        afar.clock.advance(10.0)
        assert [1] * 50 == [afar.get() for _ in range(50)]
        await afar.spawner.settle()

        assert (2, 2) == (afar.get(), afar.fetches)

    asyncio.run(scenario())


def test_a_refresh_that_fails_changes_nothing_and_is_logged_once() -> None:
    """The last known good value stays, and the provider has a moment's peace."""

    async def scenario() -> None:
        afar = Afar()
        await afar.load()
        afar.fault = ProviderFault("provider_refused", "nobody there")
        afar.clock.advance(10.0)
        for _ in range(3):
            assert 1 == afar.get()
            await afar.spawner.settle()
        assert (2, ["provider_unavailable"]) == (afar.fetches, afar.log.codes)
        assert afar.log.events[0].fields == {"fault": "provider_refused", "last_known_good": True}

        afar.clock.advance(PAUSE_AFTER_FAILURE_S)
        afar.fault = None
        assert 1 == afar.get()
        await afar.spawner.settle()
        assert (3, 3) == (afar.get(), afar.fetches)

    asyncio.run(scenario())


def test_what_is_too_old_is_not_used() -> None:
    """It is loaded anew, or it is a fault."""

    async def scenario() -> None:
        afar = Afar()
        await afar.load()
        afar.clock.advance(100.0)
        assert afar.get() is None
        assert 2 == await afar.load()

        afar.fault = ProviderFault("provider_timeout", "no answer")
        afar.clock.advance(100.0)
        with pytest.raises(ProviderFault):
            await afar.load()

    asyncio.run(scenario())


def test_a_failure_is_remembered_for_a_moment() -> None:
    """A provider that is down is not asked by every request; each gets the same fault as its own."""

    async def scenario() -> None:
        afar = Afar()
        afar.fault = ProviderFault("provider_refused", "nobody there", passing=True)
        faults = await asyncio.gather(*(afar.load() for _ in range(20)), return_exceptions=True)
        faults += await asyncio.gather(*(afar.load() for _ in range(20)), return_exceptions=True)
        assert {"provider_refused: nobody there"} == {str(fault) for fault in faults}
        assert (1, 40) == (afar.fetches, len({id(fault) for fault in faults}))

        afar.clock.advance(PAUSE_AFTER_FAILURE_S)
        afar.fault = None
        assert 2 == await afar.load()

    asyncio.run(scenario())


def test_a_forced_refresh_keeps_the_old_value_when_it_fails() -> None:
    """And says so to whoever forced it."""

    async def scenario() -> None:
        afar = Afar()
        await afar.load()
        afar.fault = ProviderFault("provider_refused", "nobody there")
        with pytest.raises(ProviderFault):
            await afar.remembered.refresh()
        assert 1 == afar.get()

        afar.fault = None
        assert (3, 3) == (await afar.remembered.refresh(), afar.get())

    asyncio.run(scenario())


def test_a_value_without_a_last_day_is_served_forever() -> None:
    """Where the provider said nothing newer."""

    async def scenario() -> None:
        afar = Afar()
        ports = ProviderPorts(http=FakeHttpClient(), clock=afar.clock, spawner=afar.spawner, log=afar.log)
        forever = Remembered("the value", afar._fetch, ports, fresh_s=10.0)
        await forever.load(afar.clock.now())
        afar.fault = ProviderFault("provider_refused", "nobody there")
        afar.clock.advance(1e9)

        assert 1 == forever.get(afar.clock.now())
        await afar.spawner.settle()

    asyncio.run(scenario())


def test_a_clock_that_steps_back_hurts_nobody() -> None:
    """A value from the future is fresh."""

    async def scenario() -> None:
        afar = Afar()
        await afar.load()
        afar.clock.advance(-3600.0)

        assert (1, 1) == (afar.get(), afar.fetches)

    asyncio.run(scenario())
