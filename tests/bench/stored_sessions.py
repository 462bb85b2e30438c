"""Sessions kept in Redis: the server that the benchmark starts, and how often a gateway asked it.

Redis counts the commands it runs (INFO commandstats). A warm session may cost one command of a kind for each
`session.revalidate_s`, however many requests show it; a run in which it cost more does not count.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.e2e.counterparts.redis_server import RedisServer

# What this module sends itself, and what scripts run inside Redis: no round trips of a gateway.
NOT_ASKED = frozenset({"info", "hello", "client", "client|setinfo", "zscore", "zrangebyscore"})

Calls = dict[str, int]


class AskedTooOftenError(Exception):
    """A warm session cost more round trips than `session.revalidate_s` allows."""


class Asked(NamedTuple):
    """How often Redis was asked meanwhile, by command, and how long that took."""

    calls: Calls
    seconds: float

    @property
    def total(self) -> int:
        """All commands together."""
        return sum(self.calls.values())

    def check_rare(self, revalidate_s: float) -> None:
        """Raise AskedTooOftenError unless each command came at most once for each `revalidate_s`, and once to begin."""
        allowed = int(self.seconds / revalidate_s) + 1
        for name, count in self.calls.items():
            if count > allowed:
                message = f"{name} was sent {count} times in {self.seconds:.2f} s, {allowed} are allowed"
                raise AskedTooOftenError(message)

    def __str__(self) -> str:
        by_name = ", ".join(f"{name} {count}" for name, count in sorted(self.calls.items())) or "nothing"
        return f"Redis was asked {by_name} in {self.seconds:.2f} s"


class Watch:
    """Counts what Redis is asked between entering `watching()` and leaving it."""

    def __init__(self, server: RedisServer) -> None:
        """Count nothing yet."""
        self._server = server
        self.asked = Asked({}, 0.0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Fill `asked` with what came meanwhile."""
        before, began_at = self._read(), time.monotonic()
        yield
        seconds, after = time.monotonic() - began_at, self._read()
        self.asked = Asked(
            {name: n - before.get(name, 0) for name, n in after.items() if n > before.get(name, 0)}, seconds
        )

    def _read(self) -> Calls:
        return read_calls(self._server.run("INFO", "commandstats"))


def read_calls(statistics: dict[str, dict[str, int]]) -> Calls:
    """Return how often each command was run, without those that nobody was kept waiting for."""
    calls = {name.removeprefix("cmdstat_"): figures["calls"] for name, figures in statistics.items()}
    return {name: count for name, count in calls.items() if name not in NOT_ASKED}
