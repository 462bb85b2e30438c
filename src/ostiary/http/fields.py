"""Header field names and what the gateway does with each: one table, read once per field.

Every field of a request has a role: passed on, passed on but at most once, ours alone (deleted whatever the client
sent), hop-by-hop, framing. Names are compared in lower case; a name with anything but letters, digits and `-` is
dropped, because application servers fold `_` and `.` into `-` and would read `X_Userinfo` as `X-Userinfo`
(CVE-2025-64484 and its family). RFC 9110 §5.1, §7.6.1; RFC 9112 §6.
"""

import re
from collections.abc import Callable
from enum import IntEnum
from typing import final


class Role(IntEnum):
    """What happens to a request field."""

    PASS = 0
    SINGLE = 1
    DROP = 2
    HOST = 3
    CONTENT_LENGTH = 4
    TRANSFER_ENCODING = 5
    CONNECTION = 6
    COOKIE = 7
    EXPECT = 8
    UPGRADE = 9
    FORWARDED_FOR = 10
    FORWARDED_PROTO = 11
    FORWARDED_HOST = 12
    REDIRECT_WISH = 13


@final
class FieldName:
    """A field name in its lower-case spelling, with its role."""

    __slots__ = ("lower", "role")

    def __init__(self, lower: bytes, role: Role) -> None:
        """Hold the classified name."""
        self.lower = lower
        self.role = role


# Whatever a client says under these is deleted on every route, before anything is set.
IDENTITY_NAMES = frozenset({
    b"x-access-token", b"x-id-token", b"x-userinfo", b"x-refresh-token", b"x-raw-id-token",
    b"x-mse-consumer", b"x-consumer-username", b"x-consumer-custom-id", b"x-consumer-groups",
    b"x-credential-identifier", b"x-real-ip", b"forwarded", b"x-remote-user", b"remote-user",
})  # fmt: skip
# Whole families are ours: forwarding facts, identities, and the targets that decision points are told.
IDENTITY_PREFIXES = (b"x-forwarded-", b"x-auth-", b"x-original-", b"x-ostiary-")

_HOP_BY_HOP = frozenset({
    b"proxy-connection", b"keep-alive", b"te", b"trailer", b"proxy-authorization", b"proxy-authenticate",
    b"http2-settings",
})  # fmt: skip
_SINGLE = frozenset({
    b"authorization", b"content-type", b"range", b"origin", b"referer", b"user-agent", b"from",
    b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range", b"max-forwards",
})  # fmt: skip
_SPECIAL = {
    b"host": Role.HOST,
    b"content-length": Role.CONTENT_LENGTH,
    b"transfer-encoding": Role.TRANSFER_ENCODING,
    b"connection": Role.CONNECTION,
    b"cookie": Role.COOKIE,
    b"expect": Role.EXPECT,
    b"upgrade": Role.UPGRADE,
    b"x-forwarded-for": Role.FORWARDED_FOR,
    b"x-forwarded-proto": Role.FORWARDED_PROTO,
    b"x-forwarded-host": Role.FORWARDED_HOST,
    b"x-auth-request-redirect": Role.REDIRECT_WISH,
}
_COMMON = (
    "accept", "accept-charset", "accept-encoding", "accept-language", "access-control-request-headers",
    "access-control-request-method", "cache-control", "date", "dnt", "pragma", "priority", "purpose",
    "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site",
    "sec-fetch-user", "sec-gpc", "sec-purpose", "save-data", "traceparent", "tracestate", "upgrade-insecure-requests",
    "via", "x-request-id", "x-requested-with",
)  # fmt: skip
_PLAIN_NAME = re.compile(rb"[A-Za-z0-9-]+\Z")


RawFields = list[tuple[bytes, bytes]]


def collect_fields() -> tuple[RawFields, Callable[[bytes, bytes], None]]:
    """Return a list, and the parser's callback that appends each field to it.

    The callback is a plain function: the parser calls it for every field, and a bound method costs a third more.
    """
    fields: RawFields = []
    append = fields.append

    def on_header(name: bytes, value: bytes) -> None:
        append((name, value))

    return fields, on_header


def classify(name: bytes) -> FieldName:
    """Return the role of a field name in whatever spelling it came."""
    lower = name.lower()
    special = _SPECIAL.get(lower)
    if special is not None:
        return FieldName(lower, special)
    if not _PLAIN_NAME.match(lower) or is_identity_name(lower) or lower in _HOP_BY_HOP:
        return FieldName(lower, Role.DROP)
    return FieldName(lower, Role.SINGLE if lower in _SINGLE else Role.PASS)


def is_identity_name(lower: bytes) -> bool:
    """Say whether a lower-case name is one that only the gateway may set."""
    return lower in IDENTITY_NAMES or lower.startswith(IDENTITY_PREFIXES)


def _spellings(lower: bytes) -> tuple[bytes, bytes]:
    return lower, b"-".join(part.capitalize() for part in lower.split(b"-"))


# The usual names in the two usual spellings, so that classifying one costs a look-up. Never written to.
KNOWN = {
    spelling: classify(lower)
    for lower in {*(name.encode("ascii") for name in _COMMON), *_SPECIAL, *_SINGLE, *_HOP_BY_HOP, *IDENTITY_NAMES}
    for spelling in _spellings(lower)
}
