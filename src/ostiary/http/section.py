"""The header section of a request: one pass over the fields decides what each one is for (RFC 9110 §5-§7, RFC 9112 §6).

What may be passed on is kept; framing, Host, cookies and forwarding facts are set apart; hop-by-hop and identity fields
are dropped. A section depends on its bytes and on nothing else, so a connection that repeats itself (browsers do) has
its section read once: see `ostiary.http.head`. Nothing is repaired: what is ambiguous is refused.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import final

from ostiary.errors import ClientFault
from ostiary.http.cookies import parse_cookies
from ostiary.http.fields import KNOWN, RawFields, Role, classify

CHUNKED = -1
MAX_BODY_BYTES = 2**53
_DIGITS = re.compile(rb"[0-9]{1,19}\Z")
OVERHEAD_BYTES = 4  # ": " and CRLF of every field
# Plain names: looking a member up on an enumeration's class costs ten times as much, fifteen times a request.
_KNOWN = KNOWN.get
_PASS, _SINGLE, _DROP = Role.PASS, Role.SINGLE, Role.DROP
_NOT_NAMES = frozenset({b"close", b"keep-alive", b"upgrade", b"te", b""})


@final
class HeadLimits:
    """Sizes of a request head (bytes) and how many fields it may have."""

    __slots__ = ("cookie_bytes", "field_bytes", "fields", "head_bytes", "target_bytes", "token_bytes")

    def __init__(
        self, *, head_bytes: int = 65_536, target_bytes: int = 8192, fields: int = 100, field_bytes: int = 8192
    ) -> None:
        """Take the numbers; a Cookie may have four times, Authorization 2.5 times a field's size."""
        self.head_bytes = head_bytes
        self.target_bytes = target_bytes
        self.fields = fields
        self.field_bytes = field_bytes
        self.cookie_bytes = field_bytes * 4
        self.token_bytes = field_bytes * 5 // 2


