"""The request target, parsed and canonicalised once (RFC 9112 §3.2, RFC 3986 §6.2.2).

Rules are matched on `path` (percent-decoded once) and the upstream gets `raw_path` (escapes in upper case, unreserved
characters unescaped): two spellings of one judgement. Doubtful targets are refused, never repaired: `#`, backslash,
NUL and other control bytes, encoded slashes (unless a route says otherwise), dot-segments, empty segments, invalid
escapes, text that is not UTF-8. The query is never judged and goes on as it came.
"""

import re
from typing import final

from ostiary.errors import ClientFault

# What a path may hold as it is: unreserved, sub-delims, ":" and "@" (RFC 3986 §3.3), and the slash.
_PLAIN_PATH = re.compile(rb"(?:/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*)*/?\Z")
_ALLOWED_PATH = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*\Z")
_ALLOWED_QUERY = re.compile(rb"[\x21\x22\x24-\x7e]*\Z")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_FORBIDDEN_DECODED = frozenset({*range(0x20), 0x7F, 0x5C})
_SLASH = 0x2F
_PERCENT = 0x25


@final
class Target:
    """A canonical target. `path` is for matching, `raw_path` and `query` are for sending.

    With `has_encoded_slash` the path holds `%2F` (and then `%25` too) still encoded; only a route that allows encoded
    slashes may take it. `query` is None without a question mark.
    """

    __slots__ = ("has_encoded_slash", "path", "query", "raw_path")

    def __init__(self, path: str, raw_path: bytes, query: bytes | None, *, has_encoded_slash: bool = False) -> None:
        """Hold what `parse_target` checked."""
        self.path = path
        self.raw_path = raw_path
        self.query = query
        self.has_encoded_slash = has_encoded_slash

    @property
    def raw(self) -> bytes:
        """The target as it is sent upstream: path, and query if there is one."""
        return self.raw_path if self.query is None else self.raw_path + b"?" + self.query


def parse_target(origin_form: bytes) -> Target:
    """Parse an origin-form target. Raises ClientFault (`target_…`) for anything doubtful."""
    raw_path, mark, query = origin_form.partition(b"?")
    if mark and not _ALLOWED_QUERY.match(query):
        raise ClientFault("target_characters", "the query holds a `#` or a character that must be percent-encoded")
    if _PLAIN_PATH.match(raw_path) and raw_path:
        return Target(raw_path.decode("ascii"), raw_path, query if mark else None)
    return _parse_path(raw_path, query if mark else None)


def _parse_path(raw_path: bytes, query: bytes | None) -> Target:
    if not _ALLOWED_PATH.match(raw_path):
        raise ClientFault("target_characters", "the path holds a character that must be percent-encoded")
    escapes = _ESCAPE.findall(raw_path)
    if b"" in escapes:
        raise ClientFault("target_escape", "a percent sign is not followed by two hexadecimal digits")
    octets = {int(escape, 16) for escape in escapes}
    if octets & _FORBIDDEN_DECODED:
        raise ClientFault("target_escape", "the path encodes a control character or a backslash")
    kept = {_SLASH, _PERCENT} if _SLASH in octets else frozenset[int]()
    decoded = _ESCAPE.sub(lambda match: _decode_escape(match, kept), raw_path)
    _check_segments(decoded.replace(b"%2F", b"/") if kept else decoded)
    try:
        path = decoded.decode("utf-8")
    except UnicodeDecodeError:
        raise ClientFault("target_escape", "the percent-encoded path is not UTF-8") from None
    return Target(path, _ESCAPE.sub(_canonical_escape, raw_path), query, has_encoded_slash=bool(kept))


def _decode_escape(match: re.Match[bytes], kept: set[int] | frozenset[int]) -> bytes:
    octet = int(match[1], 16)
    return b"%%%02X" % octet if octet in kept else bytes((octet,))


def _canonical_escape(match: re.Match[bytes]) -> bytes:
    octet = int(match[1], 16)
    return bytes((octet,)) if octet in _UNRESERVED else b"%%%02X" % octet


def _check_segments(decoded: bytes) -> None:
    """Refuse dot-segments, also those hidden by encoding or path parameters, and empty segments before the last."""
    segments = decoded.split(b"/")[1:]
    for segment in segments:
        if segment.partition(b";")[0] in {b".", b".."}:
            raise ClientFault("target_dot_segment", "the path holds a dot-segment")
    if b"" in segments[:-1]:
        raise ClientFault("target_empty_segment", "the path holds an empty segment (two slashes in a row)")
