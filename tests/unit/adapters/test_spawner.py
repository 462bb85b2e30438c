"""Background work."""

import asyncio

from ostiary.adapters.spawner import TaskSpawner
from ostiary.errors import ProviderFault
from tests.fakes.log import FakeLog


async def fail(error: BaseException) -> None:
    """Fail after a turn of the loop."""
    await asyncio.sleep(0)
    raise error


def test_work_runs_under_its_name_and_is_held_until_it_ends() -> None:
    """A task that nobody holds may be collected while it runs."""

    async def scenario() -> None:
        spawner = TaskSpawner(FakeLog())
        names = []
        gate = asyncio.Event()

        async def work() -> None:
            task = asyncio.current_task()
            names.append(task.get_name() if task else "")
            await gate.wait()

        spawner.spawn("provider keys", work())
        await asyncio.sleep(0)
        assert 1 == len(spawner)
        gate.set()
        await spawner.drain(1.0)
        assert (["provider keys"], 0) == (names, len(spawner))

    asyncio.run(scenario())


def test_a_failure_is_reported_with_our_words_alone() -> None:
    """A foreign exception's text may quote a secret; a fault's is made for the log."""

    async def scenario() -> None:
        log = FakeLog()
        spawner = TaskSpawner(log)
        spawner.spawn("one", fail(ValueError("cannot parse s3cret")))
        spawner.spawn("two", fail(ProviderFault("provider_dns", "no such host")))
        await spawner.drain(1.0)
        await asyncio.sleep(0)

        assert ["background_work_failed"] * 2 == log.codes
        assert {("one", "ValueError"), ("two", "provider_dns: no such host")} == {
            (event.fields["work"], event.fields["cause"]) for event in log.events
        }
        assert "s3cret" not in log.text

    asyncio.run(scenario())


def test_draining_waits_and_then_cancels() -> None:
    """What never ends is no failure; an idle spawner drains at once."""

    async def scenario() -> None:
        log = FakeLog()
        spawner = TaskSpawner(log)
        await spawner.drain(60.0)
        spawner.spawn("endless", asyncio.Event().wait())  # type: ignore[arg-type]
        await spawner.drain(0.01)
        await asyncio.sleep(0)

        assert (0, []) == (len(spawner), log.codes)

    asyncio.run(scenario())
