"""Asking several Redis servers one thing at once: whoever has enough answers goes on, and the late ones finish alone.

A question that is dropped would cost its connection (DESIGN.md §9.12), so the late answers are read, and heard by
nobody. What the answers mean is the caller's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Generic, TypeVar, final

from ostiary.adapters.redis_pool import RedisPool
from ostiary.errors import StoreFault

Answer = TypeVar("Answer")


@final
class OneAtATime:
    """Work that many want done at the same time, and that is done once for all of them."""

    __slots__ = ("_name", "_task", "_work")

    def __init__(self, name: str, work: Callable[[], Coroutine[object, object, None]]) -> None:
        """Know the work; `name` is its task's."""
        self._name = name
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """See that it is under way; nobody has to wait for it."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work(), name=self._name)
            self._task.add_done_callback(_hear_failure)

    async def join(self) -> None:
        """Wait until it is done, and raise what it raised; whoever leaves does not stop it for the others."""
        self.begin()
        assert self._task is not None  # noqa: S101 - it was begun in the line before
        await asyncio.shield(self._task)

    def cancel(self) -> None:
        """Stop it."""
        if self._task is not None:
            self._task.cancel()


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


def _hear_failure(task: asyncio.Task[None]) -> None:
    """Nobody may be waiting; then the next one who needs it is told."""
    if not task.cancelled():
        task.exception()
