"""Lines to a descriptor, by a thread: in order, whole, and never waiting for whoever reads."""

import json
import os
import threading
from collections.abc import Iterator

import pytest

from ostiary.adapters.line_writer import MAX_PIECES, LineWriter


class Pipe:
    """A pipe that is read when the test says so, up to its end."""

    def __init__(self) -> None:
        """Open it; `found` is what was read."""
        self.reader, self.writer = os.pipe()
        self.found = b""
        self._grown = threading.Condition()
        self._thread = threading.Thread(target=self._read)

    def fill(self) -> None:
        """Let it hold as much as it can: the next write waits."""
        os.set_blocking(self.writer, False)
        try:
            while True:
                os.write(self.writer, b"\n" * 4096)
        except BlockingIOError:
            os.set_blocking(self.writer, True)

    def start_reading(self) -> None:
        """Read from now on, in a thread."""
        self._thread.start()

    def _read(self) -> None:
        while piece := os.read(self.reader, 65_536):
            with self._grown:
                self.found += piece
                self._grown.notify_all()

    def wait_for(self, part: bytes) -> None:
        """Return when `part` has come."""
        with self._grown:
            assert self._grown.wait_for(lambda: part in self.found, 10.0)

    def lines(self) -> list[bytes]:
        """Close the writing end and return every line that came, without what filled the pipe."""
        self.close_writer()
        if self._thread.ident is None:
            self.start_reading()
        self._thread.join()
        return [line for line in self.found.split(b"\n") if line]

    def close_writer(self) -> None:
        """Close the writing end, once."""
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe that is closed afterwards."""
    made = Pipe()
    yield made
    made.close_writer()
    os.close(made.reader)


def test_lines_come_out_in_order(pipe: Pipe) -> None:
    """After `close` everything is written."""
    writer = LineWriter(pipe.writer)
    for number in range(100):
        writer.write(b"%d\n" % number)
    writer.close()

    assert [b"%d" % number for number in range(100)] == pipe.lines()


def test_a_piece_larger_than_the_pipe_comes_out_whole(pipe: Pipe) -> None:
    """The system takes it in parts."""
    pipe.start_reading()
    writer = LineWriter(pipe.writer)
    writer.write(b"x" * 1_000_000 + b"\n")
    writer.close(10.0)
    pipe.close_writer()
    pipe.wait_for(b"x\n")

    assert b"x" * 1_000_000 + b"\n" == pipe.found


def start_stuck(pipe: Pipe) -> LineWriter:
    """A writer whose thread has taken a piece and waits for a reader."""
    pipe.fill()
    writer = LineWriter(pipe.writer)
    writer.write(b"taken\n")
    while not writer._pieces.empty():
        os.sched_yield()
    return writer


def test_a_reader_that_stopped_stalls_nobody_and_the_gap_says_so(pipe: Pipe) -> None:
    """So many pieces wait; what is beyond is dropped and counted, and the count comes when there is room again."""
    writer = start_stuck(pipe)
    for number in range(MAX_PIECES + 3):
        writer.write(b"%d\n" % number)
    pipe.start_reading()
    pipe.wait_for(b"\n%d\n" % (MAX_PIECES - 1))
    writer.write(b"after\n")
    writer.close(10.0)
    first, *kept, gap, after = pipe.lines()

    assert (b"taken", [b"%d" % number for number in range(MAX_PIECES)]) == (first, kept)
    assert ({"dropped_pieces": 3}, b"after") == (json.loads(gap), after)


@pytest.mark.parametrize("count", [0, MAX_PIECES + 2])
def test_closing_does_not_wait_for_a_reader_that_never_reads(pipe: Pipe, count: int) -> None:
    """Neither with a full queue nor with nothing in it but the end."""
    writer = start_stuck(pipe)
    for _ in range(count):
        writer.write(b"line\n")
    writer.close(0.05)
    assert writer._thread.is_alive()

    pipe.start_reading()
    writer.close(10.0)
    assert not writer._thread.is_alive()
    assert [b"taken"] + [b"line"] * min(count, MAX_PIECES) == pipe.lines()


def test_a_reader_that_is_gone_ends_nothing() -> None:
    """Its lines are lost and counted; the writer goes on."""
    reader, descriptor = os.pipe()
    os.close(reader)
    writer = LineWriter(descriptor)
    writer.write(b"lost\n")
    writer.write(b"lost too\n")
    writer.close()
    os.close(descriptor)

    assert not [thread for thread in threading.enumerate() if thread.name == "access-log" and thread is writer._thread]
