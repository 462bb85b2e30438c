"""An event loop without a system under it: no sockets, no waiting. Time passes when the test says so.

`run_ready` works off what is due, `advance` lets seconds pass and runs the timers on the way, `run` finishes a
coroutine and jumps over its sleeps. Dialling and listening end in the test's hands (`dial`, `listeners`). What
fails inside a callback fails the test: `failures` holds it.

`run_patiently` is for tests with real sockets whose two ends are in this process: there time passes only while nothing
comes, so that a machine that stalls makes nobody late, and a time limit of an hour costs nothing to reach.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
Dial = Callable[[Callable[[], asyncio.Protocol], str, int], Awaitable[tuple[asyncio.Transport, asyncio.Protocol]]]

FOREVER = float("inf")
QUIET_S = 0.02  # of real time: what is sent over loopback has come by then


class _Idle:
    """Stands where the loop would wait for sockets: it moves the clock instead."""

    def __init__(self, loop: "SteppedLoop") -> None:
        self._loop = loop

    def select(self, timeout_s: float | None) -> list[object]:
        """Be asked what happened outside: nothing, ever."""
        if timeout_s is None or timeout_s > 0:
            self._loop.pass_time(timeout_s)
        return []


class FakeListener:
    """What `create_server` gives: it knows its port, and whether it is still open."""

    def __init__(self, factory: Callable[[], asyncio.Protocol], port: int) -> None:
        """Hold the factory of the connections' protocols."""
        self.factory = factory
        self.is_open = True
        self.sockets = (self,)
        self._port = port

    def getsockname(self) -> tuple[str, int]:
        """Return the address, as a socket does."""
        return "127.0.0.1", self._port

    def close(self) -> None:
        """Accept no more."""
        self.is_open = False


class SteppedLoop(asyncio.BaseEventLoop):
    """Runs what is due, and nothing else. `tasks_made` counts every task of the loop's life."""

    def __init__(self, dial: Dial | None = None) -> None:
        """Start at 1,000 s; `dial` answers `create_connection`."""
        super().__init__()
        self.dial = dial
        self.listeners: list[FakeListener] = []
        self.failures: list[dict[str, Any]] = []
        self.tasks_made = 0
        self._time = 1000.0
        self._limit = self._time
        self._selector = _Idle(self)
        self.set_exception_handler(lambda _, context: self.failures.append(context))
        self.set_task_factory(self._make_task)

    def _make_task(self, loop: asyncio.AbstractEventLoop, work: Any, **keywords: Any) -> "asyncio.Task[Any]":
        self.tasks_made += 1
        return asyncio.Task(work, loop=loop, **keywords)

    def _process_events(self, event_list: list[object]) -> None:
        """Nothing comes from outside."""

    def time(self) -> float:
        """Return the seconds that the test let pass, and 1,000."""
        return self._time

    def pass_time(self, timeout_s: float | None) -> None:
        """Jump to the next timer, or stop where the test wants to look."""
        if timeout_s is not None and self._time + timeout_s <= self._limit:
            self._time += timeout_s
            return
        if self._limit == FOREVER:
            raise RuntimeError("nothing is left that could go on: this would wait for ever")
        self._time = self._limit
        self.stop()

    def run_ready(self) -> None:
        """Run everything that is due now, and what follows from it. Raises what failed inside."""
        self.advance(0.0)

    def advance(self, seconds: float) -> None:
        """Let time pass, timer by timer. Raises what failed inside."""
        self._limit = self._time + seconds
        self.run_forever()
        self._raise_failure()

    def do(self, step: Callable[..., object], *arguments: object) -> None:
        """Run `step` as the loop runs a callback, and what follows from it. Raises what failed inside."""
        self.call_soon(step, *arguments)
        self.run_ready()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Finish `work`, however much time that takes. Raises what failed inside."""
        self._limit = FOREVER
        result = self.run_until_complete(work)
        self._raise_failure()
        return result

    def _raise_failure(self) -> None:
        if self.failures:
            failure = self.failures[0]
            error = failure.get("exception")
            raise AssertionError(f"inside the loop: {failure.get('message')}") from error

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        """Let the test answer the dialling."""
        if self.dial is None:
            raise ConnectionRefusedError
        return await self.dial(protocol_factory, host, port)

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        """Give the factory of connections to the test."""
        listener = FakeListener(protocol_factory, port or 9080)
        self.listeners.append(listener)
        return listener


class LoopClock:
    """Implements `ostiary.ports.Clock` on a loop's time, so that both move together."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch: float = 1_800_000_000.0) -> None:
        """Call the loop's present `epoch` (seconds)."""
        self._loop = loop
        self._offset = epoch - loop.time()

    def now(self) -> float:
        """Return the epoch seconds."""
        return self._loop.time() + self._offset


class _PatientSelector(selectors.DefaultSelector):
    """Waits for sockets; while none has anything it lets the time of `PatientLoop` pass instead."""

    def __init__(self) -> None:
        """No time has passed."""
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what came; where nothing did, all of `timeout` has passed."""
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        # Asked twice: a process that was stopped while it waited is told that time is up, whatever has come.
        found = super().select(QUIET_S) or super().select(0)
        if not found:
            self.passed_s += timeout
        return found


class PatientLoop(asyncio.SelectorEventLoop):
    """Real sockets, and a clock of its own. Whoever answers from another thread or process answers late here."""

    def __init__(self) -> None:
        """Start at 1,000 s."""
        self._patience = _PatientSelector()
        super().__init__(self._patience)

    def time(self) -> float:
        """Return the seconds in which nothing came, and 1,000."""
        return 1000.0 + self._patience.passed_s


def run_patiently(work: Coroutine[Any, Any, Result]) -> Result:
    """Do what `asyncio.run` does, on a `PatientLoop`."""
    with asyncio.Runner(loop_factory=PatientLoop) as runner:
        return runner.run(work)
