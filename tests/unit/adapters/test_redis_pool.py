"""Connections to Redis: one deadline, no connection in doubt used again, nothing sent twice.

Against a scripted server; tests/e2e/test_redis_outages.py does the same with a real one.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ostiary.adapters.redis_pool import MAX_CONNECTIONS, PAUSE_S, RedisCommand, RedisPool, find_deadline_s
from ostiary.errors import StoreFault
from ostiary.store_settings import RedisSettings
from tests.fakes.loop_time import run_patiently
from tests.fakes.redis_wire import Command, FakeRedisWire, bulk, echo, serving
from tests.fakes.until import until

Scenario = Callable[[FakeRedisWire, RedisPool], Awaitable[None]]


def no_tls(verify: bool) -> ssl.SSLContext:
    """Nobody asks for it here."""
    raise AssertionError(verify)


def play(scenario: Scenario, **settings: Any) -> None:
    """Run a scenario with a scripted server and a pool on it."""

    async def run() -> None:
        async with serving() as wire:
            pool = RedisPool(RedisSettings(port=wire.port, **settings), no_tls)
            try:
                await scenario(wire, pool)
            finally:
                await pool.close()

    run_patiently(run())


async def say(pool: RedisPool, *arguments: str | bytes | int, script: str = "", is_write: bool = False) -> Any:
    """Send one command."""
    return await pool.call(RedisCommand(arguments, script, is_write=is_write))


async def fail(call: Awaitable[Any]) -> StoreFault:
    """Fail, and return the fault."""
    with pytest.raises(StoreFault) as caught:
        await call
    return caught.value


@pytest.mark.parametrize(
    ("connect_s", "send_s", "read_s", "expected"),
    [(1.0, 1.0, 1.0, 0.9), (0.2, 3.0, 1.0, 2.9), (0.05, 0.05, 0.1, 0.05), (0.001, 0.001, 0.001, 0.05)],
)
def test_a_whole_call_has_one_deadline(connect_s: float, send_s: float, read_s: float, expected: float) -> None:
    """The longest of the three, less what an answer needs to be out in time."""
    settings = RedisSettings(connect_timeout_s=connect_s, send_timeout_s=send_s, read_timeout_s=read_s)

    assert pytest.approx(expected) == find_deadline_s(settings)


def test_calls_one_after_another_share_a_connection() -> None:
    """And those at the same time do not."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        for number in range(5):
            assert b"%d" % number == await say(pool, "GET", str(number))
        assert 1 == wire.accepted
        assert [b"a", b"b"] == list(await asyncio.gather(say(pool, "GET", "a"), say(pool, "GET", "b")))
        assert 2 == wire.accepted

    play(scenario)


def test_a_call_that_was_cancelled_leaves_its_reply_to_nobody() -> None:
    """Its connection is cut: the next reader gets its own value, not the one that was on the way (CVE-2023-28858)."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        assert b"warm" == await say(pool, "GET", "warm")
        asked, told = asyncio.Event(), asyncio.Event()

        async def be_slow(command: Command) -> bytes:
            if command[-1] == b"mine":
                asked.set()
                await told.wait()
            return bulk(command[-1])

        wire.answer = be_slow
        mine = asyncio.create_task(say(pool, "GET", "mine"))
        await asked.wait()
        mine.cancel()
        with pytest.raises(asyncio.CancelledError):
            await mine
        told.set()

        assert [b"yours", b"theirs"] == [await say(pool, "GET", "yours"), await say(pool, "GET", "theirs")]
        assert 2 == wire.accepted

    play(scenario)


def test_a_call_that_was_cancelled_while_it_was_sent_sends_nothing_more() -> None:
    """A value larger than the socket's buffers, and a server that does not read."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        never = asyncio.Event()

        async def read_no_more(command: Command) -> bytes:
            await never.wait()
            return b""

        wire.answer = read_no_more
        calls = [asyncio.create_task(say(pool, "SET", "k", b"x" * (8 << 20))) for _ in range(2)]
        await until(lambda: wire.accepted == 2)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        wire.answer = echo

        assert b"yours" == await say(pool, "GET", "yours")
        assert 3 == wire.accepted

    play(scenario)


def test_an_answer_that_is_late_is_nobodys() -> None:
    """The call fails in time, and its connection is cut."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        late = asyncio.Event()

        async def be_late(command: Command) -> bytes:
            if command[-1] == b"late":
                await late.wait()
            return bulk(command[-1])

        wire.answer = be_late
        loop = asyncio.get_running_loop()
        began = loop.time()
        fault = await fail(say(pool, "GET", "late"))
        late.set()

        assert ("store_unavailable", f"redis at 127.0.0.1:{wire.port} did not answer within 0.2 s") == (
            fault.code, fault.detail,
        )  # fmt: skip
        assert loop.time() - began < 0.3
        assert b"next" == await say(pool, "GET", "next")

    play(scenario, connect_timeout_s=0.3, send_timeout_s=0.3, read_timeout_s=0.3)


def test_each_time_limit_counts_for_itself_too() -> None:
    """A short `read_timeout` beside long ones."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        async def never(command: Command) -> bytes:
            await asyncio.Event().wait()
            return b""

        wire.answer = never
        loop = asyncio.get_running_loop()
        began = loop.time()
        await fail(say(pool, "GET", "k"))

        assert loop.time() - began < 0.5

    play(scenario, connect_timeout_s=5.0, send_timeout_s=5.0, read_timeout_s=0.05)