@final
class FieldSection:
    """A header section that was read. Made by `read_section`; nobody assigns to it afterwards but its memos.

    `passed` are (lower-case name, name as sent, value). `body_bytes` is the announced length, `CHUNKED` (-1) for
    chunked, 0 for none. `authorization` stands apart from `passed`; `authorization_at` is its position among the raw
    fields, below 0 when there is none to pass on. `redirect_wish` is where somebody asks to be sent after signing in
    or out (X-Auth-Request-Redirect), and is never passed on. `rendered` remembers, for the facts in `rendered_for`, how
    the section was last written for an upstream, `authorization_line` how its credentials were
    (`ostiary.gateway.forwarding`). `cookies` are split, and credentials digested, when somebody asks. `digest` is for
    the policy named in `digest_for`: of what that one took from the cookies last.
    """

    __slots__ = (
        "_authorization_digest", "_cookies", "authorization", "authorization_at", "authorization_line",
        "authorization_name", "body_bytes", "connection", "content_length", "cookie", "digest", "digest_for", "expect",
        "expects_continue", "forwarded_for", "forwarded_host", "forwarded_proto", "host", "keep_alive", "passed",
        "redirect_wish", "rendered", "rendered_for", "size_bytes", "transfer_encoding", "upgrade", "upgrade_value",
    )  # fmt: skip

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.passed: list[tuple[bytes, bytes, bytes]] = []
        self.authorization: bytes | None = None
        self.authorization_at = -1
        self.authorization_name = b""
        self.authorization_line: bytes | None = None
        self.host: bytes | None = None
        self.content_length: bytes | None = None
        self.transfer_encoding: bytes | None = None
        self.connection = b""
        self.cookie = b""
        self.expect: bytes | None = None
        self.upgrade_value: bytes | None = None
        self.forwarded_for = b""
        self.forwarded_proto = b""
        self.forwarded_host = b""
        self.redirect_wish: bytes | None = None
        self.size_bytes = 0
        self.body_bytes = 0
        self.expects_continue = False
        self.keep_alive = True
        self.upgrade = b""
        self.rendered = b""
        self.rendered_for: object = None
        self.digest = b""
        self.digest_for: object = None
        self._cookies: list[tuple[bytes, bytes]] | None = None
        self._authorization_digest: bytes | None = None

    @property
    def cookies(self) -> list[tuple[bytes, bytes]]:
        """The cookies as (name, value) pairs, split once."""
        pairs = self._cookies
        if pairs is None:
            pairs = self._cookies = parse_cookies(self.cookie) if self.cookie else []
        return pairs

    @property
    def authorization_digest(self) -> bytes:
        """SHA-256 of the credentials, under which a proof of them is remembered; empty where there are none."""
        digest = self._authorization_digest
        if digest is None:
            value = self.authorization
            digest = self._authorization_digest = b"" if value is None else sha256(value).digest()
        return digest

    def with_authorization(self, value: bytes, size_bytes: int) -> "FieldSection":
        """Return the same section with other credentials: a client that speaks for many changes nothing else."""
        section = FieldSection.__new__(FieldSection)
        section._cookies = self._cookies  # noqa: SLF001 - of the same class
        section._authorization_digest = None  # noqa: SLF001
        section.authorization_line = None
        section.authorization_at = self.authorization_at
        section.authorization_name = self.authorization_name
        section.body_bytes = self.body_bytes
        section.connection = self.connection
        section.content_length = self.content_length
        section.cookie = self.cookie
        section.digest = self.digest
        section.digest_for = self.digest_for
        section.expect = self.expect
        section.expects_continue = self.expects_continue
        section.forwarded_for = self.forwarded_for
        section.forwarded_host = self.forwarded_host
        section.forwarded_proto = self.forwarded_proto
        section.host = self.host
        section.keep_alive = self.keep_alive
        section.passed = self.passed
        section.redirect_wish = self.redirect_wish
        section.rendered = self.rendered
        section.rendered_for = self.rendered_for
        section.transfer_encoding = self.transfer_encoding
        section.upgrade = self.upgrade
        section.upgrade_value = self.upgrade_value
        section.authorization = value
        section.size_bytes = size_bytes
        return section


def read_section(fields: RawFields, version: str, limits: HeadLimits) -> FieldSection:
    """Read a request's fields. Raises ClientFault (`head_too_large`, `field_…`, `host_repeated`, `framing_…`)."""
    if len(fields) > limits.fields:
        raise ClientFault("head_too_large", f"the request has more than {limits.fields} header fields")
    section = FieldSection()
    passed = section.passed
    size = 0
    largest = limits.field_bytes
    singles: set[bytes] = set()
    for position, (name, raw_value) in enumerate(fields):
        value = raw_value.rstrip(b" \t")  # the parser leaves what stands after a value (RFC 9112 §5)
        known = _KNOWN(name) or classify(name)
        role = known.role
        length = len(name) + len(raw_value) + OVERHEAD_BYTES
        size += length
        if length > largest:
            _check_large_field(known.lower, length, limits)
        if role is _PASS:
            passed.append((known.lower, name, value))
        elif role is _SINGLE:
            if known.lower in singles:
                raise ClientFault("field_repeated", f"the header {known.lower.decode('ascii')} came twice")
            singles.add(known.lower)
            if known.lower == b"authorization":
                section.authorization, section.authorization_name = value, name
                section.authorization_at = position
            else:
                passed.append((known.lower, name, value))
        elif role is not _DROP:
            _NOTERS[role](section, value)
    section.size_bytes = size
    _read_framing(section, version)
    _read_connection(section, version)
    return section


def _check_large_field(lower: bytes, length: int, limits: HeadLimits) -> None:
    allowed = {b"cookie": limits.cookie_bytes, b"authorization": limits.token_bytes}.get(lower, limits.field_bytes)
    if length > allowed:
        raise ClientFault("head_too_large", f"a header field is longer than {allowed} bytes")


