"""Asking several servers at once."""

import asyncio
from typing import Any, cast

import pytest

from ostiary.adapters.redis_pool import RedisPool
from ostiary.adapters.redis_survey import Survey
from ostiary.errors import StoreFault
from tests.fakes.loop_time import run_patiently

PATIENCE_S = 0.05


class Servers:
    """Stand for pools: each answers, fails or stays silent until the end."""

    def __init__(self, **outcomes: Any) -> None:
        """Take what each does, by name."""
        self.outcomes = outcomes
        self.heard: list[str] = []
        self.end = asyncio.Event()

    async def ask(self, server: RedisPool) -> str:
        """Do what the server does."""
        name = cast("str", server)
        outcome = self.outcomes[name]
        if outcome is None:
            await self.end.wait()
            outcome = name
        self.heard.append(name)
        if isinstance(outcome, StoreFault):
            raise outcome
        return str(outcome)

    async def put(self, enough: int) -> list[str]:
        """Ask them all."""
        return await Survey(self.ask, PATIENCE_S).put(cast("list[RedisPool]", list(self.outcomes)), enough)


def fault(detail: str) -> StoreFault:
    """Make a fault."""
    return StoreFault("store_unavailable", detail)


def test_enough_answers_are_enough_and_faults_are_none() -> None:
    """Whoever fails is passed over."""

    async def run() -> None:
        assert sorted(await Servers(a="1", b=fault("down"), c="3").put(3)) == ["1", "3"]
        assert await Servers(a=None, b="2").put(1) == ["2"]

    run_patiently(run())


def test_nobody_waits_for_the_silent_and_they_are_not_interrupted() -> None:
    """Their connections would be lost."""

    async def run() -> None:
        servers = Servers(a="1", b=None)
        assert await servers.put(2) == ["1"]
        assert servers.heard == ["a"]
        servers.end.set()
        for _ in range(3):
            await asyncio.sleep(0)
        assert servers.heard == ["a", "b"]

    run_patiently(run())


def test_without_an_answer_there_is_a_fault() -> None:
    """One of theirs, or that nobody answered."""

    async def run() -> None:
        with pytest.raises(StoreFault) as theirs:
            await Servers(a=fault("down")).put(1)
        assert theirs.value.detail == "down"
        with pytest.raises(StoreFault) as nobodys:
            await Servers(a=None).put(1)
        assert nobodys.value.detail == "redis: no server answered within 0.05 s"

    run_patiently(run())
