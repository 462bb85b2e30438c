"""One request and its response: route, verdicts, upstream, reply. The states are drawn in `phases`.

A request whose verdicts are in memory and whose upstream line is idle goes from its last byte in to its first byte
out without a task. How bytes look is decided in `forwarding`, `relay` and `replies`; this file only says when.
"""

from typing import TYPE_CHECKING, final

from ostiary.config.routes import Route
from ostiary.config.snapshot import Snapshot
from ostiary.errors import ClientFault, Fault, UpstreamFault
from ostiary.gateway.faults import build_fault_reply
from ostiary.gateway.forwarding import choose_host, render_upstream_head
from ostiary.gateway.phases import Phase
from ostiary.gateway.relay import render_chunk, render_response_head, streams
from ostiary.gateway.replies import CONTINUE, NOBODY, NOT_FOUND, build_page, render_reply
from ostiary.gateway.waiting import collect, dial, guard, suspend
from ostiary.http.head import RawHead, read_head
from ostiary.http.navigation import would_accept_html
from ostiary.http.request import CHUNKED, IDEMPOTENT, Request
from ostiary.http.response import ResponseHead
from ostiary.plugin import Pending, Reply, Settled
from ostiary.upstream.connection import UpstreamConnection
from ostiary.upstream.directory import Upstream
from ostiary.verdicts import Deciding

if TYPE_CHECKING:
    from ostiary.gateway.connection import ClientConnection


_DONE = Phase.DONE
_FORWARDING = Phase.FORWARDING


