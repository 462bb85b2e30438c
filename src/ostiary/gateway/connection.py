"""One client connection: bytes in, requests in order, responses out, with limits on everything.

httptools cannot pause, so bytes are fed in slices of at most 4 KiB, and none while an exchange cannot take more: the
undigested rest waits (64 KiB at most, then reading stops). Several requests may sit in one slice; they are answered in
order. RFC 9112 §9. What a request means is decided in `exchange`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import TYPE_CHECKING, final

import httptools

from ostiary.errors import ClientFault
from ostiary.gateway.exchange import Exchange
from ostiary.gateway.replies import CONTINUE
from ostiary.http.forwarded import Arrival
from ostiary.http.head import HeadMemory, RawHead
from ostiary.http.request import CHUNKED, Request

if TYPE_CHECKING:
    from ostiary.gateway.server import Server

SLICE_BYTES = 4096
REST_BYTES = 65_536
WRITE_BUFFER_BYTES = 65_536
MAX_TRAILERS = 32
LINGER_S = 1.0


class Watch(IntEnum):
    """What the connection's deadline is about."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    UPSTREAM = 3
    CLIENT = 4
    LINGER = 5
    NONE = 6


_NONE = Watch.NONE
_UPSTREAM = Watch.UPSTREAM
_NEVER = float("inf")


def _find_announced(raw: RawHead) -> int:
    """Find out which body a head announces before it is judged: an upgrade that we decline keeps its body.

    What is ambiguous here is refused when the head is read.
    """
    for name, value in raw.fields:
        lower = name.lower()
        if lower == b"transfer-encoding":
            return CHUNKED
        if lower == b"content-length" and value.isdigit():
            return int(value)
    return 0


