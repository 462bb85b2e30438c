"""The operator's log."""

import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ostiary.adapters.log import JsonLog
from tests.fakes.clock import FakeClock


class Torn:
    """A sink whose reader is gone."""

    def write(self, lines: bytes) -> None:
        """Fail as a closed pipe does."""
        raise BrokenPipeError


def write(message: str, **fields: Any) -> list[dict[str, Any]]:
    """Write one event and return the lines."""
    sink = io.BytesIO()
    JsonLog(sink, FakeClock(1_800_000_000.1234)).event("warning", "some_code", message, **fields)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_an_event_is_one_line_of_json() -> None:
    """Time, severity, code and message come first, then the fields."""
    (line,) = write("It happened.", count=3, share=0.5, on=True, nothing=None, name="a")

    assert line == {
        "time": 1_800_000_000.123,
        "severity": "warning",
        "code": "some_code",
        "message": "It happened.",
        "count": 3,
        "share": 0.5,
        "on": True,
        "nothing": None,
        "name": "a",
    }
    assert ["time", "severity", "code", "message"] == list(line)[:4]


@given(st.text(st.characters()), st.text(st.characters()))
def test_nothing_can_forge_a_line(message: str, value: str) -> None:
    """Line feeds, control bytes and half surrogate pairs stay within theirs."""
    assert 1 == len(write(message, value=value))


def test_what_cannot_be_written_is_replaced() -> None:
    """A log never fails for its words."""
    (line,) = write("half \ud800 a pair", value="\udfff", count=1)

    assert ("half ? a pair", "?", 1) == (line["message"], line["value"], line["count"])


def test_a_field_does_not_replace_ours() -> None:
    """Whatever it is called."""
    (line,) = write("It happened.", code="forged", severity="info", time=0)

    assert ("some_code", "warning", 1_800_000_000.123) == (line["code"], line["severity"], line["time"])


def test_a_reader_that_is_gone_stops_nothing() -> None:
    """The gateway goes on without its log."""
    JsonLog(Torn(), FakeClock()).event("info", "some_code", "It happened.")
