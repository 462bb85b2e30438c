"""Writes that wait for the end of the turn: in order, none lost, none for who is gone."""

from collections.abc import Iterator

import pytest

from ostiary.gateway.outbox import MAX_WAITING_BYTES, Outbox
from tests.fakes.loop_time import SteppedLoop
from tests.fakes.transport import FakeTransport
from tests.fakes.upstream_wire import Wire


@pytest.fixture
def loop() -> Iterator[SteppedLoop]:
    """A loop whose turns the test takes."""
    made = SteppedLoop()
    yield made
    made.close()


@pytest.fixture
def transport() -> Iterator[FakeTransport]:
    """Somebody to write to."""
    with Wire() as wire:
        yield wire.transport


def test_without_anybody_to_defer_writes_are_made_at_once(transport: FakeTransport) -> None:
    """As a test or an embedding wants it."""
    outbox = Outbox(None)
    outbox.write(transport, b"a")
    assert b"a" == transport.sent
    outbox.flush()
    assert b"a" == transport.sent


def test_writes_are_made_at_the_end_of_the_turn(loop: SteppedLoop, transport: FakeTransport) -> None:
    """In order, each once; the next turn begins anew."""
    outbox = Outbox(loop.call_soon)
    for piece in (b"a", b"b"):
        outbox.write(transport, piece)
    assert b"" == transport.sent
    loop.run_ready()
    assert b"ab" == transport.sent
    outbox.write(transport, b"c")
    loop.run_ready()
    assert b"abc" == transport.sent


def test_one_call_is_deferred_for_all_writes_of_a_turn(transport: FakeTransport) -> None:
    """Not one for each."""
    deferred: list[object] = []
    outbox = Outbox(deferred.append)
    for _ in range(5):
        outbox.write(transport, b"a")

    assert [outbox.flush] == deferred


def test_what_is_flushed_before_is_not_written_again(loop: SteppedLoop, transport: FakeTransport) -> None:
    """Closing flushes first."""
    outbox = Outbox(loop.call_soon)
    outbox.write(transport, b"a")
    outbox.flush()
    assert b"a" == transport.sent
    loop.run_ready()
    assert b"a" == transport.sent


def test_much_is_written_at_once(loop: SteppedLoop, transport: FakeTransport) -> None:
    """So that back-pressure is felt within the turn."""
    outbox = Outbox(loop.call_soon)
    outbox.write(transport, b"x" * MAX_WAITING_BYTES)
    assert b"" == transport.sent
    outbox.write(transport, b"y")
    assert b"x" * MAX_WAITING_BYTES + b"y" == transport.sent
    outbox.write(transport, b"z")
    loop.run_ready()
    assert b"z" == transport.sent[-1:]


def test_what_is_for_somebody_who_is_gone_is_dropped(loop: SteppedLoop, transport: FakeTransport) -> None:
    """The others get theirs."""
    with Wire() as other:
        outbox = Outbox(loop.call_soon)
        outbox.write(transport, b"a")
        outbox.write(other.transport, b"b")
        transport.abort()
        loop.run_ready()
        assert (b"", b"b") == (bytes(transport.sent), bytes(other.transport.sent))
