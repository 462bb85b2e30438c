"""Connections to one Redis server: at most `MAX_CONNECTIONS`, each used by one call at a time, and never in doubt.

With `wait_replicas` a write counts when so many replicas have it: WAIT goes with it on the same connection.

A call has one deadline that covers waiting, connecting and answering. A connection whose call failed, timed out or was
cancelled is cut: its reply may still come, and must never be another call's (DESIGN.md §9.12; CVE-2023-28858). When one
idle connection proves dead, the others go too. Nothing is sent twice: a call that has been sent is answered or failed.
After a failure to connect, calls fail at once for `PAUSE_S`, so that those who wait do not each wait in vain.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple, final

from redis.exceptions import (
    AskError,
    ClusterDownError,
    NoScriptError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from ostiary.adapters.redis_faults import TooFewReplicasError, explain_failure
from ostiary.adapters.redis_link import RedisLink
from ostiary.errors import StoreFault
from ostiary.store_settings import RedisSettings

MAX_CONNECTIONS = 32
PAUSE_S = 0.1
MARGIN_S = 0.1  # a second's time limit is an answer within a second, ours included
SHORTEST_S = 0.05
WAIT_MARGIN_S = 0.15  # before our own time limit; Redis itself is up to a tenth of a second late with its answer

Argument = str | bytes | int
Reply = Any  # what Redis answers: bytes, int, a list of them, or None

# Replies that say that nothing was done, and where or when to come again.
_REDIRECTIONS = (NoScriptError, AskError, TryAgainError, ClusterDownError)  # a MovedError is an AskError, too

_WAITING = "had no free connection"
_CONNECTING = "did not accept a connection"
_ANSWERING = "did not answer"


def find_deadline_s(settings: RedisSettings) -> float:
    """Return how long a whole call may take."""
    longest = max(settings.connect_timeout_s, settings.send_timeout_s, settings.read_timeout_s)
    return max(longest - MARGIN_S, SHORTEST_S)


class RedisCommand(NamedTuple):
    """One command. `script` is what EVALSHA stands for, should Redis not know it; writes are waited for on replicas.

    `is_asking`: the node was told to be about to get the key (an ASK redirection).
    """

    arguments: tuple[Argument, ...]
    script: str = ""
    is_write: bool = False
    is_asking: bool = False


@final
class _Call:
    """One call under way: until when, and how far it has come."""

    __slots__ = ("ends_at", "limit", "reused", "stage")

    def __init__(self, limit: asyncio.Timeout, ends_at: float) -> None:
        self.limit = limit
        self.ends_at = ends_at
        self.stage = _WAITING
        self.reused = False

    def enter(self, stage: str, at_most_until: float) -> None:
        self.stage = stage
        self.limit.reschedule(min(self.ends_at, at_most_until))


@final
class RedisPool:
    """Opens, lends and cuts connections; make one per server, and `close()` it."""

    def __init__(self, settings: RedisSettings, tls_context: Callable[[bool], ssl.SSLContext]) -> None:
        """Open nothing yet; `tls_context` gives the context that verifies, or the one that does not."""
        self.place = f"{settings.host}:{settings.port}"
        self._settings = settings
        self._tls_context = tls_context
        self._limit_s = find_deadline_s(settings)
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._idle: list[tuple[float, RedisLink]] = []  # the longest idle ones first
        self._sweep: asyncio.TimerHandle | None = None
        self._paused_until = 0.0
        self._last_fault = ("", "")
        self._is_closed = False

    async def call(self, command: RedisCommand) -> Reply:
        """Send one command and return its reply.

        Raises StoreFault: `store_unavailable`, or `store_refused` for an error reply.
        """
        reply = await self.ask(command, asyncio.get_running_loop().time() + self._limit_s)
        if isinstance(reply, ResponseError):
            raise explain_failure(reply, self.place)
        return reply

    async def ask(self, command: RedisCommand, ends_at: float) -> Reply | ResponseError:
        """Do the same until `ends_at` (the loop's time); an error that tells where to ask instead is returned."""
        loop = asyncio.get_running_loop()
        self._check_pause(loop.time())
        call = _Call(asyncio.timeout_at(ends_at), ends_at)
        try:
            async with call.limit, self._slots:
                return await self._converse(call, command, loop)
        except TimeoutError:
            fault = StoreFault("store_unavailable", f"redis at {self.place} {call.stage} within {self._limit_s:.3g} s")
        except TooFewReplicasError as error:
            raise explain_failure(error, self.place) from None  # nothing is wrong with the connections
        except (RedisError, OSError, ValueError, EOFError) as error:
            fault = explain_failure(error, self.place)
        if call.stage is _CONNECTING:
            self._paused_until, self._last_fault = loop.time() + PAUSE_S, (fault.code, fault.detail)
        if call.reused and fault.code == "store_unavailable":
            self._flush()
        raise fault from None

    async def close(self) -> None:
        """Cut every idle connection, and those in use when they come back."""
        self._is_closed = True
        self._flush()

    async def _converse(
        self, call: _Call, command: RedisCommand, loop: asyncio.AbstractEventLoop
    ) -> Reply | ResponseError:
        """Take a connection, send, read, give it back; on any failure cut it."""
        self._check_pause(loop.time())
        link = await self._take(loop.time())
        call.reused = link is not None
        if link is None:
            call.enter(_CONNECTING, loop.time() + self._settings.connect_timeout_s)
            link = self._make_link()
        try:
            if not call.reused:
                await link.open()
            reply = await self._exchange(link, call, command, loop)
            if isinstance(reply, NoScriptError):
                whole = ("EVAL", command.script, *command.arguments[2:])
                reply = await self._exchange(link, call, command._replace(arguments=whole), loop)
        except BaseException:
            link.cut()
            raise
        self._give(link, loop)
        return reply

    async def _exchange(
        self, link: RedisLink, call: _Call, command: RedisCommand, loop: asyncio.AbstractEventLoop
    ) -> Reply | ResponseError:
        """Return the reply, redirections among them; every other error reply is raised."""
        replicas = self._settings.wait_replicas if command.is_write else 0
        sent: list[tuple[Argument, ...]] = [("ASKING",)] if command.is_asking else []
        sent.append(command.arguments)
        if replicas:
            left_s = min(call.ends_at - loop.time(), self._settings.read_timeout_s)
            wait_s = max(left_s - WAIT_MARGIN_S, left_s / 2)
            sent.append(("WAIT", replicas, max(int(wait_s * 1000), 1)))
        call.enter(_ANSWERING, loop.time() + self._settings.send_timeout_s)
        await link.send_packed_command(link.pack_commands(sent), check_health=False)
        call.enter(_ANSWERING, loop.time() + self._settings.read_timeout_s)
        if command.is_asking:
            await link.read_response(disable_decoding=True)
        reply = await _read_reply(link)
        if replicas:
            taken = await link.read_response(disable_decoding=True)
            if taken < replicas and not isinstance(reply, ResponseError):
                raise TooFewReplicasError(replicas)
        return reply

    def _check_pause(self, now: float) -> None:
        if self._is_closed:
            raise StoreFault("store_unavailable", f"redis at {self.place}: the store is closed")
        if now < self._paused_until:
            raise StoreFault(*self._last_fault)

    async def _take(self, now: float) -> RedisLink | None:
        """Return the idle connection that was used last, if it still stands; a dead one takes the others along."""
        while self._idle:
            since, link = self._idle.pop()
            if now - since < self._settings.keepalive_s and await link.is_quiet():
                return link
            link.cut()
            self._flush()
        return None

    def _make_link(self) -> RedisLink:
        settings = self._settings
        return RedisLink(settings, self._tls_context(settings.tls_verify) if settings.tls else None)

    def _give(self, link: RedisLink, loop: asyncio.AbstractEventLoop) -> None:
        if self._is_closed:
            link.cut()
            return
        self._idle.append((loop.time(), link))
        if self._sweep is None:
            self._sweep = loop.call_later(self._settings.keepalive_s, self._close_expired, loop)

    def _close_expired(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what has been idle too long, and come again when the next one will have been."""
        self._sweep = None
        last = loop.time() - self._settings.keepalive_s
        while self._idle and self._idle[0][0] <= last:
            self._idle.pop(0)[1].cut()
        if self._idle:
            self._sweep = loop.call_later(max(self._idle[0][0] - last, 0.01), self._close_expired, loop)

    def _flush(self) -> None:
        idle, self._idle = self._idle, []
        for _, link in idle:
            link.cut()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None


async def _read_reply(link: RedisLink) -> Reply | ResponseError:
    try:
        return await link.read_response(disable_decoding=True)
    except _REDIRECTIONS as told:
        return told
