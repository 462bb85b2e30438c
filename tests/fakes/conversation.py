"""A whole gateway, and a test that plays everybody around it: clients, upstreams, the network, the clock.

    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /a"))
        upstream = talk.line()                       # the connection that the gateway dialled
        upstream.hears(forwarded("GET /a"))
        upstream.answers(response(body=b"hello"))
        client.hears(relayed(body=b"hello"))

No sockets, no waiting. Everything that is said has to be heard: what is left over at the end fails the test, and a
mismatch prints the conversation as a diff (`-` expected, `+` heard).
"""

import asyncio
import difflib
import json
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from zlib import crc32

import yaml

from ostiary.config.loading import load_content
from ostiary.gateway.access_log import AccessLog
from ostiary.gateway.server import Server
from ostiary.plugin import Plugin
from tests.fakes.log import FakeLog
from tests.fakes.loop_time import LoopClock, SteppedLoop
from tests.fakes.messages import CLIENT
from tests.fakes.plugin_types import make_services
from tests.fakes.scripted_plugins import registry_of
from tests.fakes.transport import FakeTransport

NODE = "10.0.0.1:8000"
_SHOWN_BYTES = 160
_SHOWN_LINES = 40
_NOTED_LINES = 15


class Conversation:
    """The gateway and everybody around it. `log`, `tasks` (names of work spawned) and `dialled` tell what it did.

    `refusing` and `silent` are nodes that do not take connections; `gateway` and `levels` are what `install` writes
    besides routes.
    """

    def __init__(
        self,
        plugins: Mapping[str, Plugin] | None = None,
        *,
        gateway: Mapping[str, Any] | None = None,
        upstream: Mapping[str, Any] | None = None,
        route: Mapping[str, Any] | None = None,
        routes: Sequence[Mapping[str, Any]] | None = None,
        levels: Mapping[str, Any] | None = None,
        defers: bool = True,
    ) -> None:
        """Serve one route for everything, guarded by `plugins`, to one node; or `routes` as they are written.

        `levels` is what stands beside the routes: `instance`, `domains`, `services`.
        `defers`: writes go out at the end of the loop's turn, as in a real gateway.
        """
        self.loop = SteppedLoop(self._dial)
        self.log = FakeLog()
        self.tasks: list[str] = []
        self.dialled: list[str] = []
        self.refusing: set[str] = set()
        self.silent: set[str] = set()
        self.dial_error: Exception | None = None
        self._plugins = dict(plugins or {})
        self._parties: list[Party] = []
        self._lines: deque[Upstream] = deque()
        self._work: list[asyncio.Task[None]] = []
        self._transcript: list[str] = []
        self._silenced: list[asyncio.Event] = []
        self._sink = _Sink()
        self.server = Server(
            clock=LoopClock(self.loop),
            timer=self.loop.time,
            spawner=self,
            log=self.log,
            access_log=AccessLog(self._sink),
            defer=self.loop.call_soon if defers else None,
        )
        self.gateway = gateway or {}
        self.levels = levels or {}
        only = {"id": "shop", "uri": "/*", "plugins": {name: {} for name in self._plugins}}
        only["upstream"] = {"nodes": {NODE: 1}, **(upstream or {})}
        self.install(routes or [{**only, **(route or {})}])
        self.loop.run(self.server.listen("127.0.0.1", 9080))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if error is None:
                self._check_the_end()
        finally:
            self._stop()
            if error is not None and kind is not _OtherwiseError:
                error.add_note("\n".join(("The conversation so far:", *self._transcript[-_SHOWN_LINES:])))

    def _stop(self) -> None:
        for task in self._work:
            task.cancel()
        try:
            self.loop.run_ready()
        finally:
            self.loop.close()

    def install(self, routes: Sequence[Mapping[str, Any]], prefix: str = "req") -> None:
        """Load a configuration as from a file, and serve it from the next request on."""
        written = yaml.safe_dump(
            {"gateway": dict(self.gateway), **self.levels, "routes": [dict(route) for route in routes]}
        )
        loaded = load_content(written.encode("utf-8"), {}, registry_of(self._plugins), make_services)
        assert loaded.snapshot is not None, loaded.problems
        self.server.install(loaded.snapshot, prefix)

    # ------------------------------------------------------------------------------------------ who takes part

    def connect(self, address: str = CLIENT) -> "Client":
        """Let a client connect."""
        party = Client(self, f"client {sum(isinstance(party, Client) for party in self._parties) + 1}")
        self.loop.do(party.attach, self.loop.listeners[0].factory(), (address, 40_000))
        return party

    def line(self) -> "Upstream":
        """Return the connection to an upstream that the gateway dialled next. Fails when it dialled none."""
        assert self._lines, f"the gateway opened no further connection to an upstream; it dialled {self.dialled}"
        return self._lines.popleft()

    def expect_no_line(self) -> None:
        """Check that the gateway opened no connection but those that were asked for."""
        unasked = [line.name for line in self._lines]
        assert [] == unasked, f"the gateway opened connections that nobody expected: {unasked}"

    def answer_dials(self) -> None:
        """Let the silent nodes take the connections that wait, and those to come."""
        self.silent.clear()
        for waiting in self._silenced:
            waiting.set()
        self.work()

    def start_drain(self, within_s: float = 30.0) -> "asyncio.Task[bool]":
        """Tell the gateway to stop, as SIGTERM does."""
        self.note("the gateway is told to stop", b"")
        task = self.loop.create_task(self.server.drain(within_s))
        self.work()
        return task

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with the gateway's ticks on the way."""
        self.note(f"{seconds:g} s pass", b"")
        self.loop.advance(seconds)

    def work(self) -> None:
        """Let the gateway go on with whatever is due."""
        self.loop.run_ready()

    @property
    def log_lines(self) -> bytes:
        """What the access log has written by itself."""
        return self._sink.lines

    def records(self) -> list[dict[str, Any]]:
        """Return the access log so far."""
        if self.server.access_log is not None:
            self.server.access_log.flush()
        return [json.loads(line) for line in self._sink.lines.splitlines()]

    # ------------------------------------------------------------------------------- what the gateway finds outside

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Implement `ostiary.ports.Spawner`."""
        self.tasks.append(name)
        self._work.append(self.loop.create_task(work, name=name))

    async def _dial(self, factory: Any, host: str, port: int) -> tuple[FakeTransport, asyncio.Protocol]:
        address = f"{host}:{port}"
        self.dialled.append(address)
        if self.dial_error is not None:
            raise self.dial_error
        if address in self.refusing:
            raise ConnectionRefusedError(111, "Connection refused")
        if address in self.silent:
            self._silenced.append(asyncio.Event())
            await self._silenced[-1].wait()
        line = Upstream(self, f"upstream {sum(isinstance(party, Upstream) for party in self._parties) + 1}")
        line.attach(factory(), (host, port))
        self._lines.append(line)
        return line.transport, line.transport.protocol

    # --------------------------------------------------------------------------------------------- what was said

    def join(self, party: "Party") -> None:
        """Let somebody take part."""
        self._parties.append(party)

    def note(self, title: str, said: bytes) -> None:
        """Remember what happened."""
        lines = _show(title, said)
        self._transcript += lines if len(lines) <= _NOTED_LINES else [*lines[:_NOTED_LINES], "    and so on"]

    def compare(self, title: str, expected: bytes, heard: bytes) -> None:
        """Note what was heard. Raises AssertionError with the conversation as a diff when it is something else."""
        if expected != heard:
            past = self._transcript[-_SHOWN_LINES:]
            wanted, found = [*past, *_show(title, expected)], [*past, *_show(title, heard)]
            diff = list(difflib.unified_diff(wanted, found, "expected", "heard", n=_SHOWN_LINES, lineterm=""))
            shown = diff if len(diff) <= 2 * _SHOWN_LINES else [*diff[: 2 * _SHOWN_LINES], "and so on"]
            raise _OtherwiseError("\n".join(("the conversation went otherwise:", *shown)))
        if expected:
            self.note(title, expected)

    def _check_the_end(self) -> None:
        for party in self._parties:
            self.compare(f"{party.name} hears", b"", party.take())
        self.expect_no_line()
        for task in self._work:
            if task.done() and not task.cancelled():
                task.result()


class _OtherwiseError(AssertionError):
    """Something else was heard than what was expected; the text is the conversation as a diff."""


class Party:
    """Somebody at the other end of a connection of the gateway's."""

    transport: FakeTransport

    def __init__(self, talk: Conversation, name: str) -> None:
        """Take part in the conversation."""
        self.talk = talk
        self.name = name
        talk.join(self)

    def attach(self, protocol: asyncio.Protocol, peer: tuple[str, int]) -> None:
        """Be connected."""
        self.transport = FakeTransport(self.talk.loop, protocol, peer)

    def take(self) -> bytes:
        """Return what came since the last time."""
        heard = bytes(self.transport.sent)
        self.transport.sent.clear()
        return heard

    def hears(self, *expected: bytes) -> None:
        """Check what came since the last time, byte by byte."""
        self.talk.compare(f"{self.name} hears", b"".join(expected), self.take())

    def hears_nothing(self) -> None:
        """Check that nothing came."""
        self.hears()

    def ends(self) -> None:
        """Say that no more is coming."""
        self.talk.note(f"{self.name} ends", b"")
        self.talk.loop.do(self.transport.deliver, None)

    def breaks_off(self) -> None:
        """Reset the connection."""
        self.talk.note(f"{self.name} breaks off", b"")
        self.talk.loop.do(self.transport.reset)

    def stops_reading(self) -> None:
        """Take no byte more."""
        self.transport.stop_taking()

    def reads(self, count: int) -> None:
        """Take so many of the bytes that wait, and no more."""
        self.talk.loop.do(self.transport.take, count)

    def reads_on(self) -> None:
        """Take everything again."""
        self.talk.loop.do(self.transport.take)

    def is_read(self) -> bool:
        """Say whether the gateway reads what this party says."""
        return self.transport.is_reading()

    def is_gone(self) -> bool:
        """Say whether the connection is over for both sides."""
        return self.transport.is_lost

    def _say(self, said: bytes) -> None:
        self.talk.note(f"{self.name} says", said)
        self.talk.loop.do(self.transport.deliver, said)


