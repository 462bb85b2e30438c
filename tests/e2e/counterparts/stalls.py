"""How long this machine stood still: what nothing under test can do anything about.

A shared machine takes a break now and then, of a second at worst. A promise like "within a second" is held against the
time in which the machine ran; a stricter reading fails tests by chance, a wider bound proves nothing on a good machine.
"""

import threading
import time
from types import TracebackType
from typing import Self

TICK_S = 0.01
GAP_S = 0.05  # what is shorter is no stall
SETTLED_S = 0.5  # after a stall: what was given up in it has been tried again


class Stalls:
    """Watches in a thread of its own while the `with` statement lasts. Times are those of time.monotonic()."""

    def __init__(self) -> None:
        """No stall yet."""
        self._found: list[tuple[float, float]] = []
        self._seen_at = float("inf")
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stalls", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()

    def within(self, begin: float, end: float) -> float:
        """Return how many seconds of that time the machine stood still."""
        return sum(max(0.0, min(end, ended) - max(begin, began)) for began, ended in self._list())

    def since(self, begin: float) -> float:
        """Return how many seconds have passed in which the machine ran."""
        now = time.monotonic()
        return now - begin - self.within(begin, now)

    def disturbed(self, begin: float, end: float) -> bool:
        """Whether a stall fell into that time, or ended shortly before it."""
        return any(began < end and begin < ended + SETTLED_S for began, ended in self._list())

    def _list(self) -> list[tuple[float, float]]:
        """Return the stalls, with one that has ended and that the thread has not noticed yet."""
        seen_at, now = self._seen_at, time.monotonic()
        return [*self._found, *([(seen_at, now)] if now - seen_at > TICK_S + GAP_S else [])]

    def _watch(self) -> None:
        self._seen_at = time.monotonic()
        while not self._end.wait(TICK_S):
            now = time.monotonic()
            if now - self._seen_at > TICK_S + GAP_S:
                self._found.append((self._seen_at, now))
            self._seen_at = now
        self._seen_at = float("inf")
