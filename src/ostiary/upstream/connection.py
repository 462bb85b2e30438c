"""One connection to a node: writes a request, reads its response, tells its borrower, and judges its own fitness.

Every response gets a fresh parser (llhttp is not told about HEAD). Whatever comes when nothing is expected, or after
the response's end, closes the connection: one in doubt is never used again (DESIGN.md §9.11). It does not choose
nodes and does not know clients.
"""

import asyncio
import ssl
from typing import Protocol, final

import httptools

from ostiary.errors import UpstreamFault
from ostiary.http.fields import RawFields, collect_fields
from ostiary.http.response import (
    MAX_RESPONSE_FIELDS,
    MAX_RESPONSE_HEAD_BYTES,
    BodyEnd,
    ResponseHead,
    read_response_head,
)
from ostiary.upstream.balancer import Node
from ostiary.upstream.last_words import read_last_words
from ostiary.upstream.tls import explain_tls_error

MAX_INFORMATIONAL = 8
MAX_TRAILERS = 32
# Of a response body, what may come without a byte of content: chunk extensions and trailers.
MAX_BARREN_BYTES = 65_536
WRITE_BUFFER_BYTES = 65_536


class Borrower(Protocol):
    """Who waits for the response: told in one call per arrival of bytes."""

    def response_arrived(self, head: ResponseHead | None, body: list[bytes], *, complete: bool) -> None:
        """Take the head (once), body pieces, and whether the response is whole. The connection is free then."""
        ...

    def upstream_lost(self, fault: UpstreamFault, *, untouched: bool) -> None:
        """Learn that the response will not be whole. `untouched`: no byte of an answer had come on a reused line."""
        ...

    def upstream_writable(self, *, writable: bool) -> None:
        """Learn that the upstream takes more of the request body, or that it cannot for now."""
        ...


class Shelter(Protocol):
    """Where connections rest between requests."""

    def give(self, connection: "UpstreamConnection") -> None:
        """Take back a connection that is fit for another request."""
        ...

    def forget(self, connection: "UpstreamConnection") -> None:
        """Learn that a connection is gone."""
        ...


