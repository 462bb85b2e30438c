"""Where somebody asks to be sent (`rd`, X-Auth-Request-Redirect), judged as a browser would read it. Pure.

A target is a path of this origin, this origin itself written out, or a URL on a host that the operator allows. Only
URLs that every reader takes alike are considered: printable ASCII, no user, no backslash, no fragment, a plain host
name or address, a plain port (WHATWG URL §4.4 has many more ways to name a host). Hosts are compared label by label.
"""

import re
from collections.abc import Iterable
from typing import final

import msgspec

from ostiary.identity.return_to import MAX_RETURN_TO_BYTES, is_local

DEFAULT_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(https?)://([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?([/?][\x21-\x5b\x5d-\x7e]*)?\Z"
)
_NUMBER_AT_THE_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\Z")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!\Z)|\Z)){4}\Z")


@final
class Origin(msgspec.Struct, frozen=True):
    """Scheme, lower-case host and port of a URL; a port that the scheme implies is written out."""

    scheme: str
    host: str
    port: int


@final
class AllowedHost(msgspec.Struct, frozen=True):
    """A host that targets may have: `suffix` for what lies below it; `port` None: the scheme's own, 0: any."""

    host: str
    is_suffix: bool
    port: int | None

    def fits(self, origin: Origin) -> bool:
        """Say whether an origin is on this host, or below it."""
        is_below = origin.host.endswith(f".{self.host}") if self.is_suffix else origin.host == self.host
        if not is_below or self.port == 0:
            return is_below
        return origin.port == (DEFAULT_PORTS[origin.scheme] if self.port is None else self.port)


def read_allowed_host(text: str) -> AllowedHost:
    """Read `host`, `.suffix` or `*.suffix`, with `:port` or `:*`. Raises ValueError for anything else."""
    host, colon, port = text.lower().rpartition(":") if not text.endswith("]") else (text.lower(), "", "")
    if not colon:
        host, port = text.lower(), ""
    bare = host.removeprefix("*.").removeprefix(".")
    origin = find_origin(f"https://{bare}/")
    if (
        origin is None
        or origin.host != bare
        or (colon and port != "*" and not (port.isdigit() and 1 <= int(port) <= 65535))
    ):
        message = "is no host that can be allowed"
        raise ValueError(message)
    return AllowedHost(origin.host, bare != host, None if not colon else 0 if port == "*" else int(port))


def find_origin(url: str) -> Origin | None:
    """Return the origin of an absolute URL that every reader takes alike, or None."""
    match = _URL.match(url)
    if match is None or len(url) > MAX_RETURN_TO_BYTES:
        return None
    scheme, host = match[1], match[2].lower()
    if _NUMBER_AT_THE_END.match(host) and not _IPV4.match(host):
        return None  # browsers read `127.1` and `0x7f.1` as addresses
    port = DEFAULT_PORTS[scheme] if match[3] is None else int(match[3])
    return Origin(scheme, host, port) if 1 <= port <= 65535 else None


def settle_target(wish: str, here: Origin | None, allowed: Iterable[AllowedHost]) -> str | None:
    """Return where a wish leads: a path of the origin `here`, a URL on an allowed host, or None for nowhere."""
    if is_local(wish):
        return wish
    origin = find_origin(wish)
    if origin is None:
        return None
    if origin == here:
        rest = wish.partition("://")[2]
        cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
        path = rest[cut:] if rest[cut:].startswith("/") else f"/{rest[cut:]}"
        return path if is_local(path) else None
    return wish if any(host.fits(origin) for host in allowed) else None
