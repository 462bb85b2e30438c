"""A log that remembers its events."""

from typing import NamedTuple

from ostiary.ports import LogValue, Severity


class Event(NamedTuple):
    """One event as it was written."""

    severity: Severity
    code: str
    message: str
    fields: dict[str, LogValue]


class FakeLog:
    """Implements `ostiary.ports.Log`."""

    def __init__(self) -> None:
        """Start without events."""
        self.events: list[Event] = []

    def event(self, severity: Severity, code: str, message: str, /, **fields: LogValue) -> None:
        """Remember the event."""
        self.events.append(Event(severity, code, message, fields))

    @property
    def codes(self) -> list[str]:
        """The codes, in order."""
        return [event.code for event in self.events]

    @property
    def text(self) -> str:
        """Everything that was written: what must not contain a secret."""
        return repr(self.events)