@final
class UpstreamConnection(asyncio.Protocol):
    """An HTTP/1.1 connection to `node`. At most one borrower at a time."""

    __slots__ = (
        "_barren_bytes", "_body", "_borrower", "_complete", "_fault", "_fed_bytes", "_fields", "_has_asked", "_head",
        "_informational", "_last_fields", "_last_for", "_last_head", "_message_ended", "_method", "_owned_cookies",
        "_parser", "_reused", "_shelter", "_started", "_surplus", "idle_since", "node", "node_name", "on_header",
        "request_sent", "served", "transport",
    )  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, node: Node, shelter: Shelter) -> None:
        """Be made by the pool's dialling."""
        self.node = node
        self.node_name = f"{node[0]}:{node[1]}"
        self._shelter = shelter
        self._borrower: Borrower | None = None
        self.served = 0
        self.request_sent = False  # the borrower's word that the whole request has been written
        self.idle_since = 0.0
        self._owned_cookies: tuple[bytes, ...] = ()
        self._fields, self.on_header = collect_fields()
        self._last_fields: RawFields = []
        self._last_for: object = None
        self._last_head: ResponseHead | None = None
        self._prepare("GET")

    def _prepare(self, method: str) -> None:
        self._method = method
        self._fields.clear()
        self._body: list[bytes] = []
        self._head: ResponseHead | None = None
        self._fault: UpstreamFault | None = None
        self._fed_bytes = 0
        self._barren_bytes = 0
        self._informational = 0
        self._complete = False
        self._message_ended = False
        self._surplus = False
        self._has_asked = False
        self._started = False

    # --------------------------------------------------------------------------------------- for the borrower

    def lend(self, borrower: Borrower, method: str, owned_cookies: tuple[bytes, ...]) -> None:
        """Begin an exchange: the next response answers a request with `method`."""
        self._prepare(method)
        self._parser = httptools.HttpResponseParser(self)
        self._reused = self.served > 0 or self.idle_since > 0
        self.served += 1
        self.request_sent = False
        self._borrower = borrower
        self._owned_cookies = owned_cookies

    def write(self, data: bytes) -> None:
        """Write a piece of the request. From the first on, what the node says is an answer to it."""
        self._has_asked = True
        self.transport.write(data)

    def is_closing(self) -> bool:
        """Say whether writing is in vain."""
        return self.transport.is_closing()

    def abandon(self) -> None:
        """Close without ceremony: the exchange ended in a way that leaves doubt."""
        self._borrower = None
        if not self.transport.is_closing():
            self.transport.abort()

    def is_usable(self) -> bool:
        """Say whether the connection may be lent."""
        return self._borrower is None and not self.transport.is_closing()

    # --------------------------------------------------------------------------------------- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        borrower = self._borrower
        if borrower is None:
            self.transport.abort()  # nobody asked
            return
        if not self._has_asked:
            # The request still waits to be written: this is a farewell, or worse, but no answer to it.
            self._fail(borrower, UpstreamFault("upstream_lost", "the upstream spoke before it was asked"))
            return
        self._started = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._complete and self._fault is None:
                self._fault = UpstreamFault("upstream_answer_invalid", "the upstream's answer is not valid HTTP/1.1")
            self._surplus = True
        self._check_size(len(data))
        if self._fault is not None:
            self._fail(borrower, self._fault)
        elif self._head is not None:
            self._deliver(borrower)

    def _check_size(self, length: int) -> None:
        """Limit heads that do not end, and what comes behind them without a byte of content."""
        if self._head is None and self._fault is None:
            self._fed_bytes += length
            if self._fed_bytes > MAX_RESPONSE_HEAD_BYTES or len(self._fields) > MAX_RESPONSE_FIELDS:
                self._fault = UpstreamFault("upstream_head_too_large", "the upstream's response head does not end")
        elif self._body:
            self._barren_bytes = 0
        else:
            self._barren_bytes += length
            if len(self._fields) > MAX_TRAILERS or self._barren_bytes > MAX_BARREN_BYTES:
                self._fault = UpstreamFault("upstream_head_too_large", "the upstream's trailers do not end")

    def _deliver(self, borrower: Borrower) -> None:
        head = None if self._fed_bytes < 0 else self._head
        self._fed_bytes = -1  # the head is told once
        body = self._body
        if body:
            self._body = []
        if self._complete:
            self._release()
        borrower.response_arrived(head, body, complete=self._complete)

    def _release(self) -> None:
        self._borrower = None
        head = self._head
        is_clean = self.request_sent and self._message_ended and not self._surplus
        if head is None or not head.keep_alive or not is_clean or self.transport.is_closing():
            self.transport.abort()
        else:
            self._shelter.give(self)

    def _fail(self, borrower: Borrower, fault: UpstreamFault) -> None:
        self._borrower = None
        self.transport.abort()
        borrower.upstream_lost(fault, untouched=self._reused and not self._started)

    def eof_received(self) -> bool | None:
        head = self._head
        if self._borrower is not None and head is not None and head.body_end is BodyEnd.CLOSE and self._fault is None:
            self._complete = True
            self._deliver(self._borrower)
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._shelter.forget(self)
        if self._borrower is not None and isinstance(exc, ConnectionError):
            self._hear_last_words()
        borrower = self._borrower
        if borrower is None:
            return
        if isinstance(exc, ssl.SSLError):
            # In TLS 1.3 a server may refuse us after our handshake is over: no client certificate, for one.
            fault = UpstreamFault("upstream_tls", f"{self.node_name}: {explain_tls_error(exc)}")
        else:
            moment = "in the middle of its answer" if self._started else "before it answered"
            fault = UpstreamFault("upstream_lost", f"the upstream closed the connection {moment}")
        self._fail(borrower, fault)

    def _hear_last_words(self) -> None:
        """Take an early answer that a failed write came before; on a stale line it may be a farewell to nobody."""
        if self._has_asked and not (self._reused and self.request_sent):
            words = read_last_words(self.transport)
            if words:
                self.data_received(words)

    def pause_writing(self) -> None:
        if self._borrower is not None:
            self._borrower.upstream_writable(writable=False)

    def resume_writing(self) -> None:
        if self._borrower is not None:
            self._borrower.upstream_writable(writable=True)

    # -------------------------------------------------------------------------------------- parser callbacks

    def on_headers_complete(self) -> None:
        if self._complete or self._head is not None:
            self._surplus = True
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self._take_informational(status)
            return
        try:
            self._head = head = self._read_head(status, self._parser.get_http_version())
        except UpstreamFault as fault:
            self._fault = fault
            return
        finally:
            self._fields.clear()
        if head.body_end is BodyEnd.NO_BODY:
            # Fit for reuse although llhttp may wait for a body: the parser goes, and any further byte is surplus.
            self._complete = self._message_ended = True

    def _read_head(self, status: int, version: str) -> ResponseHead:
        """Read the head, or take the last one when the node repeats itself: a head depends on these facts alone."""
        facts = (status, version, self._method, self._owned_cookies)
        head = self._last_head
        if head is None or facts != self._last_for or self._fields != self._last_fields:
            head = self._last_head = read_response_head(
                status, version, self._fields, self._method, self._owned_cookies
            )
            self._last_for = facts
            self._last_fields = self._fields.copy()
        return head

    def _take_informational(self, status: int) -> None:
        self._fields.clear()
        self._informational += 1
        if status == 101 or self._informational > MAX_INFORMATIONAL:
            self._fault = UpstreamFault("upstream_answer_invalid", "an upgrade or too many interim answers, unasked")

    def on_body(self, body: bytes) -> None:
        if self._complete:
            self._surplus = True
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._head is None:
            return  # an interim answer
        if self._head.body_end is not BodyEnd.NO_BODY:
            if self._complete:
                self._surplus = True
            self._complete = self._message_ended = True

    def on_message_begin(self) -> None:
        if self._complete:
            self._surplus = True
