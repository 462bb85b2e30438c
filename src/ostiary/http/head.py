"""Reading a request head: what the parser delivered becomes a `Request`, or is refused.

With `section` it closes what llhttp leaves open (RFC 9112 §2-§6, RFC 9110 §5, §7.2): methods and versions, target
forms, Host rules, repeated singletons, Transfer-Encoding forms, sizes and counts. It never repairs. A connection that
repeats itself has its header section and its target read once: both depend on their bytes alone.
"""

import re
from typing import final

from ostiary.errors import ClientFault
from ostiary.http.authority import Authority, parse_authority
from ostiary.http.fields import RawFields
from ostiary.http.forwarded import Arrival, find_client
from ostiary.http.request import Request
from ostiary.http.section import OVERHEAD_BYTES, FieldSection, HeadLimits, read_section
from ostiary.http.target import Target, parse_target

METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE")}
_REFUSED = frozenset({b"CONNECT", b"TRACE"})
_VERSIONS = frozenset({"1.1", "1.0"})
_ABSOLUTE = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)\Z")
_REMEMBERED_BYTES = 8192


@final
class RawHead:
    """What the parser delivered: bytes as they came, nothing judged yet."""

    __slots__ = ("fields", "method", "url", "version")

    def __init__(
        self, method: bytes = b"", url: bytes = b"", version: str = "", fields: RawFields | None = None
    ) -> None:
        """Hold the parts of a request head."""
        self.method = method
        self.url = url
        self.version = version
        self.fields: RawFields = [] if fields is None else fields


@final
class Place:
    """Where a request is going and who asks: the same for every request with one header section, on one connection."""

    __slots__ = ("authority", "client", "scheme")

    def __init__(self, authority: Authority, scheme: str, client: str) -> None:
        """Hold what `_find_place` read."""
        self.authority = authority
        self.scheme = scheme
        self.client = client


@final
class HeadMemory:
    """What a connection said last: a section with its place, and a target. One of each, and no large ones."""

    __slots__ = ("fields", "limits", "place", "section", "target", "url", "version")

    def __init__(self) -> None:
        """Remember nothing yet."""
        self.fields: RawFields | None = None
        self.version = ""
        self.limits: HeadLimits | None = None
        self.section = FieldSection()
        self.place: Place | None = None
        self.url = b""
        self.target: Target | None = None


def read_head(
    raw: RawHead, arrival: Arrival, limits: HeadLimits, request_id: str, memory: HeadMemory | None = None
) -> Request:
    """Make the canonical request; `memory` is the connection's. Raises ClientFault, whose code names the rule.

    Codes: `method_refused`, `method_unknown`, `version_unknown`, `target_…`, `host_…`, `head_too_large`,
    `target_too_large`, `field_…`, `framing_…`, `expect_unknown`.
    """
    method = METHODS.get(raw.method)
    if method is None:
        raise _refuse_method(raw.method)
    if raw.version not in _VERSIONS:
        raise ClientFault("version_unknown", "the request line's version is not HTTP/1.1 or HTTP/1.0")
    if len(raw.url) > limits.target_bytes:
        raise ClientFault("target_too_large", f"the request target is longer than {limits.target_bytes} bytes")
    if memory is None:
        memory = HeadMemory()
    if raw.fields == memory.fields and raw.version == memory.version and limits is memory.limits:
        section = memory.section
    else:
        section = _renew_authorization(raw, limits, memory) or _read_new_section(raw, limits, memory)
    if section.size_bytes + len(raw.url) > limits.head_bytes:
        raise ClientFault("head_too_large", f"the request head is longer than {limits.head_bytes} bytes")
    request = Request()
    request.id = request_id
    request.method = method
    request.version = raw.version
    request.section = section
    request.peer, request.route = arrival.peer, ""
    place = memory.place
    if raw.url == memory.url and memory.target is not None and place is not None:
        request.target = memory.target
    elif raw.url.startswith(b"/"):
        request.target = memory.target = parse_target(raw.url)
        memory.url = raw.url
        if place is None:
            place = memory.place = _find_place(_read_host(section, raw.version, arrival), section, arrival)
    else:
        request.target, authority = _read_other_form(raw, section, arrival)
        place = _find_place(authority, section, arrival)
    request.authority = place.authority
    request.scheme = place.scheme
    request.client = place.client
    request.forwarded_for = section.forwarded_for if arrival.trusted else b""
    return request