@final
class ClientConnection(asyncio.Protocol):
    """An accepted connection."""

    __slots__ = (
        "_active", "_fields", "_has_ended", "_head_bytes", "_in_head", "_is_closing", "_is_feeding", "_is_paused", "_parser",
        "_queue", "_receiving", "_rest", "_skip_end", "_url", "_watch", "_window_bytes", "arrival", "deadline_at",
        "is_blocked", "is_upstream_full", "listen_port", "memory", "on_header", "served", "server", "transport",
    )  # fmt: skip

    transport: asyncio.Transport
    arrival: Arrival

    def __init__(self, server: "Server") -> None:
        """Be made by the listening socket's factory."""
        self.server = server
        self.memory = HeadMemory()
        self.listen_port = 0
        self.served = 0
        self.is_blocked = False
        self.is_upstream_full = False
        self.deadline_at = 0.0
        self._watch = Watch.IDLE
        self._window_bytes = 0
        self._queue: deque[Exchange] = deque()
        self._active: Exchange | None = None
        self._receiving: Exchange | None = None
        self._rest = b""
        self._url = b""
        fields = self._fields = []
        append = fields.append

        def on_header(name: bytes, value: bytes) -> None:
            append((name, value))

        # A plain function in a slot: the parser calls it for every field, and a bound method costs a third more.
        self.on_header: Callable[[bytes, bytes], None] = on_header
        self._parser = httptools.HttpRequestParser(self)
        self._in_head = True
        self._head_bytes = 0
        self._skip_end = False
        self._has_ended = False
        self._is_closing = False
        self._is_feeding = False
        self._is_paused = False

    # ------------------------------------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        peer = transport.get_extra_info("peername")
        name = transport.get_extra_info("sockname")
        self.listen_port = name[1] if isinstance(name, tuple) else 0
        address = peer[0] if isinstance(peer, tuple) else "0.0.0.0"  # noqa: S104 - an address nobody trusts
        self.arrival = Arrival(address, "http", self.server.snapshot.gateway.trusted_proxies)
        self.server.connection_opened(self)
        self._set_watch(Watch.IDLE, self.server.snapshot.gateway.header_s)

    def data_received(self, data: bytes) -> None:
        if self._watch is Watch.LINGER:
            return
        if self._rest or self._is_feeding:
            self._rest += data
        else:
            self._feed(data)
        if len(self._rest) > REST_BYTES and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = True
        active, self._active = self._active, None
        self._queue.clear()
        self._rest = b""
        if active is not None:
            active.client_gone()
        self.server.connection_closed(self)

    def pause_writing(self) -> None:
        self.is_blocked = True
        self._set_watch(Watch.CLIENT, self.server.snapshot.gateway.send_s)
        if self._active is not None:
            self._active.client_writable(writable=False)

    def resume_writing(self) -> None:
        self.is_blocked = False
        active = self._active
        if active is None:
            self.go_on()
            return
        active.client_writable(writable=True)
        route = active.route
        if route is not None and route.upstream is not None:
            if active.received:
                self.watch_upstream(route.upstream.read_timeout_s)
            else:
                self.watch_body()

    # -------------------------------------------------------------------------------------------------- feeding

    def _feed(self, data: bytes) -> None:
        self._is_feeding = True
        while data and not self._is_closing:
            if not self._may_feed():
                self._rest = data + self._rest
                break
            if len(data) <= SLICE_BYTES:
                piece, data = data, b""
            else:
                piece, data = data[:SLICE_BYTES], data[SLICE_BYTES:]
            try:
                self._parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:
                data = piece[upgrade.args[0] :] + data
                self._parse_afresh()
            except httptools.HttpParserError:
                self._refuse_rest()
            if self._has_ended and not self._url and not self._fields:
                self._has_ended = False
                self._head_bytes = 0
            else:
                self._count(len(piece))
            self._advance()
        self._is_feeding = False
        if self._active is None and not self._is_closing:
            self._watch_next()

    def _may_feed(self) -> bool:
        active = self._active
        if active is None:
            return not self.is_blocked
        return active is self._receiving and active.wants_input()

    def _count(self, length: int) -> None:
        """Limit what is not limited by the exchange: heads that do not end, and trailers."""
        if self._in_head:
            self._head_bytes += length
            limits = self.server.snapshot.gateway.head_limits
            if len(self._url) > limits.target_bytes:
                self._refuse(ClientFault("target_too_large", "the request target does not end"))
            elif self._head_bytes > limits.head_bytes + SLICE_BYTES or len(self._fields) > limits.fields:
                self._refuse(ClientFault("head_too_large", "the request head does not end"))
        elif len(self._fields) > MAX_TRAILERS:
            self._refuse(ClientFault("head_too_large", "too many trailer fields"))

    def _refuse_rest(self) -> None:
        """What came is no HTTP/1.1: earlier requests are answered, this one is refused, then the end."""
        self._refuse(ClientFault("framing_invalid", "the request is not valid HTTP/1.1"))

    def _refuse(self, fault: ClientFault) -> None:
        if self._is_closing:
            return
        receiving = self._receiving
        if receiving is None:
            receiving = Exchange(self, RawHead())
            self._queue.append(receiving)
        receiving.refusal = fault
        self._is_closing = True
        if receiving is self._active:
            receiving.fail(fault)
        self._advance()

    def _parse_afresh(self) -> None:
        """An upgrade that is not taken: its body, if any, is framed by a parser that knows the framing only.

        llhttp would hand the body over as "after the upgrade", where it would be read as a new request.
        """
        self._parser = httptools.HttpRequestParser(self)
        receiving = self._receiving
        if receiving is None:
            return
        self._skip_end = False
        body_bytes = _find_announced(receiving.raw)
        framing = b"Transfer-Encoding: chunked" if body_bytes == CHUNKED else b"Content-Length: %d" % body_bytes
        self._in_head = False
        self._parser.feed_data(b"POST / HTTP/1.1\r\nHost: framing\r\n" + framing + b"\r\n\r\n")

    # --------------------------------------------------------------------------------------- parser callbacks

    def on_url(self, url: bytes) -> None:
        if self._in_head:
            self._url += url

    def on_headers_complete(self) -> None:
        if not self._in_head:
            self._fields.clear()  # the primed framing of a declined upgrade
            return
        parser = self._parser
        raw = RawHead(parser.get_method(), self._url, parser.get_http_version(), self._fields.copy())
        exchange = Exchange(self, raw)
        self._url = b""
        self._fields.clear()
        self._in_head = False
        self._head_bytes = 0
        self._receiving = exchange
        self._queue.append(exchange)
        if parser.should_upgrade():
            self._skip_end = _find_announced(raw) != 0

    def on_body(self, body: bytes) -> None:
        receiving = self._receiving
        if receiving is not None:
            receiving.inbox.append(body)
            receiving.received_bytes += len(body)
            self._window_bytes += len(body)

    def on_message_complete(self) -> None:
        if self._skip_end:
            return
        receiving = self._receiving
        if receiving is not None:
            receiving.received = True
        self._receiving = None
        self._in_head = True
        self._has_ended = True
        self._fields.clear()

    # ------------------------------------------------------------------------------------------- going forward

    def _advance(self) -> None:
        """Start the next exchange if none is active; tell the active one what came."""
        active = self._active
        if active is not None:
            if active.inbox or active.received:
                active.body_arrived()
            if self._active is not None:
                return
        while self._active is None and self._queue and not self.is_blocked:
            exchange = self._active = self._queue.popleft()
            self.served += 1
            self._watch = _NONE
            self.deadline_at = _NEVER
            exchange.start()

    def exchange_done(self, *, close: bool) -> None:
        """Learn that the active exchange is over; the next one starts when the caller's stack is done."""
        self._active = None
        self.is_upstream_full = False
        self._watch = _NONE
        if close or self.served >= self.server.snapshot.gateway.keepalive_requests:
            self._close_softly()
        elif not self._is_feeding:
            self.go_on()

    def go_on(self) -> None:
        """Work off what waited: queued exchanges, then bytes not yet fed."""
        if self._watch is Watch.LINGER:
            return
        self._advance()
        if self._rest and not self._is_feeding and self._may_feed():
            rest, self._rest = self._rest, b""
            self._feed(rest)
        if self._is_paused and len(self._rest) <= REST_BYTES and not self._is_closing:
            self._is_paused = False
            self.transport.resume_reading()
        if self._active is None:
            if self._is_closing:
                self._close_softly()
            else:
                self._watch_next()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Go on in a task: a verdict is pending, or an upstream is being dialled."""
        self.server.spawner.spawn("exchange", work)

    def want_body(self, request: Request | None) -> None:
        """Somebody inside reads the body: tell a client that waits for permission."""
        if request is not None and request.expects_continue:
            self.write(CONTINUE)
        self.watch_body()

    def write(self, piece: bytes) -> None:
        """Write to the client."""
        if not self.transport.is_closing():
            self.transport.write(piece)

    def cut(self) -> None:
        """End in the middle of a response so that the client cannot take it for whole."""
        self.transport.abort()

    def upstream_writable(self, *, writable: bool, within_s: float) -> None:
        """Feed no more of the body while the upstream does not take it, which it has to `within_s`."""
        self.is_upstream_full = not writable
        if writable:
            self.watch_body()
            self.go_on()
        else:
            self._set_watch(Watch.UPSTREAM, within_s)

    def _close_softly(self) -> None:
        """Send what is written and our end, then read a moment longer, so that no reset overtakes the answer."""
        self._is_closing = True
        self._queue.clear()
        self._rest = b""
        if self.transport.is_closing():
            return
        self._set_watch(Watch.LINGER, LINGER_S)
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    # ------------------------------------------------------------------------------------------------ deadlines

    def _set_watch(self, watch: Watch, after_s: float) -> None:
        self._watch = watch
        self.deadline_at = self.server.coarse_now + after_s

    def _watch_next(self) -> None:
        if self.is_blocked:
            return
        if self._in_head and self._head_bytes:
            if self._watch is not Watch.HEAD:
                self._set_watch(Watch.HEAD, self.server.snapshot.gateway.header_s)
        elif self._watch is not Watch.LINGER:
            self._set_watch(Watch.IDLE, self.server.snapshot.gateway.idle_s)

    def watch_body(self) -> None:
        """Watch the pace of the client's body."""
        self._window_bytes = 0
        self._set_watch(Watch.BODY, self.server.snapshot.gateway.body_window_s)

    def watch_upstream(self, after_s: float) -> None:
        """Watch the upstream's silence, unless the client is the one who is slow."""
        if not self.is_blocked:
            self._watch = _UPSTREAM
            self.deadline_at = self.server.coarse_now + after_s

    def check_deadline(self, now: float) -> None:
        """Act on a deadline that has passed."""
        active = self._active
        if self._watch in {Watch.IDLE, Watch.LINGER}:
            self.transport.abort() if self._watch is Watch.LINGER else self.transport.close()
        elif self._watch is Watch.CLIENT:
            self.transport.abort()
        elif self._watch is Watch.HEAD:
            self._refuse(ClientFault("head_too_slow", "the request head took too long"))
        elif self._watch is Watch.UPSTREAM and active is not None:
            active.time_out()
        elif self._watch is Watch.BODY and active is not None:
            settings = self.server.snapshot.gateway
            if self._window_bytes >= settings.body_min_rate_bytes_s * settings.body_window_s:
                self.watch_body()
            else:
                active.fail(ClientFault("body_too_slow", "the request body came too slowly"))

    def drain(self) -> None:
        """Close now if nothing is on its way; else the response that is says `Connection: close`."""
        if self._active is None and not self._queue and self._watch is not Watch.LINGER:
            self.transport.close()
