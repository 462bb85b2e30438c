"""The conversations' own yardstick: what is not heard, not said or otherwise said is noticed, and shown as a diff."""

import asyncio
from collections.abc import Callable

import pytest

from tests.fakes.conversation import Conversation, Upstream
from tests.fakes.loop_time import LoopClock, SteppedLoop
from tests.fakes.messages import forwarded, relayed, request, response
from tests.fakes.transport import FakeTransport


def play(scene: Callable[[Conversation], object]) -> None:
    """Play a scene to its end."""
    with Conversation() as talk:
        scene(talk)


def ask(talk: Conversation, target: str = "/") -> Upstream:
    """Let a client ask, and return the upstream that is told."""
    talk.connect().says(request(f"GET {target}"))
    return talk.line()


def test_a_mismatch_shows_the_conversation_as_a_diff() -> None:
    """What was said before, what was expected (-), what was heard (+)."""
    with pytest.raises(AssertionError) as caught:
        play(lambda talk: ask(talk, "/a").hears(forwarded("GET /b")))

    lines = str(caught.value).splitlines()
    assert "-    b'GET /b HTTP/1.1'" in lines
    assert "+    b'GET /a HTTP/1.1'" in lines
    assert lines.index("     b'GET /a HTTP/1.1'") < lines.index("-    b'GET /b HTTP/1.1'")
    assert "     b'Host: shop.example'" in lines


def test_what_nobody_heard_fails_at_the_end() -> None:
    """Silence is part of a conversation."""
    with pytest.raises(AssertionError, match="upstream 1 hears"):
        play(ask)


def test_a_connection_that_nobody_expected_fails_at_the_end() -> None:
    """An upstream that was dialled unasked."""

    def scene(talk: Conversation) -> None:
        talk.connect().says(request())
        talk._parties[-1].take()

    with pytest.raises(AssertionError, match="upstream 1"):
        play(scene)


def test_another_failure_tells_the_conversation_too() -> None:
    """As a note."""

    def scene(talk: Conversation) -> None:
        talk.connect().says(b"GET /a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        play(scene)

    assert "b'GET /a'" in caught.value.__notes__[0]


def test_what_fails_inside_a_callback_fails_the_test() -> None:
    """Nothing is swallowed by the loop."""

    def fail() -> None:
        raise LookupError

    with pytest.raises(AssertionError, match="inside the loop"):
        play(lambda talk: talk.loop.do(fail))


def test_long_bodies_are_told_apart_by_their_checksums() -> None:
    """The diff stays readable."""

    def scene(talk: Conversation) -> None:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"x" * 5000))
        client.hears(relayed(body=b"x" * 2500 + b"y" + b"x" * 2499))

    with pytest.raises(AssertionError) as caught:
        play(scene)

    assert len(str(caught.value)) < 4000
    assert 2 <= str(caught.value).count("5000 bytes, checksum")


# ---------------------------------------------------------------------------------------------------------- the loop


def test_time_passes_when_the_test_says_so() -> None:
    """Timers run at their moment, in order; the clock moves with the loop."""
    loop = SteppedLoop()
    clock = LoopClock(loop, 500.0)
    seen: list[float] = []
    for delay in (3.0, 1.0, 2.5):
        loop.call_later(delay, lambda: seen.append(clock.now()))
    loop.advance(2.5)
    assert ([501.0, 502.5], 502.5) == (seen, clock.now())
    loop.advance(0.5)
    loop.close()

    assert [501.0, 502.5, 503.0] == seen


def test_work_is_finished_whatever_time_it_takes_and_without_waiting() -> None:
    """Sleeps are jumped over; what could never go on is told."""
    loop = SteppedLoop()

    async def sleep() -> float:
        await asyncio.sleep(3600)
        return loop.time()

    async def hang() -> None:
        await loop.create_future()

    assert 4600.0 == loop.run(sleep())
    hanging = hang()
    with pytest.raises(RuntimeError, match="for ever"):
        loop.run(hanging)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_ready()
    loop.close()


# ------------------------------------------------------------------------------------------------------ the transport


class Listener(asyncio.Protocol):
    """Writes down what it is told."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        self.heard: list[str] = []

    def data_received(self, data: bytes) -> None:
        """Note it."""
        self.heard.append(data.decode("ascii"))

    def eof_received(self) -> bool:
        """Note it, and stay."""
        self.heard.append("end")
        return True

    def pause_writing(self) -> None:
        """Note it."""
        self.heard.append("pause")

    def resume_writing(self) -> None:
        """Note it."""
        self.heard.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        """Note it."""
        self.heard.append("lost" if exc is None else type(exc).__name__)


def test_a_transport_keeps_asyncios_promises() -> None:
    """Pause above the high mark, resume at the low one, nothing delivered while paused, lost once and later."""
    loop = SteppedLoop()
    listener = Listener()
    transport = FakeTransport(loop, listener, ("192.0.2.7", 1))
    transport.set_write_buffer_limits(high=8)
    transport.stop_taking()
    transport.write(b"12345678")
    assert [] == listener.heard
    transport.write(b"9")
    assert (["pause"], 9) == (listener.heard, transport.get_write_buffer_size())
    transport.take(6)
    assert ["pause"] == listener.heard
    transport.take(1)
    assert ["pause", "resume"] == listener.heard
    transport.pause_reading()
    transport.deliver(b"a")
    transport.deliver(None)
    assert ["pause", "resume"] == listener.heard
    transport.resume_reading()
    loop.run_ready()
    assert ["a", "end"] == listener.heard[2:]
    transport.close()
    assert not transport.is_lost
    transport.take()
    loop.run_ready()
    transport.abort()
    transport.reset()
    loop.run_ready()
    loop.close()

    assert ["lost"] == listener.heard[4:]
    assert b"123456789" == bytes(transport.sent)


def test_what_is_aborted_was_never_sent() -> None:
    """A polite end sends first; an abort does not."""
    loop = SteppedLoop()
    transport = FakeTransport(loop, Listener(), ("192.0.2.7", 1))
    transport.stop_taking()
    transport.write(b"late")
    transport.write_eof()
    assert not transport.was_ended
    transport.abort()
    transport.take()
    transport.write(b"later")
    loop.run_ready()
    loop.close()

    assert (b"", "aborted", False) == (bytes(transport.sent), transport.fate, transport.was_ended)