def _refuse_method(method: bytes) -> ClientFault:
    if method in _REFUSED:
        return ClientFault("method_refused", "this gateway opens no tunnels and echoes no requests")
    return ClientFault("method_unknown", "the method is not one that this gateway forwards")


def _renew_authorization(raw: RawHead, limits: HeadLimits, memory: HeadMemory) -> FieldSection | None:
    """Take the remembered section with new credentials, when they are all that is new; else None.

    A service that calls another for many people sends just such requests over one connection.
    """
    at = memory.section.authorization_at
    known, fields = memory.fields, raw.fields
    if known is None or at < 0 or len(fields) != len(known) or raw.version != memory.version:
        return None
    rest = fields.copy()
    rest[at] = known[at]
    name, value = fields[at]
    too_large = len(name) + len(value) > limits.token_bytes - OVERHEAD_BYTES
    if limits is not memory.limits or name != known[at][0] or too_large or rest != known:
        return None
    size = memory.section.size_bytes + len(value) - len(known[at][1])
    if size > _REMEMBERED_BYTES:
        return None
    section = memory.section = memory.section.with_authorization(value.rstrip(b" \t"), size)
    memory.fields = fields
    return section


def _read_new_section(raw: RawHead, limits: HeadLimits, memory: HeadMemory) -> FieldSection:
    memory.fields = None  # whatever goes wrong below, nothing half-read is remembered
    memory.place = None
    section = read_section(raw.fields, raw.version, limits)
    memory.section = section
    if section.size_bytes <= _REMEMBERED_BYTES:
        memory.fields = raw.fields
        memory.version = raw.version
        memory.limits = limits
    return section


def _find_place(authority: Authority, section: FieldSection, arrival: Arrival) -> Place:
    """Find authority, scheme and client; forwarding facts count from trusted peers only."""
    scheme = arrival.scheme
    if arrival.trusted:
        if section.forwarded_proto in {b"http", b"https"}:
            scheme = section.forwarded_proto.decode("ascii")
        if section.forwarded_host:
            authority = parse_authority(section.forwarded_host, scheme)
        elif scheme != arrival.scheme:
            authority = parse_authority(authority.text.encode("ascii"), scheme)
    return Place(authority, scheme, find_client(arrival, section.forwarded_for))


def _read_host(section: FieldSection, version: str, arrival: Arrival) -> Authority:
    if section.host is None:
        detail = "the request has no Host header" if version == "1.1" else "an HTTP/1.0 request needs a Host header"
        raise ClientFault("host_missing", detail)
    return parse_authority(section.host, arrival.scheme)


def _read_other_form(raw: RawHead, section: FieldSection, arrival: Arrival) -> tuple[Target, Authority]:
    """Read asterisk-form (OPTIONS only) or absolute-form, whose authority must be the Host header's."""
    if raw.url == b"*" and raw.method == b"OPTIONS":
        return Target("*", b"*", None), _read_host(section, raw.version, arrival)
    match = _ABSOLUTE.match(raw.url)
    if match is None or match[1].lower() != arrival.scheme.encode("ascii"):
        raise ClientFault("target_form", "the request target is neither a path nor an http URL of this gateway")
    authority = parse_authority(match[2], arrival.scheme)
    if section.host is None and raw.version == "1.1":
        raise ClientFault("host_missing", "the request has no Host header")
    if section.host is not None and parse_authority(section.host, arrival.scheme).text != authority.text:
        raise ClientFault("host_differs", "the request target names another host than the Host header")
    rest = match[3]
    return parse_target(rest if rest.startswith(b"/") else b"/" + rest), authority