def test_a_dead_idle_connection_takes_the_others_along() -> None:
    """Nothing was sent on it, so the call goes out on a new one; nobody meets the other dead ones."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        await asyncio.gather(*(say(pool, "GET", "k") for _ in range(4)))
        assert 4 == wire.accepted
        for writer in wire.writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)
        answers = [await say(pool, "GET", str(number)) for number in range(4)]

        assert [b"0", b"1", b"2", b"3"] == answers
        assert 5 == wire.accepted
        assert 8 == len(wire.commands)

    play(scenario)


def test_what_was_not_asked_for_is_nobodys_answer() -> None:
    """An idle connection on which something came is cut."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        assert b"one" == await say(pool, "GET", "one")
        wire.writers[0].write(bulk(b"somebody else's"))
        await asyncio.sleep(0.01)

        assert b"two" == await say(pool, "GET", "two")
        assert 2 == wire.accepted

    play(scenario)


def test_what_was_sent_is_not_sent_again() -> None:
    """A connection that ends before the answer fails the call: it may have been done."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        async def hang_up(command: Command) -> bytes | None:
            return None

        assert b"one" == await say(pool, "GET", "one")
        wire.answer = hang_up
        fault = await fail(say(pool, "INCR", "k"))

        assert ("store_unavailable", True) == (fault.code, fault.detail.endswith("closed the connection"))
        assert 1 == sum(command[0] == b"INCR" for command in wire.commands)

    play(scenario)


@pytest.mark.parametrize("reply", [b"garbage\r\n", b"$x\r\n", b"%2\r\n", b"*1\r\n!oops\r\n"])
def test_what_is_no_redis_is_named_so(reply: bytes) -> None:
    """Not an internal error."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        async def speak_otherwise(command: Command) -> bytes:
            return reply

        wire.answer = speak_otherwise
        fault = await fail(say(pool, "GET", "k"))
        wire.answer = echo

        assert ("store_unavailable", True) == (fault.code, "does not speak Redis's protocol" in fault.detail)
        assert b"k" == await say(pool, "GET", "k")

    play(scenario)


@pytest.mark.parametrize("word", ["OOM", "READONLY", "LOADING", "WRONGTYPE", "MISCONF", "NOPERM", "ERR"])
def test_an_error_reply_refuses_by_its_code_word(word: str) -> None:
    """The rest of its text may quote arguments, and is not told."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        async def refuse(command: Command) -> bytes:
            return f"-{word} with args beginning with: 'sesame'\r\n".encode()

        wire.answer = refuse
        fault = await fail(say(pool, "GET", "k"))
        wire.answer = echo

        assert ("store_refused", True) == (fault.code, f"answered {word}" in fault.detail)
        assert "sesame" not in fault.detail
        assert b"k" == await say(pool, "GET", "k")

    play(scenario)


def test_a_script_that_is_unknown_is_sent_whole() -> None:
    """On the same connection, and within the same deadline."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        async def forget(command: Command) -> bytes:
            return b"-NOSCRIPT No matching script.\r\n" if command[0] == b"EVALSHA" else bulk(command[1])

        wire.answer = forget
        assert b"return 1" == await say(pool, "EVALSHA", "abc", 1, "k", "a", script="return 1")
        assert [b"EVAL", b"return 1", b"1", b"k", b"a"] == wire.commands[-1]
        assert 1 == wire.accepted

    play(scenario)


def test_after_a_failure_to_connect_calls_fail_at_once_for_a_moment() -> None:
    """And are tried again after it."""

    async def scenario() -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            pool = RedisPool(RedisSettings(port=nobody.getsockname()[1], password="sesame"), no_tls)
            loop = asyncio.get_running_loop()
            first = await fail(say(pool, "GET", "k"))
            began = loop.time()
            faults = [await fail(say(pool, "GET", "k")) for _ in range(200)]
            took = loop.time() - began

            assert "the connection is refused: nothing listens there" in first.detail
            assert "sesame" not in first.detail
            assert {first.detail} == {fault.detail for fault in faults}
            assert took < PAUSE_S
            async with serving() as wire:
                again = RedisPool(RedisSettings(port=wire.port), no_tls)
                again._paused_until, again._last_fault = loop.time() + 0.02, (first.code, first.detail)
                await fail(say(again, "GET", "k"))
                await asyncio.sleep(0.03)
                assert b"k" == await say(again, "GET", "k")
                await again.close()
            await pool.close()

    run_patiently(scenario())


