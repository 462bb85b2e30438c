"""A transport whose other end is the test: it takes what is written or does not, delivers, ends, resets.

It keeps asyncio's promises: `pause_writing` comes at the high mark and inside `write`, `resume_writing` at the low one,
`connection_lost` exactly once and never inside a call of the protocol's own; nothing is delivered while reading is
paused. Calls after the end do nothing, as with the real ones.
"""

import asyncio
from typing import Any

Peer = tuple[str, int]


class FakeTransport(asyncio.Transport):
    """A connection of `protocol` to the test.

    `sent` is what reached the other end and `unsent` what waits for it to read; `fate` tells how our side ended it.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, peer: Peer, local: Peer = ("127.0.0.1", 9080)
    ) -> None:
        """Connect: `connection_made` is called at once."""
        super().__init__({"peername": peer, "sockname": local})
        self.protocol = protocol
        self.sent = bytearray()
        self.unsent = bytearray()
        self.fate = "open"  # then `half-closed`, `closed` or `aborted`
        self.was_ended = False  # our end of the stream was sent
        self.is_lost = False
        self._loop = loop
        self._high = 65_536
        self._low = 16_384
        self._takes = True
        self._is_full = False
        self._is_paused = False
        self._arrived: list[bytes | None] = []
        protocol.connection_made(self)

    # ----------------------------------------------------------------------------------------- what our side calls

    def write(self, data: Any) -> None:
        """Send, or keep what the other end does not take."""
        if self.is_lost or self.fate == "aborted":
            return
        assert self.fate != "half-closed", "written after the end"
        if self._takes:
            self.sent += data
            return
        self.unsent += data
        if len(self.unsent) > self._high and not self._is_full:
            self._is_full = True
            self.protocol.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks."""
        self._high = 65_536 if high is None else high
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_size(self) -> int:
        """Return how much waits for the other end."""
        return len(self.unsent)

    def pause_reading(self) -> None:
        """Deliver no more."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Deliver what arrived meanwhile, in the loop's next turn."""
        if self._is_paused:
            self._is_paused = False
            self._loop.call_soon(self._deliver)

    def is_reading(self) -> bool:
        """Say whether bytes are delivered."""
        return not self._is_paused and self.fate in {"open", "half-closed"}

    def can_write_eof(self) -> bool:
        """Say that one direction can end alone."""
        return True

    def write_eof(self) -> None:
        """End our direction once everything is sent."""
        if self.fate == "open":
            self.fate = "half-closed"
            self.was_ended = not self.unsent

    def is_closing(self) -> bool:
        """Say whether it ended, or is about to."""
        return self.is_lost or self.fate in {"closed", "aborted"}

    def close(self) -> None:
        """End it once everything is sent."""
        if not self.is_closing():
            self.fate = "closed"
            if not self.unsent:
                self.was_ended = True
                self._lose(None)

    def abort(self) -> None:
        """End it now; what is not sent never will be."""
        if not self.is_lost:
            self.fate = "aborted"
            self.unsent.clear()
            self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._loop.call_soon(self.protocol.connection_lost, error)

    # ---------------------------------------------------------------------------------------- what the other end does

    def deliver(self, data: bytes | None) -> None:
        """Let bytes arrive (None: the end of the other end's bytes); they wait while reading is paused."""
        self._arrived.append(data)
        self._deliver()

    def _deliver(self) -> None:
        while self._arrived and self.is_reading() and not self.is_lost:
            data = self._arrived.pop(0)
            if data is not None:
                self.protocol.data_received(data)
            elif not self.protocol.eof_received():
                self.close()

    def stop_taking(self) -> None:
        """Read no more: what is written stays with our side."""
        self._takes = False

    def take(self, count: int | None = None) -> None:
        """Read `count` bytes of what waits; without a count everything, and whatever is written from now on."""
        if count is None:
            self._takes = True
            count = len(self.unsent)
        self.sent += self.unsent[:count]
        del self.unsent[:count]
        if self._is_full and len(self.unsent) <= self._low:
            self._is_full = False
            self.protocol.resume_writing()
        if self.fate == "half-closed" and not self.unsent:
            self.was_ended = True
        if self.fate == "closed" and not self.unsent:
            self.was_ended = True
            self._lose(None)

    def reset(self) -> None:
        """Break the connection."""
        self._lose(ConnectionResetError("reset by the test"))
