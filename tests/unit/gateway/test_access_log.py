"""Records become lines, together; a sample is taken by counting."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.gateway.access_log import FLUSH_RECORDS, AccessLog
from ostiary.gateway.access_record import AccessRecord


class Sink:
    """Implements `LineSink`."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.pieces: list[bytes] = []

    def write(self, lines: bytes) -> None:
        """Keep a piece."""
        self.pieces.append(lines)


def record(path: str = "/") -> AccessRecord:
    """A record with little to tell."""
    return AccessRecord(1.5, "req-1", "192.0.2.7", "GET", 200, "pass", "", 7, path=path)


def test_a_record_is_a_line_of_json() -> None:
    """What has nothing to say is left out."""
    sink = Sink()
    log = AccessLog(sink)
    log.record(record())
    log.flush()

    line = (
        b'{"time":1.5,"id":"req-1","client":"192.0.2.7","method":"GET","status":200,"verdict":"pass","reason":"",'
        b'"duration_us":7,"path":"/"}\n'
    )
    assert [line] == sink.pieces


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_path_makes_two_lines(path: str) -> None:
    """JSON escapes line ends and control characters: nobody forges a line."""
    sink = Sink()
    log = AccessLog(sink)
    log.record(record(path))
    log.flush()

    assert 1 == sink.pieces[0].count(b"\n")
    assert path == json.loads(sink.pieces[0]).get("path", "")


def test_records_collect_until_there_are_many() -> None:
    """One write for all of them; nothing is written twice, and nothing without records."""
    sink = Sink()
    log = AccessLog(sink)
    for _ in range(FLUSH_RECORDS - 1):
        log.record(record())
    assert [] == sink.pieces
    log.record(record())
    assert [FLUSH_RECORDS] == [piece.count(b"\n") for piece in sink.pieces]
    log.flush()
    assert 1 == len(sink.pieces)


@pytest.mark.parametrize(("sample", "expected"), [(1.0, 1000), (0.5, 500), (0.1, 100), (0.25, 250), (0.001, 1)])
def test_a_sample_is_its_share(sample: float, expected: int) -> None:
    """Evenly, without dice; to within rounding."""
    log = AccessLog(Sink(), sample)

    assert abs(sum(log.is_sampled() for _ in range(1000)) - expected) <= 1


@given(st.floats(0.01, 1.0), st.integers(1, 300))
def test_a_sample_is_never_far_from_its_share(sample: float, count: int) -> None:
    """At every moment."""
    log = AccessLog(Sink(), sample)

    assert abs(sum(log.is_sampled() for _ in range(count)) - sample * count) <= 1.001