def test_those_who_wait_for_a_connection_do_not_each_wait_in_vain() -> None:
    """200 calls to a server that accepts and never answers AUTH: all have failed within one deadline."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        async def never(command: Command) -> bytes:
            await asyncio.Event().wait()
            return b""

        wire.answer = never
        loop = asyncio.get_running_loop()
        began = loop.time()
        faults = await asyncio.gather(*(fail(say(pool, "GET", str(number))) for number in range(200)))

        assert loop.time() - began < 1.7
        assert {"store_unavailable"} == {fault.code for fault in faults}
        assert 1 <= wire.accepted <= MAX_CONNECTIONS

    play(scenario, password="sesame", connect_timeout_s=1.0, send_timeout_s=1.0, read_timeout_s=1.0)


def test_there_are_never_more_connections_than_the_limit() -> None:
    """Whoever comes later waits for one."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        keys = [str(number).encode() for number in range(300)]
        assert keys == await asyncio.gather(*(say(pool, "GET", key) for key in keys))
        assert MAX_CONNECTIONS >= wire.accepted

    play(scenario)


def test_an_idle_connection_is_closed_in_time() -> None:
    """By itself, and the one that is used later stays as long as it may."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        await asyncio.gather(say(pool, "GET", "a"), say(pool, "GET", "b"))
        await asyncio.sleep(0.06)
        await say(pool, "GET", "c")
        await asyncio.sleep(0.06)
        assert 1 == len(pool._idle)
        await asyncio.sleep(0.08)
        assert 0 == len(pool._idle)
        assert b"d" == await say(pool, "GET", "d")
        assert 3 == wire.accepted

    play(scenario, keepalive_s=0.1)


def test_an_idle_connection_past_its_time_is_not_used() -> None:
    """Also when nobody has come by to close it."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        await say(pool, "GET", "a")
        since, link = pool._idle.pop()
        pool._idle.append((since - 11, link))
        await say(pool, "GET", "b")
        assert 2 == wire.accepted

    play(scenario)


def test_a_closed_pool_calls_nobody() -> None:
    """What was under way is cut when it comes back."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        go = asyncio.Event()

        async def wait(command: Command) -> bytes:
            await go.wait()
            return bulk(command[-1])

        wire.answer = wait
        call = asyncio.create_task(say(pool, "GET", "a"))
        await until(lambda: bool(wire.commands))
        await pool.close()
        go.set()

        assert b"a" == await call
        assert [] == pool._idle
        assert "the store is closed" in (await fail(say(pool, "GET", "b"))).detail

    play(scenario)


@pytest.mark.parametrize(("taken", "is_enough"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_write_counts_when_enough_replicas_have_it(taken: int, is_enough: bool) -> None:
    """WAIT goes with it on the same connection, for a little less than the call has; a read waits for nobody."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        async def answer(command: Command) -> bytes:
            return b":%d\r\n" % taken if command[0] == b"WAIT" else b"+OK\r\n"

        wire.answer = answer
        assert b"OK" == await say(pool, "GET", "k")
        if is_enough:
            assert b"OK" == await say(pool, "SET", "k", "v", is_write=True)
        else:
            fault = await fail(say(pool, "SET", "k", "v", is_write=True))
            assert ("store_unavailable", True) == (fault.code, "fewer than 2 replicas" in fault.detail)
        assert [b"GET", b"SET", b"WAIT"] == [command[0] for command in wire.commands]
        assert b"2" == wire.commands[-1][1]
        assert 500 < int(wire.commands[-1][2]) < 900

    play(scenario, wait_replicas=2)


@pytest.mark.parametrize(("limit_s", "expected_ms"), [(1.0, 749), (0.3, 100)])
def test_replicas_have_less_time_than_the_call(limit_s: float, expected_ms: int) -> None:
    """Redis may be a tenth of a second late with the answer that they were too slow; half of a short time at least."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        async def be_late(command: Command) -> bytes:
            if command[0] == b"WAIT":
                await asyncio.sleep(int(command[2]) / 1000 + 0.09)
                return b":0\r\n"
            return b"+OK\r\n"

        wire.answer = be_late
        fault = await fail(say(pool, "SET", "k", "v", is_write=True))
        assert "fewer than 1 replicas" in fault.detail
        assert expected_ms == int(wire.commands[-1][2])

    play(scenario, wait_replicas=1, connect_timeout_s=limit_s, send_timeout_s=limit_s, read_timeout_s=limit_s)


def test_a_refused_write_waits_for_nobody() -> None:
    """The answer to WAIT is read all the same: the next call gets its own."""

    async def scenario(wire: FakeRedisWire, pool: RedisPool) -> None:
        replies = {b"WAIT": b":0\r\n", b"EVALSHA": b"-NOSCRIPT no\r\n", b"EVAL": b"-MOVED 1 h:1\r\n"}

        async def answer(command: Command) -> bytes:
            return replies.get(command[0]) or bulk(command[-1])

        wire.answer = answer
        fault = await fail(say(pool, "EVALSHA", "digest", 1, "k", script="return 1", is_write=True))
        assert ("store_refused", True) == (fault.code, "cluster_nodes" in fault.detail)
        assert b"mine" == await say(pool, "GET", "mine")
        assert 1 == wire.accepted

    play(scenario, wait_replicas=1)