@final
class Exchange:
    """A request on its way. Made by the connection's parser callbacks, started when the earlier ones are done.

    `inbox` holds body pieces that nobody took yet, `received` says that the request is whole. The rest is what the
    access record tells: times are of the server's timer, `node_name` is `host:port`.
    """

    __slots__ = (
        "answered_at", "attempts", "began_at", "closes", "connection", "deciding", "id", "inbox", "is_chunked",
        "is_cut", "line", "node_name", "passed_bytes", "pending", "phase", "raw", "reason", "received",
        "received_bytes", "refusal", "request", "responding", "route", "snapshot", "status", "upstream", "verdict",
    )  # fmt: skip

    snapshot: Snapshot  # the one that the request was judged by, until its end

    def __init__(self, connection: "ClientConnection", raw: RawHead) -> None:
        """Hold the raw head until it is this request's turn."""
        self.connection = connection
        self.raw = raw
        self.inbox: list[bytes] = []
        self.received = False
        self.received_bytes = 0
        self.phase = Phase.DECIDING
        self.id = ""
        self.request: Request | None = None
        self.route: Route | None = None
        self.deciding: Deciding | None = None
        self.pending: Pending | None = None
        self.refusal: ClientFault | None = None
        self.upstream: Upstream | None = None
        self.line: UpstreamConnection | None = None
        self.node_name = ""
        self.responding = False
        self.closes = False
        self.is_chunked = False
        self.is_cut = False
        self.passed_bytes = 0
        self.attempts = 0
        self.status = 0
        self.verdict = "open"
        self.reason = ""
        self.answered_at = 0.0
        self.began_at = 0.0

    # ------------------------------------------------------------------------------------ judging the request

    def start(self) -> None:
        """Read the head and judge; whatever goes wrong denies."""
        server = self.connection.server
        self.began_at = server.timer()
        self.id = server.next_request_id()
        guard(self, self._judge)

    def _judge(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        connection = self.connection
        server = connection.server
        snapshot = self.snapshot = server.snapshot
        settings = snapshot.gateway
        if connection.arrival.proxies is not settings.trusted_proxies:
            connection.judge_peer(settings.trusted_proxies)
        request = read_head(self.raw, connection.arrival, settings.head_limits, self.id, connection.memory)
        self.request = request
        if request.section.body_bytes > settings.body_bytes:
            raise ClientFault("body_too_large", f"the body is larger than {settings.body_bytes} bytes")
        target = request.target
        route = self.route = snapshot.router.find(request.authority.host, target.path, request.method, request.client)
        if route is None:
            self._refuse(NOT_FOUND)
            return
        if target.has_encoded_slash and not route.allow_encoded_slash:
            raise ClientFault("target_escape", "the path encodes a slash, which this route does not allow")
        if route.plugins:
            request.route = route.name
            deciding = self.deciding = Deciding(request, route.plugins)
            self._act(deciding.advance(server.clock.now()))
        else:
            self._forward(route)

    def _act(self, outcome: Reply | Pending | None) -> None:
        deciding, route = self.deciding, self.route
        if outcome is None and deciding is not None and route is not None:
            if route.requires_principal and not deciding.admitted:
                self._refuse(NOBODY)
                return
            self.verdict = "admit" if deciding.admitted else "pass"
            self._forward(route)
        elif isinstance(outcome, Reply):
            self.reply(outcome)
        elif outcome is not None:
            suspend(self, outcome)

    def _refuse(self, reply: Reply) -> None:
        self.reply(build_page(reply, self.id) if would_accept_html(self.raw.fields) else reply)

    def resume(self, settled: Settled) -> None:
        """Go on with what the pending verdict settled to, unless the client has left."""
        deciding = self.deciding
        if self.phase is not _DONE and deciding is not None:
            self._act(deciding.resume(settled, self.connection.server.clock.now()))

    # ------------------------------------------------------------------------------------ towards the upstream

    def _forward(self, route: Route) -> None:
        if route.upstream is None:
            self._refuse(NOT_FOUND)  # a path that a plugin claimed, outside the route's own patterns
            return
        upstream = self.upstream = self.connection.server.upstream_of(route)
        node = upstream.balancer.choose()
        if node is None:
            raise UpstreamFault("upstream_none", "no node of the upstream has a weight above 0")
        line = upstream.pool.take(node)
        if line is None:
            self.phase = Phase.DIALLING
            self.connection.spawn(dial(self, upstream, node))
        else:
            self.send(line, upstream)

    def send(self, line: UpstreamConnection, upstream: Upstream) -> None:
        """Write the request on a line, and what has come of its body."""
        request = self.request
        if request is None:
            return
        connection = self.connection
        deciding = self.deciding
        owned = self.snapshot.cookie_names
        edits = None if deciding is None else deciding.edits
        host = choose_host(request, upstream.spec, line.node)
        head = render_upstream_head(request, host, connection.listen_port, edits, owned)
        self.line = line
        self.node_name = line.node_name
        self.attempts += 1
        self.phase = _FORWARDING
        line.lend(self, request.method, owned)
        if self.received and not self.inbox and request.section.body_bytes == 0:
            connection.server.outbox.write(line, head)
            line.request_sent = True
            connection.watch_upstream(upstream.spec.read_timeout_s)
            return
        line.write(head)
        if request.expects_continue and not self.received:
            connection.write(CONTINUE)
        connection.watch_body()
        self._pass_body(line, request, upstream)

    def body_arrived(self) -> None:
        """Take what the parser put into the inbox, and whether the request is whole now."""
        request = self.request
        if request is None or self.phase is _DONE:
            return
        if self.received_bytes > self.snapshot.gateway.body_bytes:
            self.fail(ClientFault("body_too_large", "the body is larger than this gateway accepts"))
        elif self.phase is Phase.COLLECTING:
            collect(self)
        elif self.line is not None and self.upstream is not None:
            self._pass_body(self.line, request, self.upstream)

    def _pass_body(self, line: UpstreamConnection, request: Request, upstream: Upstream) -> None:
        body = self.inbox
        if body:
            self.inbox = []
            whole = body[0] if len(body) == 1 else b"".join(body)
            line.write(render_chunk(whole, last=False) if request.body_bytes == CHUNKED else whole)
        if self.received and not line.request_sent:
            if request.body_bytes not in (CHUNKED, self.received_bytes):
                self.fail(ClientFault("framing_invalid", "its body is not as long as announced"))
                return
            line.request_sent = True
            if request.body_bytes == CHUNKED:
                line.write(render_chunk(b"", last=True))
            self.connection.watch_upstream(upstream.spec.read_timeout_s)

    def wants_input(self) -> bool:
        """Say whether the connection may feed more of this request's body."""
        if self.received:
            return False
        return self.phase is Phase.COLLECTING or (self.phase is _FORWARDING and not self.connection.is_upstream_full)

    # --------------------------------------------------------------------------------------- from the upstream

    def response_arrived(self, head: ResponseHead | None, body: list[bytes], *, complete: bool) -> None:
        """Pass on what came (upstream.connection.Borrower)."""
        connection = self.connection
        request = self.request
        if complete:
            self.line = None
        if self.phase is _DONE or request is None:
            return
        piece = b"" if not body else body[0] if len(body) == 1 else b"".join(body)
        self.passed_bytes += len(piece)
        if head is not None:
            rendered = self._begin_response(head, request)
            connection.write(rendered + (render_chunk(piece, last=complete) if self.is_chunked else piece))
        elif piece or complete:
            connection.write(render_chunk(piece, last=complete) if self.is_chunked else piece)
        if complete:
            self._finish(close=self.closes)
        elif self.received and self.upstream is not None and (piece or head is not None):
            connection.watch_upstream(self.upstream.spec.read_timeout_s)

    def _begin_response(self, head: ResponseHead, request: Request) -> bytes:
        server = self.connection.server
        self.status = head.status
        self.answered_at = server.timer()
        self.responding = True
        is_old = request.version == "1.0"
        if streams(head):
            self.is_chunked = not is_old
        self.closes = self._ends_connection(request) or (is_old and streams(head))
        return render_response_head(
            head,
            version=request.version,
            date=server.date,
            set_cookies=() if self.deciding is None else self.deciding.set_cookies,
            is_private=self.route is not None and self.route.requires_principal,
            close=self.closes,
        )

    def _ends_connection(self, request: Request) -> bool:
        """Say whether nothing can come after the answer: the body is not read, or one side wants no more."""
        return not self.received or not request.keep_alive or self.connection.is_last()

    def upstream_lost(self, fault: UpstreamFault, *, untouched: bool) -> None:
        """Retry once where that is safe, else tell the client (upstream.connection.Borrower)."""
        line, self.line = self.line, None
        request, upstream = self.request, self.upstream
        if self.phase is _DONE or request is None or line is None or upstream is None:
            return
        if untouched and self.received and request.body_bytes == 0 and request.method in IDEMPOTENT:
            self.phase = Phase.DIALLING
            self.connection.spawn(dial(self, upstream, line.node))
        else:
            self.fail(fault)

    def upstream_writable(self, *, writable: bool) -> None:
        """Stop or go on reading the request's body (upstream.connection.Borrower)."""
        if self.upstream is not None:
            self.connection.upstream_writable(writable=writable, within_s=self.upstream.spec.send_timeout_s)
            if writable and self.received and self.phase is _FORWARDING:
                self.connection.watch_upstream(self.upstream.spec.read_timeout_s)  # it has all of it: no body is slow

    # -------------------------------------------------------------------------------------------------- the end

    def reply(self, reply: Reply, *, close: bool = False) -> None:
        """Answer this ourselves."""
        request = self.request
        connection = self.connection
        server = connection.server
        # HTTP/1.0 would have keep-alive confirmed; that is for what the client came for.
        closes = close or request is None or request.version == "1.0" or self._ends_connection(request)
        self.status = reply.status
        self.reason = reply.reason
        if self.verdict != "fault":
            self.verdict = "reply"
        rendered = render_reply(
            reply,
            method="GET" if request is None else request.method,
            date=server.date,
            close=closes,
            set_cookies=() if self.deciding is None else self.deciding.set_cookies,
        )
        connection.write(rendered)
        self._finish(close=closes)

    def fail(self, fault: Fault) -> None:
        """Answer a fault, or cut the response short when it has begun."""
        if self.phase is _DONE:
            return
        self.connection.server.report_fault(fault, self.id, self.route)
        self._drop_line()
        self.verdict = "fault"
        if self.responding:
            self.is_cut = True
            self.reason = fault.code
            self.connection.cut()
            self._finish(close=True)
            return
        html = would_accept_html(self.raw.fields)
        reply = build_fault_reply(fault, reference=self.id, accepts_html=html)
        self.reply(reply, close=isinstance(fault, ClientFault))

    def fail_with(self, error: Exception) -> None:
        """Answer a fault, or an error that nobody foresaw: both deny."""
        self.fail(error if isinstance(error, Fault) else self.connection.server.report_internal(error, self.id))

    def client_gone(self) -> None:
        """End everything: nobody waits for the answer any more."""
        if self.phase is not _DONE:
            self.is_cut = True
            self.reason = "client_gone"
            self.status = self.status or 499
            self._finish(close=True)

    def client_writable(self, *, writable: bool) -> None:
        """Pause or resume the upstream's response: the client reads slower than it comes."""
        line = self.line
        if line is not None and not line.transport.is_closing():
            line.transport.resume_reading() if writable else line.transport.pause_reading()

    def time_out(self) -> None:
        """The upstream was silent for too long, or took none of the body."""
        self.fail(UpstreamFault("upstream_timeout", "the upstream did not answer in time"))

    def _drop_line(self) -> None:
        line, self.line = self.line, None
        if line is not None:
            line.abandon()

    def _finish(self, *, close: bool) -> None:
        if self.line is not None:
            self._drop_line()
        self.phase = _DONE
        self.connection.server.settle_account(self)
        self.connection.exchange_done(close=close)
