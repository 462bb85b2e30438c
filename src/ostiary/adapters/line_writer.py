"""Log lines to a file descriptor from a thread of their own, so that a slow disk or a stopped reader stalls nobody.

At most `MAX_PIECES` pieces wait; what comes beyond is dropped and counted, and the count is written when there is
room again (`{"dropped_pieces": n}`): a gap in the log that says so.
"""

import os
import queue
import threading
from typing import final

MAX_PIECES = 256


@final
class LineWriter:
    """Implements `gateway.access_log.LineSink`."""

    def __init__(self, descriptor: int) -> None:
        """Start the thread; `descriptor` stays the caller's to close."""
        self._descriptor = descriptor
        self._pieces: queue.Queue[bytes | None] = queue.Queue(MAX_PIECES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def write(self, lines: bytes) -> None:
        """Queue lines, or count them as dropped."""
        if self._dropped:
            lines = b'{"dropped_pieces":%d}\n' % self._dropped + lines
        try:
            self._pieces.put_nowait(lines)
            self._dropped = 0
        except queue.Full:
            self._dropped += 1

    def close(self, within_s: float = 2.0) -> None:
        """Write what waits, within a time: a reader that never reads holds nobody up."""
        try:
            self._pieces.put(None, timeout=within_s)
        except queue.Full:
            return
        self._thread.join(within_s)

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            try:
                while piece:
                    piece = piece[os.write(self._descriptor, piece) :]
            except OSError:
                self._dropped += 1  # the reader is gone; the gateway goes on
