"""One call at a time for one thing."""

import asyncio

import pytest

from ostiary.errors import ProviderFault
from ostiary.providers.single_flight import SingleFlight
from tests.fakes.spawner import FakeSpawner


class Work:
    """Work that waits until it is let go, and counts how often it was begun."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.begun = 0
        self.gate = asyncio.Event()
        self._fault = fault

    async def __call__(self) -> int:
        self.begun += 1
        await self.gate.wait()
        if self._fault is not None:
            raise self._fault
        return self.begun


async def begin(flight: SingleFlight[int], work: Work, waiters: int, key: str = "a") -> list[asyncio.Task[int]]:
    """Let many wait for the same."""
    tasks = [asyncio.create_task(flight.join(key, work)) for _ in range(waiters)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def test_a_hundred_who_wait_share_one_call() -> None:
    """And the next one after it calls again."""

    async def scenario() -> None:
        flight: SingleFlight[int] = SingleFlight(spawner := FakeSpawner(), "fetch")
        work = Work()
        tasks = await begin(flight, work, 100)
        assert (True, False) == (flight.is_running("a"), flight.is_running("b"))
        work.gate.set()

        assert [1] * 100 == await asyncio.gather(*tasks)
        assert not flight.is_running("a")
        assert 2 == await flight.join("a", work)
        assert ["fetch", "fetch"] == spawner.names

    asyncio.run(scenario())


def test_each_key_flies_alone() -> None:
    """What concerns one thing waits for nothing else."""

    async def scenario() -> None:
        flight: SingleFlight[int] = SingleFlight(FakeSpawner(), "fetch")
        one, other = Work(), Work()
        waiting = await begin(flight, one, 1, "a")
        other.gate.set()

        assert 1 == await flight.join("b", other)
        assert flight.is_running("a")
        one.gate.set()
        assert [1] == await asyncio.gather(*waiting)

    asyncio.run(scenario())


def test_who_leaves_takes_nothing_away_from_the_others() -> None:
    """The work is nobody's own."""

    async def scenario() -> None:
        flight: SingleFlight[int] = SingleFlight(FakeSpawner(), "fetch")
        work = Work()
        first, second = await begin(flight, work, 2)
        first.cancel()
        await asyncio.sleep(0)
        work.gate.set()

        assert 1 == await second
        assert first.cancelled()
        assert 1 == work.begun

    asyncio.run(scenario())


def test_a_fault_reaches_everybody_as_their_own() -> None:
    """One exception raised twice would collect the traces of both."""

    async def scenario() -> None:
        flight: SingleFlight[int] = SingleFlight(FakeSpawner(), "fetch")
        work = Work(ProviderFault("provider_refused", "nobody there", passing=False))
        tasks = await begin(flight, work, 3)
        work.gate.set()
        faults = await asyncio.gather(*tasks, return_exceptions=True)

        assert {("provider_refused", "nobody there", False)} == {
            (fault.code, fault.detail, fault.passing) for fault in faults if isinstance(fault, ProviderFault)
        }
        assert 3 == len({id(fault) for fault in faults})

    asyncio.run(scenario())


@pytest.mark.parametrize("ending", ["error", "cancelled"])
def test_work_that_ends_otherwise_leaves_nobody_waiting(ending: str) -> None:
    """They learn that it was given up; the failure itself is the spawner's to report."""

    async def scenario() -> None:
        flight: SingleFlight[int] = SingleFlight(spawner := FakeSpawner(), "fetch")
        work = Work(ValueError("a mistake of ours"))
        tasks = await begin(flight, work, 2)
        if ending == "error":
            work.gate.set()
        else:
            spawner.cancel()
        faults = await asyncio.gather(*tasks, return_exceptions=True)

        assert ["provider_unreachable"] * 2 == [fault.code for fault in faults if isinstance(fault, ProviderFault)]
        assert not flight.is_running("a")
        with pytest.raises((ValueError, asyncio.CancelledError)):
            await spawner.settle()

    asyncio.run(scenario())


def test_all_who_waited_may_have_left() -> None:
    """The work ends without anybody."""

    async def scenario() -> None:
        flight: SingleFlight[int] = SingleFlight(spawner := FakeSpawner(), "fetch")
        work = Work()
        (only,) = await begin(flight, work, 1)
        only.cancel()
        work.gate.set()
        await spawner.settle()

        assert (1, False) == (work.begun, flight.is_running("a"))

    asyncio.run(scenario())


def test_what_is_begun_in_passing_is_shared_and_its_fault_is_kept_for_who_comes() -> None:
    """Nobody has to wait for it; a fault that nobody heard is no complaint of the loop's."""

    async def scenario() -> None:
        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        flight: SingleFlight[int] = SingleFlight(spawner := FakeSpawner(), "fetch")
        work = Work(ProviderFault("provider_timeout", "3 s"))
        flight.begin("a", work)
        (waiting,) = await begin(flight, work, 1)
        assert 1 == work.begun
        work.gate.set()
        with pytest.raises(ProviderFault):
            await waiting
        flight.begin("a", work)
        await spawner.settle()
        assert (2, [], False) == (work.begun, complaints, flight.is_running("a"))

    asyncio.run(scenario())
