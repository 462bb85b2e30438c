"""Messages as conversations write them: what each side says, and what it becomes on the other side of the gateway.

`request` → the gateway → `forwarded`; `response` → the gateway → `relayed`; `replied` is the gateway's own answer. The
order of fields is the gateway's, so that whole messages are compared byte by byte. A `body` adds its Content-Length.
"""

DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
CLIENT = "192.0.2.7"
HOST = "shop.example"


def request(
    line: str = "GET /", *fields: str, body: bytes | None = None, version: str = "1.1", host: str = HOST
) -> bytes:
    """Return a client's request: `line` is method and target."""
    return _message(f"{line} HTTP/{version}", f"Host: {host}", *fields, *_length(body), body=body)


def forwarded(
    line: str = "GET /", *fields: str, body: bytes | None = None, framing: tuple[str, ...] = (), host: str = HOST
) -> bytes:
    """Return what an upstream is told for it: passed fields, framing, the forwarding facts."""
    return _message(
        f"{line} HTTP/1.1",
        f"Host: {host}",
        *fields,
        *(framing or _length(body)),
        f"X-Real-IP: {CLIENT}",
        f"X-Forwarded-For: {CLIENT}",
        "X-Forwarded-Proto: http",
        f"X-Forwarded-Host: {HOST}",
        "X-Forwarded-Port: 80",
        body=body,
    )


def response(status: str = "200 OK", *fields: str, body: bytes | None = None) -> bytes:
    """Return an upstream's response."""
    return _message(f"HTTP/1.1 {status}", *fields, *_length(body), body=body)


def relayed(
    status: str = "200 OK",
    *fields: str,
    body: bytes | None = None,
    after: tuple[str, ...] = (),
    date: str = DATE,
    close: bool = False,
) -> bytes:
    """Return what the client hears of it; `after` are lines between the Date and the end of the head."""
    closing = ("Connection: close",) if close else ()
    return _message(f"HTTP/1.1 {status}", *fields, f"Date: {date}", *after, *_length(body), *closing, body=body)


def replied(
    status: str, *fields: str, body: bytes = b"", cookies: tuple[str, ...] = (), date: str = DATE, close: bool = False
) -> bytes:
    """Return an answer of the gateway's own."""
    lines = [*fields, *(f"Set-Cookie: {cookie}" for cookie in cookies)]
    if not any(field.startswith("Cache-Control:") for field in fields):
        lines.append("Cache-Control: no-store")
    lines += _length(body)
    if close:
        lines.append("Connection: close")
    return _message(f"HTTP/1.1 {status}", f"Date: {date}", *lines, body=body)


def chunk(piece: bytes) -> bytes:
    """Return a piece as a chunk; the empty piece is the last one."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def read_chunks(sent: bytes) -> tuple[bytes, bool]:
    """Return what whole chunks carry, and whether the last one came and nothing after it."""
    body = b""
    while sent:
        line, _, rest = sent.partition(b"\r\n")
        size = int(line, 16)
        if size == 0:
            return body, rest == b"\r\n"
        assert b"\r\n" == rest[size : size + 2]
        body += rest[:size]
        sent = rest[size + 2 :]
    return body, False


def _length(body: bytes | None) -> tuple[str, ...]:
    return () if body is None else (f"Content-Length: {len(body)}",)


def _message(*lines: str, body: bytes | None = None) -> bytes:
    return "\r\n".join((*lines, "", "")).encode("latin-1") + (body or b"")
