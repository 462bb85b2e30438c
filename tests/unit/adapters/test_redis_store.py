"""How keys, times and positions are written for Redis. What the store promises is tried in tests/contract."""

import asyncio
from hashlib import sha1
from typing import Any

import pytest

from ostiary.adapters.redis_pool import RedisCommand, Reply
from ostiary.adapters.redis_store import READ_SERIES, REPLACE, RedisStore, Script
from tests.fakes.clock import FakeClock


class ScriptedPool:
    """Takes commands, and gives the replies that a test has put there."""

    def __init__(self, *replies: Reply) -> None:
        """Take the replies."""
        self.replies = list(replies)
        self.commands: list[tuple[Any, ...]] = []
        self.script = ""
        self.writes: list[bool] = []

    async def call(self, command: RedisCommand) -> Reply:
        """Give the next reply."""
        self.commands.append(command.arguments)
        self.script = command.script
        self.writes.append(command.is_write)
        return self.replies.pop(0)

    async def close(self) -> None:
        """Nothing is open."""


def make(pool: ScriptedPool) -> RedisStore:
    """Make a store on scripted replies."""
    return RedisStore(pool, "app", FakeClock(1000.0))


def test_every_key_has_the_prefix_and_a_time() -> None:
    """In milliseconds, rounded up; what was over long ago is at the epoch."""
    pool = ScriptedPool(b"v", b"OK", None, 1)
    store = make(pool)

    async def scenario() -> None:
        assert b"v" == await store.read("k")
        await store.write("k", b"v", 1000.0001)
        assert not await store.create("k", b"v", -5.0)
        assert await store.delete("k")

    asyncio.run(scenario())
    assert [
        ("GET", "app:k"),
        ("SET", "app:k", b"v", "PXAT", 1_000_001),
        ("SET", "app:k", b"v", "NX", "PXAT", 1),
        ("DEL", "app:k"),
    ] == pool.commands
    assert [False, True, True, True] == pool.writes


def test_a_script_goes_by_its_digest_and_keeps_to_one_slot() -> None:
    """Both sets of a series have its name as their hash tag."""
    pool = ScriptedPool(1, 1)
    store = make(pool)

    async def scenario() -> None:
        assert await store.replace("k", b"a", b"b", 1001.0)
        await store.append("s", "m", 1001.0)

    asyncio.run(scenario())
    digest = sha1(REPLACE.text.encode(), usedforsecurity=False).hexdigest()
    assert ("EVALSHA", digest, 1, "app:k", b"a", b"b", 1_001_000) == pool.commands[0]
    assert ("app:{s} by position", "app:{s} by expiry", "m", 1_001_000, 1_000_000) == pool.commands[1][3:8]


@pytest.mark.parametrize(
    ("after", "reply", "expected"),
    [
        (0, [0, 0], (0, False)),
        (0, [7, 3], (7 << 32 | 3, False)),
        (7 << 32 | 3, [7, 3], (7 << 32 | 3, False)),
        (7 << 32 | 4, [7, 3], (7 << 32 | 3, True)),
        (8 << 32 | 1, [7, 3], (7 << 32 | 3, True)),
        (8 << 32 | 1, [0, 0], (0, True)),
    ],
)
def test_a_position_carries_the_number_of_its_series(after: int, reply: list[int], expected: tuple[int, bool]) -> None:
    """Another number, or a newer position than there is: the series was lost."""
    pool = ScriptedPool(reply)
    part = asyncio.run(make(pool).read_series("s", after))

    assert expected == (part.position, part.is_reset)
    assert (after >> 32, after & 0xFFFFFFFF, 1_000_000) == pool.commands[0][5:]
    assert READ_SERIES.text == pool.script


def test_members_come_with_their_times() -> None:
    """In seconds."""
    part = asyncio.run(make(ScriptedPool([7, 3, "ü".encode(), b"1500", b"b", b"2000"])).read_series("s", 0))

    assert (("ü", 1.5), ("b", 2.0)) == part.members


def test_a_digest_is_the_texts() -> None:
    """As Redis computes it."""
    assert "e0e1f9fabfc9d4800c877a703b823ac0578ff8db" == Script("return 1").digest
