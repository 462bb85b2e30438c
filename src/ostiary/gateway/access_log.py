"""One JSON line per request. Records collect and become lines together, in one piece for a `LineSink`.

What a line tells is in `access_record`; the sink decides about disks and pipes.
"""

from typing import Protocol, final

import msgspec

from ostiary.gateway.access_record import AccessRecord

FLUSH_RECORDS = 128


class LineSink(Protocol):
    """Takes whole lines, never blocks, and counts what it had to drop."""

    def write(self, lines: bytes) -> None:
        """Take one or more lines, each ending in a line feed."""
        ...


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
