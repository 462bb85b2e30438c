"""The operator's log, as `ostiary.ports.Log`: one JSON object per line.

Callers pass stable codes, sentences and plain values; secrets, tokens, codes and cookies are never among them. JSON
escapes line feeds and control bytes, so that nothing from elsewhere can forge a line.
"""

from contextlib import suppress
from typing import Protocol, final

import msgspec

from ostiary.ports import Clock, LogValue, Severity


class LineSink(Protocol):
    """Takes whole lines: a `LineWriter`, or an unbuffered stream (`open(2, "wb", buffering=0, closefd=False)`)."""

    def write(self, lines: bytes, /) -> object:
        """Take a line with its line feed."""
        ...


@final
class JsonLog:
    """Writes events to a sink."""

    __slots__ = ("_clock", "_encode", "_sink")

    def __init__(self, sink: LineSink, clock: Clock) -> None:
        """Take where the lines go and what time it is."""
        self._sink = sink
        self._clock = clock
        self._encode = msgspec.json.Encoder().encode

    def event(self, severity: Severity, code: str, message: str, /, **fields: LogValue) -> None:
        """Write one line: time (epoch seconds), severity, code, message, then the fields by name."""
        head: dict[str, LogValue] = {
            "time": round(self._clock.now(), 3), "severity": severity, "code": code, "message": message,
        }  # fmt: skip
        record = {**head, **fields, **head}  # a field never replaces one of ours, and ours come first
        try:
            line = self._encode(record)
        except UnicodeEncodeError:  # half a surrogate pair, from elsewhere
            line = self._encode({key: _repair(value) for key, value in record.items()})
        with suppress(OSError):  # the reader of the log is gone; the gateway goes on
            self._sink.write(line + b"\n")


def _repair(value: LogValue) -> LogValue:
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
