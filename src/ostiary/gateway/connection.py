"""One client connection: bytes in, requests in order, responses out, with limits on everything.

httptools cannot pause, so bytes are fed in slices of at most 4 KiB, and none while an exchange cannot take more: the
undigested rest waits (64 KiB at most, then reading stops). Several requests may sit in one slice; they are answered in
order. RFC 9112 §9. What a request means is decided in `exchange`.
"""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, final

from ostiary.errors import ClientFault
from ostiary.gateway.arrivals import read_arrival, read_port
from ostiary.gateway.exchange import Exchange
from ostiary.gateway.intake import SLICE_BYTES, Intake
from ostiary.gateway.phases import Watch
from ostiary.gateway.reset import reset
from ostiary.http.forwarded import Arrival, TrustedProxies
from ostiary.http.head import HeadMemory

if TYPE_CHECKING:
    from ostiary.gateway.server import Server

REST_BYTES = 65_536
WRITE_BUFFER_BYTES = 65_536
LINGER_S = 1.0
_NEVER = float("inf")
_NONE = Watch.NONE
_UPSTREAM = Watch.UPSTREAM
_LINGER = Watch.LINGER


@final
class ClientConnection(asyncio.Protocol):
    """An accepted connection. `is_blocked`: the client reads slower than we write."""

    __slots__ = (
        "_active", "_intake", "_is_advancing", "_is_closing", "_is_feeding", "_is_half_closed", "_is_paused", "_rest",
        "_unsent_bytes", "_watch", "arrival", "deadline_at", "is_blocked", "is_upstream_full", "listen_port", "memory",
        "served", "server", "transport",
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
        self.deadline_at = _NEVER
        self._watch = _NONE
        self._intake = Intake(self)
        self._active: Exchange | None = None
        self._rest = b""
        self._is_advancing = False
        self._is_closing = False
        self._is_feeding = False
        self._is_half_closed = False
        self._is_paused = False
        self._unsent_bytes = 0

    # ------------------------------------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: the peer is judged once, and has to say something soon."""
        self.transport = transport  # type: ignore[assignment]
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self.listen_port = read_port(transport)
        self.arrival = read_arrival(transport, self.server.snapshot.gateway.trusted_proxies)
        if not self.server.connection_opened(self):
            self.transport.abort()
        self._set_watch(Watch.IDLE, self.server.snapshot.gateway.header_s)

    def judge_peer(self, proxies: TrustedProxies) -> None:
        """Judge the peer again: a reload may have changed whose forwarding headers count."""
        self.arrival = Arrival(self.arrival.peer, self.arrival.scheme, proxies)
        self.memory = HeadMemory()

    def data_received(self, data: bytes) -> None:
        """Feed what came, or let it wait; nothing is read after the end."""
        if self._watch is _LINGER:
            return
        if self._rest:
            self._rest += data
        else:
            self._feed(data)
        if len(self._rest) > REST_BYTES and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """The client ended its direction: it has left, or it waits for its answers, which get a moment to begin."""
        active = self._active
        if active is None or self._watch is _LINGER or not (active.received or self._rest):
            return False  # nothing is left to answer, or what is there will never be whole
        if not self.transport.can_write_eof():
            return False  # over TLS both directions end together
        if not self._is_half_closed:
            self._is_half_closed = True
            asyncio.get_running_loop().call_later(LINGER_S, self._check_left, active)
        return True

    def _check_left(self, waiting: Exchange) -> None:
        """Go on for a client that only ended its direction; a client that is gone resets an answer that has begun."""
        active = self._active
        if active is waiting and not active.responding:
            self.transport.abort()
        elif active is not None:
            asyncio.get_running_loop().call_later(LINGER_S, self._check_left, active)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is on its way: nobody waits for it."""
        self._is_closing = True
        active, self._active = self._active, None
        self._intake.queue.clear()
        self._rest = b""
        if active is not None:
            active.client_gone()
        self.server.connection_closed(self)

    def pause_writing(self) -> None:
        """The client reads slowly: so do we, from the upstream."""
        self.is_blocked = True
        self._watch_reader(Watch.CLIENT)
        if self._active is not None:
            self._active.client_writable(writable=False)

    def resume_writing(self) -> None:
        """The client took what there was."""
        self.is_blocked = False
        active = self._active
        if active is None:
            self.go_on()
            return
        active.client_writable(writable=True)
        route = active.route
        if not active.received:
            self.watch_body()
        elif route is not None and route.upstream is not None:
            self.watch_upstream(route.upstream.read_timeout_s)

    # -------------------------------------------------------------------------------------------------- feeding

    def _feed(self, data: bytes) -> None:
        intake = self._intake
        self._is_feeding = True
        while data and not self._is_closing:
            if not self._may_feed():
                self._rest = data
                break
            if len(data) <= SLICE_BYTES:
                piece, data = data, b""
            else:
                piece, data = data[:SLICE_BYTES], data[SLICE_BYTES:]
            try:
                again = intake.feed(piece, self.server.snapshot.gateway.head_limits)
            except ClientFault as fault:
                self._refuse(fault)
                break
            if again:
                data = again + data
            self._advance()
        self._is_feeding = False
        if self._active is None and not self._is_closing:
            self._watch_next()

    def _may_feed(self) -> bool:
        active = self._active
        if active is None:
            return not self.is_blocked
        return active is self._intake.receiving and active.wants_input()

    def _refuse(self, fault: ClientFault) -> None:
        """What came cannot be read: earlier requests are answered, this one is refused, then the connection ends."""
        if self._is_closing:
            return
        self._is_closing = True
        receiving = self._intake.receiving
        if receiving is None:
            receiving = Exchange(self, self._intake.peek_head())
            self._intake.queue.append(receiving)
        receiving.refusal = fault
        if receiving is self._active:
            receiving.fail(fault)
        self._advance()

    # ------------------------------------------------------------------------------------------- going forward

    def _advance(self) -> None:
        """Tell the active exchange what came, and start the next one when there is none."""
        active = self._active
        if active is not None:
            if active.inbox or active.received:
                active.body_arrived()
            if self._active is not None:
                return
        queue = self._intake.queue
        self._is_advancing = True  # exchanges that are answered at once follow each other here, not on the stack
        while self._active is None and queue and not self.is_blocked:
            exchange = self._active = queue.popleft()
            self.served += 1
            self._watch = _NONE
            self.deadline_at = _NEVER
            exchange.start()
        self._is_advancing = False

    def is_last(self) -> bool:
        """Say whether the connection ends with the active exchange."""
        server = self.server
        return server.is_draining or self.served >= server.snapshot.gateway.keepalive_requests

    def exchange_done(self, *, close: bool) -> None:
        """Learn that the active exchange is over; the next one starts when the caller's stack is done."""
        self._active = None
        self.is_upstream_full = False
        if not self.is_blocked:
            self._watch = _NONE
        if close or self.server.is_draining:
            self._close_softly()
        elif not self._is_feeding and not self._is_advancing:
            self.go_on()

    def go_on(self) -> None:
        """Work off what waited: queued exchanges, then bytes not yet fed."""
        if self._watch is _LINGER or self._is_feeding:
            return
        self._advance()
        if self._rest and self._may_feed():
            rest, self._rest = self._rest, b""
            self._feed(rest)
        if self._is_paused and len(self._rest) <= REST_BYTES and not self._is_closing:
            self._is_paused = False
            self.transport.resume_reading()
        if self._active is None:
            if self._is_closing and not self._intake.queue:
                self._close_softly()
            else:
                self._watch_next()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Go on in a task: a verdict is pending, or an upstream is being dialled."""
        self.server.spawner.spawn("exchange", work)

    def write(self, piece: bytes) -> None:
        """Write to the client."""
        if not self.transport.is_closing():
            self.server.outbox.write(self.transport, piece)

    def cut(self) -> None:
        """End in the middle of a response, so that the client cannot take it for whole."""
        reset(self.transport)

    def upstream_writable(self, *, writable: bool, within_s: float) -> None:
        """Feed no more of the body while the upstream does not take it, which it has to `within_s`."""
        self.is_upstream_full = not writable
        if writable:
            self.watch_body()
            self.go_on()
        else:
            self._set_watch(_UPSTREAM, within_s)

    def _close_softly(self) -> None:
        """Send what is written and our end, then read a moment longer, so that no reset overtakes the answer."""
        self._is_closing = True
        self._intake.queue.clear()
        self._rest = b""
        self.server.outbox.flush()
        if self.transport.is_closing():
            return
        self._watch_reader(_LINGER)
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
        """Between requests: the rest of a head that has begun, or the next request, has its time."""
        if self.is_blocked or self._watch is _LINGER:
            return
        if self._is_half_closed:
            self._close_softly()
        elif self._intake.is_in_head and self._intake.head_bytes:
            if self._watch is not Watch.HEAD:
                self._set_watch(Watch.HEAD, self.server.snapshot.gateway.header_s)
        else:
            self._set_watch(Watch.IDLE, self.server.snapshot.gateway.idle_s)

    def _watch_reader(self, watch: Watch) -> None:
        """Watch that the client takes some of what is written; a farewell is short when it has taken everything."""
        self._unsent_bytes = self.transport.get_write_buffer_size()
        is_short = watch is _LINGER and not self._unsent_bytes
        self._set_watch(watch, LINGER_S if is_short else self.server.snapshot.gateway.send_s)

    def watch_nobody(self) -> None:
        """Let what is on its way take its time: it has limits of its own."""
        self._watch = _NONE
        self.deadline_at = _NEVER

    def watch_body(self) -> None:
        """Watch the pace of the client's body."""
        self._intake.window_bytes = 0
        self._set_watch(Watch.BODY, self.server.snapshot.gateway.body_window_s)

    def watch_upstream(self, after_s: float) -> None:
        """Watch the upstream's silence, unless the client is the one who is slow."""
        if not self.is_blocked:
            self._watch = _UPSTREAM
            self.deadline_at = self.server.coarse_now + after_s

    def check_deadline(self) -> None:
        """Act on a deadline that has passed."""
        active = self._active
        if self._watch is Watch.IDLE and not self.transport.get_write_buffer_size():
            self.drain()
        elif self._watch is Watch.IDLE:
            self.transport.abort()  # a polite end would wait for a client that takes nothing
        elif self._watch is _LINGER or self._watch is Watch.CLIENT:
            if self.transport.get_write_buffer_size() < self._unsent_bytes:
                self._watch_reader(self._watch)
            else:
                self.transport.abort()
        elif self._watch is Watch.HEAD:
            self._refuse(ClientFault("head_too_slow", "its head took too long"))
        elif self._watch is _UPSTREAM and active is not None:
            active.time_out()
        elif self._watch is Watch.BODY and active is not None:
            settings = self.server.snapshot.gateway
            if self._intake.window_bytes >= settings.body_min_rate_bytes_s * settings.body_window_s:
                self.watch_body()
            else:
                active.fail(ClientFault("body_too_slow", "its body came too slowly"))

    def drain(self) -> None:
        """Close now if nothing is on its way; else the response that is says `Connection: close`."""
        if self._active is None and not self._intake.queue and self._watch is not _LINGER:
            self._watch_reader(_LINGER)  # over TLS a close is a farewell that the client may leave unanswered
            self.transport.close()
