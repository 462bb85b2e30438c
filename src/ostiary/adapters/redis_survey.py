"""Asking several Redis servers one thing at once: whoever has enough answers goes on, and the late ones finish alone.

A question that is dropped would cost its connection (DESIGN.md §9.12), so the late answers are read, and heard by
nobody. What the answers mean is the caller's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar, final

from ostiary.adapters.redis_pool import RedisPool
from ostiary.errors import StoreFault

Answer = TypeVar("Answer")


@final
class Survey(Generic[Answer]):
    """Puts a question; `ask` returns an answer, or raises StoreFault."""

    __slots__ = ("_ask", "_patience_s", "_tasks")

    def __init__(self, ask: Callable[[RedisPool], Awaitable[Answer]], patience_s: float) -> None:
        """Know how one server is asked, and how long all of them are waited for."""
        self._ask = ask
        self._patience_s = patience_s
        self._tasks: set[asyncio.Task[Answer | StoreFault]] = set()

    async def put(self, servers: Iterable[RedisPool], enough: int) -> list[Answer]:
        """Return the first `enough` answers, or those that came in time. Raises a StoreFault when none did."""
        loop = asyncio.get_running_loop()
        waiting = {loop.create_task(self._hear(server)) for server in servers}
        self._tasks |= waiting
        for task in waiting:
            task.add_done_callback(self._tasks.discard)
        ends_at = loop.time() + self._patience_s
        answers: list[Answer] = []
        fault = StoreFault("store_unavailable", f"redis: no server answered within {self._patience_s:.3g} s")
        while waiting and len(answers) < enough:
            left_s = max(ends_at - loop.time(), 0.0)
            done, waiting = await asyncio.wait(waiting, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            for outcome in [task.result() for task in done]:
                if isinstance(outcome, StoreFault):
                    fault = outcome
                else:
                    answers.append(outcome)
        if not answers:
            raise fault
        return answers

    async def _hear(self, server: RedisPool) -> Answer | StoreFault:
        try:
            return await self._ask(server)
        except StoreFault as fault:
            return fault
