"""Response heads: what the upstream said becomes what the client is told, and how the body is framed on both sides.

RFC 9112 §6.3 in our hands: llhttp does not know which request a response answers, so HEAD, 204, 304 and bodies that
end with the connection are decided here. Hop-by-hop fields and trailers end here; a head in doubt is refused.
"""

from enum import IntEnum
from http import HTTPStatus
from typing import final

from ostiary.errors import UpstreamFault
from ostiary.http.lines import is_clean_block

MAX_RESPONSE_HEAD_BYTES = 65_536
MAX_RESPONSE_FIELDS = 200
MAX_LENGTH_DIGITS = 19


class BodyEnd(IntEnum):
    """How the end of a response body is known."""

    NO_BODY = 0
    LENGTH = 1
    CHUNKED = 2
    CLOSE = 3


@final
class ResponseHead:
    """A response head to pass on. `lines` are rendered fields without framing; `length` counts for `LENGTH` only.

    `announced` is a Content-Length to repeat where there is no body (HEAD, 304), else None. `has_date` and
    `has_cache_control` tell what the upstream said itself, `is_page` that it is HTML.
    """

    __slots__ = (
        "announced", "body_end", "has_cache_control", "has_date", "is_page", "keep_alive", "length", "lines", "status",
    )  # fmt: skip

    def __init__(self, status: int) -> None:
        """Start a head; `read_response_head` fills it."""
        self.status = status
        self.lines = b""
        self.body_end = BodyEnd.NO_BODY
        self.length = 0
        self.announced: bytes | None = None
        self.keep_alive = True
        self.has_date = False
        self.has_cache_control = False
        self.is_page = False


STATUS_LINES = {
    status: f"HTTP/1.1 {status} {HTTPStatus(status).phrase if status in set(HTTPStatus) else ''}\r\n".encode("ascii")
    for status in range(200, 600)
}

# What happens to a response field; 0 is "passed on", and so is every name that is not here.
_DROP, _LENGTH, _CODING, _CONNECTION, _DATE, _CACHE, _COOKIE, _TYPE = range(1, 9)
_SPECIAL = {
    b"keep-alive": _DROP, b"proxy-connection": _DROP, b"proxy-authenticate": _DROP, b"te": _DROP, b"trailer": _DROP,
    b"upgrade": _DROP, b"http2-settings": _DROP,
    b"content-length": _LENGTH, b"transfer-encoding": _CODING, b"connection": _CONNECTION,
    b"date": _DATE, b"cache-control": _CACHE, b"set-cookie": _COOKIE, b"content-type": _TYPE,
}  # fmt: skip
_COMMON = (
    b"accept-ranges", b"access-control-allow-origin", b"age", b"content-encoding", b"etag", b"expires",
    b"last-modified", b"location", b"server", b"strict-transport-security", b"vary", b"x-content-type-options",
    b"x-frame-options", b"x-request-id",
)  # fmt: skip
# The usual names in the usual spellings: one look-up each. Never written to.
_KINDS = {
    spelling: _SPECIAL.get(lower, 0)
    for lower in (*_SPECIAL, *_COMMON)
    for spelling in (lower, b"-".join(part.capitalize() for part in lower.split(b"-")))
}