class Client(Party):
    """Who asks."""

    def says(self, *said: bytes) -> None:
        """Send, all at once."""
        self._say(b"".join(said))

    def hears_fault(self, status: int, code: str, *, close: bool = True) -> dict[str, str]:
        """Check that one answer came that tells of a fault, as JSON. Returns its headers, names in lower case."""
        heard = self.take()
        head, _, body = heard.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        told = json.loads(body) if body.startswith(b"{") else {}
        assert (str(status), code) == (lines[0].split(" ")[1] if heard else "", told.get("error")), heard
        assert set(told) == {"error", "message", "reference"}
        assert str(len(body)) == headers["content-length"]
        assert "no-store" == headers["cache-control"]
        assert ("close" if close else None) == headers.get("connection")
        self.talk.note(f"{self.name} hears", heard)
        return headers

    def sees_the_end(self) -> None:
        """Check that the gateway ended the connection properly: what was sent arrives."""
        assert self.transport.fate in {"half-closed", "closed"}, self.transport.fate

    def sees_a_break(self) -> None:
        """Check that the gateway broke the connection off: whatever came cannot be taken for whole."""
        assert "aborted" == self.transport.fate
        assert not self.transport.was_ended, "the end of the stream went out before the connection broke"

    def stays_connected(self) -> None:
        """Check that the connection is open for another request."""
        assert "open" == self.transport.fate


class Upstream(Party):
    """Who is asked: one connection to a node."""

    def answers(self, *said: bytes) -> None:
        """Send, all at once."""
        self._say(b"".join(said))

    def is_kept(self) -> None:
        """Check that the connection is open, for this exchange or the next."""
        assert "open" == self.transport.fate

    def is_abandoned(self) -> None:
        """Check that the gateway closed the connection."""
        assert self.transport.fate in {"aborted", "closed"}, self.transport.fate


class _Sink:
    """Implements `ostiary.gateway.access_log.LineSink`."""

    def __init__(self) -> None:
        self.lines = b""

    def write(self, lines: bytes) -> None:
        """Keep the lines."""
        self.lines += lines


def _show(title: str, said: bytes) -> list[str]:
    """Render what somebody said, line by line; what is long by its ends and its checksum."""
    lines = [f"{title}:" if said else title]
    for line in said.split(b"\r\n"):
        if len(line) > _SHOWN_BYTES:
            shown = f"{line[:60]!r} ... {line[-20:]!r} ({len(line)} bytes, checksum {crc32(line):x})"
        else:
            shown = repr(line)
        lines.append(f"    {shown}")
    return lines if said else lines[:1]
