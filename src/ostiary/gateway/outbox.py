"""Writes that wait for the end of the loop's turn, so that many of them go out in a row.

A write wakes whoever reads at the other end. Made one by one, between the work on two requests, each of them wakes a
peer that has gone back to sleep meanwhile; made in a row, most find it awake. That is worth a fifth of a request's
cost under load, and without load a turn has one write. Everything for a client goes through here, and closing flushes
first, so that its order is kept. Of what goes upstream, only requests without a body wait: they are all that is written
on their line, and a line that hears something before its request has left is given up (`ostiary.upstream.connection`).
"""

from collections.abc import Callable
from typing import Protocol, final

MAX_WAITING_BYTES = 65_536

Defer = Callable[[Callable[[], None]], object]


class Recipient(Protocol):
    """What can be written to: a transport, or somebody who has one."""

    def is_closing(self) -> bool:
        """Say whether writing is in vain."""
        ...

    def write(self, data: bytes) -> object:
        """Write now."""
        ...


@final
class Outbox:
    """Collects writes. `defer` calls a function at the end of the loop's turn; without it writes are made at once."""

    __slots__ = ("_defer", "_waiting", "_waiting_bytes")

    def __init__(self, defer: Defer | None) -> None:
        """Start empty."""
        self._defer = defer
        self._waiting: list[tuple[Recipient, bytes]] = []
        self._waiting_bytes = 0

    def write(self, recipient: Recipient, piece: bytes) -> None:
        """Write soon; at once when much waits, so that back-pressure is felt."""
        if self._defer is None:
            recipient.write(piece)
            return
        waiting = self._waiting
        if not waiting:
            self._defer(self.flush)
        waiting.append((recipient, piece))
        self._waiting_bytes += len(piece)
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits, in order; what was for somebody who is gone by now is dropped."""
        waiting = self._waiting
        if not waiting:
            return
        self._waiting = []
        self._waiting_bytes = 0
        for recipient, piece in waiting:
            if not recipient.is_closing():
                recipient.write(piece)
