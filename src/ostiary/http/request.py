"""The request: one canonical, read-only object for routing, policy, logging and forwarding.

Its only maker is `ostiary.http.head.read_head`. Nobody reads the raw bytes again (RFC 9110 §3, §7).
"""

from typing import final

from ostiary.http.authority import Authority
from ostiary.http.section import CHUNKED, FieldSection
from ostiary.http.target import Target

__all__ = ["CHUNKED", "IDEMPOTENT", "Request"]

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


@final
class Request:
    """A canonical request head. Read-only by contract: nobody assigns to it after `read_head`.

    `scheme`, `authority` and `client` are as the outside sees them (forwarding facts count from trusted proxies only);
    `peer` is who really is connected, `forwarded_for` what trusted proxies said before it. `section` is the header
    section, of which the properties below are the usual questions. `route` is the name of the route that was matched,
    which the host writes before plugins decide; empty where none was.
    """

    __slots__ = (
        "authority", "client", "forwarded_for", "id", "method", "peer", "route", "scheme", "section", "target",
        "version",
    )  # fmt: skip

    id: str
    method: str
    version: str
    target: Target
    authority: Authority
    scheme: str
    client: str
    peer: str
    forwarded_for: bytes
    section: FieldSection
    route: str

    @property
    def path(self) -> str:
        """The percent-decoded path that rules are matched on."""
        return self.target.path

    @property
    def host(self) -> str:
        """The lower-case host, without port."""
        return self.authority.host

    @property
    def fields(self) -> list[tuple[bytes, bytes, bytes]]:
        """What may be passed on besides Authorization, as (lower-case name, name as sent, value)."""
        return self.section.passed

    @property
    def cookie(self) -> bytes:
        """The Cookie header, several joined; empty without one."""
        return self.section.cookie

    @property
    def cookies(self) -> list[tuple[bytes, bytes]]:
        """The cookies as (name, value) pairs, split once."""
        return self.section.cookies

    @property
    def body_bytes(self) -> int:
        """The announced length of the body, `CHUNKED` (-1) for chunked, 0 for none."""
        return self.section.body_bytes

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return self.section.expects_continue

    @property
    def keep_alive(self) -> bool:
        """Whether the client would use the connection again."""
        return self.section.keep_alive

    @property
    def upgrade(self) -> bytes:
        """The protocol that the client would like to change to, lower-case; empty for none."""
        return self.section.upgrade

    def field(self, lower: bytes) -> bytes | None:
        """Return the first value under a lower-case name, or None. Cookies, framing and identity are not here."""
        if lower == b"authorization":
            return self.section.authorization
        for name, _, value in self.section.passed:
            if name == lower:
                return value
        return None

    def __repr__(self) -> str:
        """Name the request without its query, headers or cookies."""
        return f"Request({self.id}, {self.method} {self.target.path})"
