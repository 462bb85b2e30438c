"""Bytes → exchanges: the parser of one client connection, its callbacks, and what limits heads that do not end.

llhttp frames (RFC 9112 §2-§7); what a head means is decided in `ostiary.http.head`, when it is the request's turn.
Trailers are counted and dropped: they come through the same callback as headers, and must never become headers. An
upgrade that is not taken keeps its body.
"""

from collections import deque
from typing import TYPE_CHECKING, final

import httptools

from ostiary.errors import ClientFault
from ostiary.gateway.exchange import Exchange
from ostiary.http.fields import collect_fields
from ostiary.http.head import RawHead
from ostiary.http.section import CHUNKED, HeadLimits, read_section

if TYPE_CHECKING:
    from ostiary.gateway.connection import ClientConnection

SLICE_BYTES = 4096
MAX_TRAILERS = 32
# Of a chunked body, what may come without a byte of content: chunk extensions and trailers.
MAX_BARREN_BYTES = 8192


@final
class Intake:
    """Reads requests. `queue` has those not yet started, `receiving` is the one whose body is on its way.

    `is_in_head`: the next bytes belong to a head, of which `head_bytes` have come. `window_bytes` counts body bytes
    for whoever watches their pace, and is theirs to reset.
    """

    __slots__ = (
        "_announced", "_barren_bytes", "_body_bytes", "_connection", "_fields", "_has_ended", "_limits", "_parser",
        "_skip_end", "_url", "head_bytes", "is_in_head", "on_header", "queue", "receiving", "window_bytes",
    )  # fmt: skip

    _limits: HeadLimits  # of the piece that is being fed

    def __init__(self, connection: "ClientConnection") -> None:
        """Start before the first request."""
        self._connection = connection
        self.queue: deque[Exchange] = deque()
        self.receiving: Exchange | None = None
        self.is_in_head = True
        self.head_bytes = 0
        self.window_bytes = 0
        self._announced = 0
        self._body_bytes = 0
        self._barren_bytes = 0
        self._url = b""
        self._has_ended = False
        self._skip_end = False
        self._fields, self.on_header = collect_fields()
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, piece: bytes, limits: HeadLimits) -> bytes:
        """Parse at most `SLICE_BYTES` and return what is to be fed again (after an upgrade that is not taken).

        Raises ClientFault (`framing_invalid`, `head_too_large`, `target_too_large`) where parsing cannot go on.
        """
        rest = b""
        self._limits = limits
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            rest = piece[upgrade.args[0] :]
            self._parse_afresh()
        except httptools.HttpParserError:
            raise ClientFault("framing_invalid", "it is not valid HTTP/1.1") from None
        if self._has_ended and not self._url and not self._fields:
            self._has_ended = False
            self.head_bytes = 0
        else:
            self._check_size(len(piece), limits)
        return rest

    def peek_head(self) -> RawHead:
        """Return what has come of a head that will never be whole: fields only, so that its refusal can be worded."""
        return RawHead(fields=self._fields.copy())

    def _check_size(self, length: int, limits: HeadLimits) -> None:
        if self.is_in_head:
            # Every byte counts as it is fed, not when the head is complete: heads that do not end are the attack.
            self.head_bytes += length
            if len(self._url) > limits.target_bytes:
                raise ClientFault("target_too_large", f"the request target is longer than {limits.target_bytes} bytes")
            if self.head_bytes > limits.head_bytes + SLICE_BYTES or len(self._fields) > limits.fields:
                raise ClientFault("head_too_large", "the request head does not end")
            return
        receiving = self.receiving
        if receiving is None:
            return
        if receiving.received_bytes != self._body_bytes:
            self._body_bytes = receiving.received_bytes
            self._barren_bytes = 0
        else:
            self._barren_bytes += length
        if len(self._fields) > MAX_TRAILERS or self._barren_bytes > MAX_BARREN_BYTES:
            raise ClientFault("head_too_large", "the body's trailer fields or chunk extensions do not end")

    def _parse_afresh(self) -> None:
        """Go on after a declined upgrade with a parser that knows the framing only.

        llhttp would hand the body over as "after the upgrade", where it would be read as a new request.
        """
        self._parser = httptools.HttpRequestParser(self)
        if self.receiving is None:
            return
        self._skip_end = False
        announced = self._announced
        framing = b"Transfer-Encoding: chunked" if announced == CHUNKED else b"Content-Length: %d" % announced
        self._parser.feed_data(b"POST / HTTP/1.1\r\nHost: framing\r\n" + framing + b"\r\n\r\n")

    # ---------------------------------------------------------------------------------------- parser callbacks

    def on_url(self, url: bytes) -> None:
        """Collect the target; it may come in pieces."""
        if self.is_in_head:
            self._url += url

    def on_headers_complete(self) -> None:
        """Make an exchange of a head, and queue it."""
        if not self.is_in_head:
            self._fields.clear()  # the framing that a fresh parser was primed with
            return
        parser = self._parser
        raw = RawHead(parser.get_method(), self._url, parser.get_http_version(), self._fields.copy())
        exchange = Exchange(self._connection, raw)
        self._url = b""
        self._fields.clear()
        self.is_in_head = False
        self.head_bytes = 0
        self._body_bytes = 0
        self._barren_bytes = 0
        self.receiving = exchange
        self.queue.append(exchange)
        if parser.should_upgrade():
            self._find_announced(exchange)

    def _find_announced(self, exchange: Exchange) -> None:
        """Find out which body an upgrade announces, in the one place that knows framing: what it refuses is refused."""
        try:
            self._announced = read_section(exchange.raw.fields, exchange.raw.version, self._limits).body_bytes
        except ClientFault as fault:
            self._announced = 0
            exchange.refusal = fault
        self._skip_end = self._announced != 0

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body with its exchange."""
        receiving = self.receiving
        if receiving is not None:
            receiving.inbox.append(body)
            receiving.received_bytes += len(body)
            self.window_bytes += len(body)

    def on_message_complete(self) -> None:
        """The request is whole; trailers are forgotten."""
        if self._skip_end:
            return  # the parser's view of an upgrade: the body is still to come
        if self.receiving is not None:
            self.receiving.received = True
        self.receiving = None
        self.is_in_head = True
        self._has_ended = True
        self._fields.clear()
