"""A store in Redis or Valkey (6.2 or newer), as `ostiary.ports.Store`: shared by every node.

Values are plain keys with an expiry. What compares before it changes is a script, which Redis runs as one step. A
series is two sorted sets in one hash slot, by position and by expiry. Their empty member holds the newest position and
a random number that is drawn when the series begins: a position carries it, so whoever comes with a position from
before Redis lost its memory is told so, however far the new series has come. Neither set expires, so that an eviction
policy for expiring keys spares them.
"""

import math
import secrets
from hashlib import sha1
from typing import Protocol, final

from ostiary.adapters.redis_pool import Argument, RedisCommand, Reply
from ostiary.adapters.store_rules import check_key, check_member, check_value
from ostiary.ports import Clock, SeriesPart

POSITION_BITS = 32  # of a position; what is above them is the number of the series
MAX_PURGED = 500


@final
class Script:
    """A Lua script and the digest that Redis knows it by."""

    __slots__ = ("digest", "text")

    def __init__(self, text: str) -> None:
        """Compute the digest."""
        self.text = text
        self.digest = sha1(text.encode("ascii"), usedforsecurity=False).hexdigest()


REPLACE = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1
""")
DELETE_EXPECTED = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
""")
# KEYS: by position, by expiry. ARGV: member, its expiry, now, a number for a new series, how many leave at most.
# It adds before it takes away: a script that has changed something is let go on even when the memory is full.
APPEND = Script("""
local newest = redis.call('ZSCORE', KEYS[1], '')
local number = redis.call('ZSCORE', KEYS[2], '')
if not newest or not number then
  if newest or number then redis.call('DEL', KEYS[1], KEYS[2]) end
  redis.call('ZADD', KEYS[2], -tonumber(ARGV[4]), '')
  newest = 0
end
local known = redis.call('ZSCORE', KEYS[2], ARGV[1])
local expiry = ARGV[2]
if known and tonumber(known) > tonumber(expiry) then expiry = known end
redis.call('ZADD', KEYS[2], expiry, ARGV[1])
redis.call('ZADD', KEYS[1], newest + 1, ARGV[1], newest + 1, '')
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '(0', ARGV[3], 'LIMIT', 0, ARGV[5])
if #over > 0 then
  redis.call('ZREM', KEYS[1], unpack(over))
  redis.call('ZREM', KEYS[2], unpack(over))
end
return 1
""")
# ARGV: the number of the series that the reader knows, the position it has come to, now.
READ_SERIES = Script("""
local newest = redis.call('ZSCORE', KEYS[1], '')
local number = redis.call('ZSCORE', KEYS[2], '')
if not newest or not number then return {0, 0} end
local after = tonumber(ARGV[2])
if -tonumber(number) ~= tonumber(ARGV[1]) or after > tonumber(newest) then after = 0 end
local found = {-tonumber(number), tonumber(newest)}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. after, '+inf')) do
  local expiry = member ~= '' and redis.call('ZSCORE', KEYS[2], member)
  if expiry and tonumber(expiry) > tonumber(ARGV[3]) then
    found[#found + 1] = member
    found[#found + 1] = expiry
  end
end
return found
""")


class RedisCalls(Protocol):
    """A way to Redis: one server, whichever server the sentinels name, or the cluster's node for a key."""

    async def call(self, command: RedisCommand) -> Reply:
        """Send one command and return its reply. Raises StoreFault."""
        ...

    async def close(self) -> None:
        """Cut every connection."""
        ...


@final
class RedisStore:
    """Values and series under one prefix."""

    __slots__ = ("_calls", "_clock", "_prefix")

    def __init__(self, calls: RedisCalls, prefix: str, clock: Clock) -> None:
        """Take the connections; nothing is opened yet."""
        self._calls = calls
        self._prefix = prefix
        self._clock = clock

    async def read(self, key: str) -> bytes | None:
        """Return the value, or None."""
        found: bytes | None = await self._calls.call(RedisCommand(("GET", self._name(key))))
        return found

    async def write(self, key: str, value: bytes, expires_at: float) -> None:
        """Put the value, whatever was there."""
        check_value(value, expires_at)
        await self._write("SET", self._name(key), value, "PXAT", _write_time(expires_at))

    async def create(self, key: str, value: bytes, expires_at: float) -> bool:
        """Put the value where there is none; say whether that was so."""
        check_value(value, expires_at)
        reply = await self._write("SET", self._name(key), value, "NX", "PXAT", _write_time(expires_at))
        return reply is not None

    async def replace(self, key: str, expected: bytes, value: bytes, expires_at: float) -> bool:
        """Put the value where exactly `expected` is; say whether that was so."""
        check_value(value, expires_at)
        return bool(await self._run(REPLACE, (self._name(key),), expected, value, _write_time(expires_at)))

    async def delete(self, key: str, expected: bytes | None = None) -> bool:
        """Take the value away (with `expected`: only exactly that one); say whether there was one to take."""
        if expected is None:
            return bool(await self._write("DEL", self._name(key)))
        return bool(await self._run(DELETE_EXPECTED, (self._name(key),), expected))

    async def append(self, series: str, member: str, expires_at: float) -> None:
        """Add a member to a series; one that is there already gets the later of both times, and counts as new."""
        check_member(member, expires_at)
        number = 1 + secrets.randbelow(2**31 - 1)
        now = _write_time(self._clock.now())
        await self._run(APPEND, self._name_series(series), member, _write_time(expires_at), now, number, MAX_PURGED)

    async def read_series(self, series: str, after: int) -> SeriesPart:
        """Return the live members that were added after a position; all of them when the position is not its own."""
        known, come_to = after >> POSITION_BITS, after & ((1 << POSITION_BITS) - 1)
        now = _write_time(self._clock.now())
        command = _write_script(READ_SERIES, self._name_series(series), known, come_to, now)
        reply = await self._calls.call(command)
        number, newest, *found = reply
        members = tuple(
            (member.decode("utf-8"), float(expiry) / 1000)
            for member, expiry in zip(found[::2], found[1::2], strict=True)
        )
        is_reset = after != 0 and (number != known or come_to > newest)
        return SeriesPart(members, number << POSITION_BITS | newest, is_reset=is_reset)

    async def close(self) -> None:
        """Close the connections."""
        await self._calls.close()

    async def _write(self, *arguments: Argument) -> Reply:
        return await self._calls.call(RedisCommand(arguments, is_write=True))

    async def _run(self, script: Script, keys: tuple[str, ...], *arguments: Argument) -> Reply:
        return await self._calls.call(_write_script(script, keys, *arguments)._replace(is_write=True))

    def _name(self, key: str) -> str:
        check_key(key)
        return f"{self._prefix}:{key}"

    def _name_series(self, series: str) -> tuple[str, str]:
        """Name both sets of a series, in one hash slot. No key has a space, so these never meet a value's."""
        check_key(series)
        return f"{self._prefix}:{{{series}}} by position", f"{self._prefix}:{{{series}}} by expiry"


def _write_script(script: Script, keys: tuple[str, ...], *arguments: Argument) -> RedisCommand:
    return RedisCommand(("EVALSHA", script.digest, len(keys), *keys, *arguments), script.text)


def _write_time(at: float) -> int:
    """Return a time in milliseconds, as Redis takes it: later than the epoch."""
    return max(math.ceil(at * 1000), 1)
