"""One call at a time for one thing: who asks while it runs waits for the same answer.

The work runs as a task of its own (through the Spawner port), so that a client that leaves does not take the answer
away from the others. Nothing is remembered here once the work is done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar, final

from ostiary.errors import Fault, ProviderFault
from ostiary.ports import Spawner

T = TypeVar("T")


@final
class SingleFlight(Generic[T]):
    """Calls in the air, by key."""

    __slots__ = ("_flights", "_name", "_spawner")

    def __init__(self, spawner: Spawner, name: str) -> None:
        """Take the port that runs the work, and the name of its tasks."""
        self._spawner = spawner
        self._name = name
        self._flights: dict[Hashable, asyncio.Future[T | Fault]] = {}

    def is_running(self, key: Hashable) -> bool:
        """Say whether work for `key` is in the air."""
        return key in self._flights

    async def join(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` returns; it is started unless work for `key` is running already.

        Raises the Fault that the work raised, a new one for each who waited.
        """
        outcome = await asyncio.shield(self.begin(key, work))
        if isinstance(outcome, Fault):
            raise outcome.again()
        return outcome

    def begin(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> "asyncio.Future[T | Fault]":
        """See that work for `key` is in the air, and return what it will land in; nobody has to wait for it."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.get_running_loop().create_future()
            self._flights[key] = flight
            self._spawner.spawn(self._name, self._fly(key, flight, work))
        return flight

    async def _fly(self, key: Hashable, flight: asyncio.Future[T | Fault], work: Callable[[], Awaitable[T]]) -> None:
        outcome: T | Fault = ProviderFault("provider_unreachable", "the call was given up")
        try:
            outcome = await work()
        except Fault as fault:
            outcome = fault
        finally:
            del self._flights[key]
            flight.set_result(outcome)
