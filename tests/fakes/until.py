"""Waiting for what another thread, process or peer is about to do: with a limit, and no longer than needed."""

import asyncio
from collections.abc import Callable

TURNS = 5000


async def until(holds: Callable[[], bool]) -> None:
    """Return when it holds. Raises AssertionError after some seconds."""
    for _ in range(TURNS):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came")
