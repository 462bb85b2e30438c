"""Background work, as `ostiary.ports.Spawner`: every task has a name, a kept reference and a reported failure.

A task that nobody holds may be collected while it runs, and a failure that nobody awaits is silent: both are why
nothing else in this code base starts tasks.
"""

import asyncio
from collections.abc import Coroutine
from typing import final

from ostiary.errors import Fault
from ostiary.ports import Log


@final
class TaskSpawner:
    """Runs work on the running event loop."""

    __slots__ = ("_log", "_tasks")

    def __init__(self, log: Log) -> None:
        """Take where failures are reported."""
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Count the tasks that run."""
        return len(self._tasks)

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Run `work` beside the requests; a failure is logged under `name`. Needs a running loop."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    async def drain(self, timeout_s: float) -> None:
        """Wait for what runs, `timeout_s` seconds at most; what still runs then is cancelled."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            # The text of a foreign exception may quote what it choked on; only our own faults are known to hold none.
            cause = str(error) if isinstance(error, Fault) else type(error).__name__
            message = f"background work failed: {task.get_name()}"
            self._log.event("error", "background_work_failed", message, work=task.get_name(), cause=cause)
