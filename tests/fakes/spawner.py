"""A spawner that runs work on the test's own loop, and can be asked whether there was any."""

import asyncio
from collections.abc import Coroutine


class FakeSpawner:
    """Implements `ostiary.ports.Spawner`. `names` are those of all work ever spawned."""

    def __init__(self) -> None:
        """Start idle."""
        self.names: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Start the work; needs a running loop."""
        self.names.append(name)
        self._tasks.append(asyncio.get_running_loop().create_task(work, name=name))

    async def settle(self) -> None:
        """Wait for all work, and for the work that it spawned; a failure comes out here."""
        while self._tasks:
            await self._tasks.pop(0)

    def cancel(self) -> None:
        """Cancel whatever runs, as a process that ends does."""
        for task in self._tasks:
            task.cancel()
