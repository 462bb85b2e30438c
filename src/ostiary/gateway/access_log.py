"""One JSON line per request: who (as a digest), what, which route, what was decided and why, how long.

Never a query, a header or a cookie. Records collect and become lines together, in one piece for a `LineSink`, which
decides about disks and pipes.
"""

from typing import Protocol, final

import msgspec

FLUSH_RECORDS = 128


class LineSink(Protocol):
    """Takes whole lines, never blocks, and counts what it had to drop."""

    def write(self, lines: bytes) -> None:
        """Take one or more lines, each ending in a line feed."""
        ...


@final
class AccessRecord(msgspec.Struct, omit_defaults=True):
    """A request that is over. `time` in seconds since the epoch, durations in microseconds (upstream: to its head).

    `query` says only that there was one; `principal` is a digest; `cut` says that the response did not end well.
    """

    time: float
    id: str
    client: str
    method: str
    status: int
    verdict: str
    reason: str
    duration_us: int
    host: str = ""
    path: str = ""
    query: str = ""
    route: str = ""
    principal: str = ""
    upstream: str = ""
    upstream_us: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    attempts: int = 0
    cut: bool = False


@final
class AccessLog:
    """Collects records. `sample` is the share of requests to keep, by counting, not by dice."""

    __slots__ = ("_debt", "_encoder", "_records", "_sample", "_sink")

    def __init__(self, sink: LineSink, sample: float = 1.0) -> None:
        """Write to `sink`; `sample` is above 0 and at most 1."""
        self._sink = sink
        self._sample = sample
        self._debt = 0.0
        self._encoder = msgspec.json.Encoder()
        self._records: list[AccessRecord] = []

    def is_sampled(self) -> bool:
        """Say whether the next request is to be recorded."""
        if self._sample == 1.0:
            return True
        self._debt += self._sample
        if self._debt >= 1.0:
            self._debt -= 1.0
            return True
        return False

    def record(self, record: AccessRecord) -> None:
        """Add a record; many go to the sink at once."""
        self._records.append(record)
        if len(self._records) >= FLUSH_RECORDS:
            self.flush()

    def flush(self) -> None:
        """Hand over what has collected, as lines."""
        if self._records:
            self._sink.write(self._encoder.encode_lines(self._records))
            self._records = []