def _once(slot: str, code: str, detail: str) -> Callable[[FieldSection, bytes], None]:
    """Make the note of a field that must not come twice."""

    def note(section: FieldSection, value: bytes) -> None:
        if getattr(section, slot) is not None:
            raise ClientFault(code, detail)
        setattr(section, slot, value)

    return note


def _joined(slot: str, separator: bytes) -> Callable[[FieldSection, bytes], None]:
    """Make the note of a field whose lines make one value."""

    def note(section: FieldSection, value: bytes) -> None:
        before = getattr(section, slot)
        setattr(section, slot, before + separator + value if before else value)

    return note


def _note_wish(section: FieldSection, value: bytes) -> None:
    """Keep the one wish; two are none, since nobody can say which was meant, and a wish is not worth an error."""
    section.redirect_wish = value if section.redirect_wish is None else b""


_NOTERS: dict[Role, Callable[[FieldSection, bytes], None]] = {
    Role.HOST: _once("host", "host_repeated", "the request has two Host headers"),
    Role.CONTENT_LENGTH: _once("content_length", "framing_length", "the request has two Content-Length headers"),
    Role.TRANSFER_ENCODING: _once(
        "transfer_encoding", "framing_transfer_encoding", "the request has two Transfer-Encoding headers"
    ),
    Role.EXPECT: _once("expect", "expect_unknown", "the request has two Expect headers"),
    Role.UPGRADE: _once("upgrade_value", "field_repeated", "the header upgrade came twice"),
    Role.CONNECTION: _joined("connection", b","),
    Role.COOKIE: _joined("cookie", b"; "),
    Role.FORWARDED_FOR: _joined("forwarded_for", b","),
    Role.FORWARDED_PROTO: _joined("forwarded_proto", b","),
    Role.FORWARDED_HOST: _joined("forwarded_host", b","),
    Role.REDIRECT_WISH: _note_wish,
}


def _read_framing(section: FieldSection, version: str) -> None:
    """Find the announced body: one Content-Length, or exactly `chunked` on HTTP/1.1, never both (RFC 9112 §6)."""
    if section.transfer_encoding is not None:
        if section.content_length is not None or version != "1.1":
            raise ClientFault("framing_transfer_encoding", "Transfer-Encoding with Content-Length, or on HTTP/1.0")
        if section.transfer_encoding.lower() != b"chunked":
            raise ClientFault("framing_transfer_encoding", "a transfer coding other than `chunked`")
        section.body_bytes = CHUNKED
    elif section.content_length is not None:
        if not _DIGITS.match(section.content_length):
            raise ClientFault("framing_length", "Content-Length is not a number")
        section.body_bytes = int(section.content_length)
        if section.body_bytes > MAX_BODY_BYTES:
            raise ClientFault("body_too_large", "Content-Length is beyond anything that can be sent")
    if section.expect is not None and version == "1.1":
        if section.expect.lower() != b"100-continue":
            raise ClientFault("expect_unknown", "an expectation other than 100-continue")
        section.expects_continue = section.body_bytes != 0


def _read_connection(section: FieldSection, version: str) -> None:
    """Read keep-alive and upgrade, and drop what Connection names (RFC 9110 §7.6.1)."""
    section.keep_alive = version == "1.1"
    if not section.connection:
        return
    tokens = {token.strip(b" \t") for token in section.connection.lower().split(b",")}
    if b"close" in tokens:
        section.keep_alive = False
    elif b"keep-alive" in tokens:
        section.keep_alive = True
    if b"upgrade" in tokens and section.upgrade_value is not None:
        section.upgrade = section.upgrade_value.lower()
        if section.upgrade == b"websocket" and section.body_bytes:
            raise ClientFault("framing_upgrade", "a WebSocket handshake has no body")
    named = tokens - _NOT_NAMES
    if named:
        section.passed = [field for field in section.passed if field[0] not in named]
        if b"authorization" in named:
            section.authorization = None
            section.authorization_at = -1