def read_response_head(
    status: int, version: str, fields: list[tuple[bytes, bytes]], method: str, owned_cookies: tuple[bytes, ...] = ()
) -> ResponseHead:
    """Judge a final response to a request with `method`.

    A Set-Cookie for one of `owned_cookies` (names, or prefixes ending in `*`) is dropped: only the gateway sets those.
    Raises UpstreamFault (`upstream_head_…`, `upstream_framing`) for what cannot be passed on safely.
    """
    head = ResponseHead(status)
    if status not in STATUS_LINES:
        raise UpstreamFault("upstream_head_invalid", f"the upstream answered with status {status}")
    if len(fields) > MAX_RESPONSE_FIELDS:
        raise UpstreamFault("upstream_head_too_large", f"the upstream's response has over {MAX_RESPONSE_FIELDS} fields")
    pieces: list[bytes] = []
    framing = _Framing()
    for name, value in fields:
        kind = _KINDS.get(name)
        if kind is None:
            kind = _SPECIAL.get(name.lower(), 0)
        if kind == 0 or _is_passed(kind, value, head, framing, owned_cookies):
            pieces += (name, b": ", value, b"\r\n")
    named = framing.named
    head.keep_alive = version == "1.1" and b"close" not in named
    if named and not named <= _NOT_NAMES:
        pieces = _without(pieces, named)
    head.lines = b"".join(pieces)
    if len(head.lines) > MAX_RESPONSE_HEAD_BYTES:
        raise UpstreamFault("upstream_head_too_large", "the upstream's response head is over 64 KiB")
    if not is_clean_block(head.lines, len(pieces) // 4):
        raise UpstreamFault("upstream_head_invalid", "the upstream's response head holds control characters")
    _frame(head, method, framing, version)
    return head


_NOT_NAMES = frozenset({b"close", b"keep-alive", b"upgrade", b""})


@final
class _Framing:
    """What the fields say about the body and the connection."""

    __slots__ = ("length", "named", "transfer_encoding")

    def __init__(self) -> None:
        self.length: bytes | None = None
        self.transfer_encoding: bytes | None = None
        self.named: frozenset[bytes] = frozenset()


def _is_passed(
    kind: int, value: bytes, head: ResponseHead, framing: _Framing, owned_cookies: tuple[bytes, ...]
) -> bool:
    """Take note of a special field; say whether it is passed on as it is."""
    if kind == _DATE:
        head.has_date = True
        return True
    if kind == _CACHE:
        head.has_cache_control = True
        return True
    if kind == _TYPE:
        head.is_page = value[:9].lower() == b"text/html"
        return True
    if kind == _COOKIE:
        return not (owned_cookies and _is_owned(value, owned_cookies))
    value = value.rstrip(b" \t")  # the parser leaves trailing white space (RFC 9112 §5)
    if kind == _LENGTH:
        framing.length = value if framing.length is None else b"repeated"
    elif kind == _CODING:
        framing.transfer_encoding = value if framing.transfer_encoding is None else b"repeated"
    elif kind == _CONNECTION:
        framing.named |= {token.strip(b" \t") for token in value.lower().split(b",")}
    return False


def _is_owned(set_cookie: bytes, owned_cookies: tuple[bytes, ...]) -> bool:
    """Judge a Set-Cookie by its name; browsers send a nameless cookie's value alone, so that stands for the pair."""
    name, _, value = set_cookie.partition(b";")[0].partition(b"=")
    name = name.strip(b" \t") or value.partition(b"=")[0].strip(b" \t")
    return is_owned_cookie(name, owned_cookies)


def is_owned_cookie(name: bytes, owned_cookies: tuple[bytes, ...]) -> bool:
    """Say whether a cookie name is one of ours: equal to an entry, or beginning with one that ends in `*`."""
    return any(name.startswith(own[:-1]) if own.endswith(b"*") else name == own for own in owned_cookies)


def _without(pieces: list[bytes], named: frozenset[bytes]) -> list[bytes]:
    """Drop the fields that the upstream's Connection header names (RFC 9110 §7.6.1)."""
    kept: list[bytes] = []
    for index in range(0, len(pieces), 4):
        if pieces[index].lower() not in named:
            kept += pieces[index : index + 4]
    return kept


def _frame(head: ResponseHead, method: str, framing: _Framing, version: str) -> None:
    """RFC 9112 §6.3: the cases in their order."""
    if version != "1.1" and (version != "1.0" or framing.transfer_encoding is not None):
        raise UpstreamFault("upstream_framing", "the upstream's version is not HTTP/1.1, nor HTTP/1.0 without chunks")
    content_length, transfer_encoding = framing.length, framing.transfer_encoding
    if content_length is not None and not (content_length.isdigit() and len(content_length) <= MAX_LENGTH_DIGITS):
        raise UpstreamFault("upstream_framing", "the upstream's Content-Length is not a number")
    if transfer_encoding is not None and (content_length is not None or transfer_encoding.lower() != b"chunked"):
        raise UpstreamFault("upstream_framing", "the upstream's Transfer-Encoding is not exactly `chunked`")
    if head.status in {204, 205}:
        # A 205 is not among those that end with their head for everybody, so it says that nothing follows.
        head.announced = b"0" if head.status == 205 and method != "HEAD" else None
        announces_nothing = content_length == b"0" or (content_length is None and head.status == 204)
        head.keep_alive = head.keep_alive and transfer_encoding is None and (announces_nothing or method == "HEAD")
        return
    if method == "HEAD" or head.status == 304:
        head.announced = content_length
        return
    if transfer_encoding is not None:
        head.body_end = BodyEnd.CHUNKED
    elif content_length is not None:
        head.body_end = BodyEnd.LENGTH
        head.length = int(content_length)
        head.announced = content_length
    else:
        head.body_end = BodyEnd.CLOSE
        head.keep_alive = False
