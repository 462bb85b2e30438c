"""The upstream's response on its way to the client: head once, body pieces in the client's framing. Pure.

The client gets the upstream's length where there is one, else chunks, else (HTTP/1.0) the end of the connection.
"""

from ostiary.http.response import STATUS_LINES, BodyEnd, ResponseHead

_CACHING = frozenset({b"cache-control", b"expires", b"pragma", b"cdn-cache-control", b"surrogate-control"})


def render_response_head(
    head: ResponseHead, *, version: str, date: bytes, set_cookies: tuple[str, ...], is_private: bool, close: bool
) -> bytes:
    """Render status line and fields, the empty line included; `version` is the request's.

    What was answered to an authenticated request stays out of shared caches unless the upstream said otherwise, and a
    page out of the browser's too: whoever comes after a sign-out has a back button. With a cookie of ours it stays out
    of every cache whatever the upstream says: that cookie is one person's session.
    """
    parts = [STATUS_LINES[head.status], head.lines if not set_cookies else _drop_caching(head.lines)]
    if not head.has_date:
        parts += (b"Date: ", date, b"\r\n")
    if set_cookies:
        parts += [f"Set-Cookie: {value}\r\n".encode("latin-1") for value in set_cookies]
        parts.append(b"Cache-Control: no-store\r\n")
    elif is_private and not head.has_cache_control:
        parts.append(b"Cache-Control: no-store\r\n" if head.is_page else b"Cache-Control: private\r\n")
    if head.announced is not None:
        parts += (b"Content-Length: ", head.announced, b"\r\n")
    elif version == "1.1" and streams(head):
        parts.append(b"Transfer-Encoding: chunked\r\n")
    if close:
        parts.append(b"Connection: close\r\n")
    elif version == "1.0":
        parts.append(b"Connection: keep-alive\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)


def _drop_caching(lines: bytes) -> bytes:
    """Return the header lines without those that let caches keep a response (RFC 9111 §5.2, RFC 9213)."""
    kept = [line for line in lines.split(b"\r\n")[:-1] if line.partition(b":")[0].lower() not in _CACHING]
    return b"".join(line + b"\r\n" for line in kept)


def streams(head: ResponseHead) -> bool:
    """Say whether the response's length is not known when it begins."""
    return head.body_end is BodyEnd.CHUNKED or head.body_end is BodyEnd.CLOSE


def render_chunk(piece: bytes, *, last: bool) -> bytes:
    """Render a piece as a chunk (RFC 9112 §7.1), with the last chunk behind it when it is the end."""
    rendered = b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
    return rendered + b"0\r\n\r\n" if last else rendered
