"""The small languages of a route: path patterns, host patterns, addresses, and the URL the gateway is known by.

Each check returns the one spelling that requests are compared with, or refuses and says what to write. The languages
are APISIX's; what could be written there and never match is refused here.
"""

import re
from collections.abc import Hashable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeVar
from urllib.parse import urlsplit

from ostiary.config.section import refuse
from ostiary.errors import ClientFault
from ostiary.http.authority import Authority, parse_authority

Network = IPv4Network | IPv6Network
T = TypeVar("T", bound=Hashable)

MAX_PATH_PATTERN = 4096
MAX_LABEL = 63
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE")

_BARE_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\Z")
_HOST_SUFFIX = re.compile(r"[a-z0-9._-]+\Z")
_ESCAPE = re.compile(r"%(?!2F|25)[0-9A-Fa-f]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_path_pattern(pattern: str) -> str:
    """Return a path pattern: `/exact/path`, or `/any/prefix*`."""
    if not pattern.startswith("/"):
        remedy = "write `/*` for every path" if pattern == "*" else "begin it with `/`"
        raise refuse("a path pattern begins with `/`", remedy)
    if len(pattern) > MAX_PATH_PATTERN:
        raise refuse(f"a path pattern has at most {MAX_PATH_PATTERN} characters")
    if "*" in pattern[:-1]:
        raise refuse("`*` stands only at the end of a path pattern", "write the prefix before the first `*`, and a `*`")
    if _CONTROL.search(pattern) or "\\" in pattern or "//" in pattern:
        raise refuse("no request has this path: it holds a control character, a backslash or two slashes in a row")
    if "?" in pattern or "#" in pattern:
        raise refuse("a path pattern has no query and no fragment", "end it before the `?` or `#`")
    if _ESCAPE.search(pattern):
        raise refuse("paths are matched decoded", "write the character itself where you wrote `%` and two digits")
    segments = pattern.removesuffix("*").split("/")
    if "." in segments or ".." in segments:
        raise refuse("no request has this path: `.` and `..` segments are refused before routes are matched")
    return pattern


def check_host_pattern(pattern: str) -> str:
    """Return a host pattern, lower-case: a name, an address, `*.suffix`, `*suffix`, or `*` for every host."""
    if not pattern.isascii():
        raise refuse("a host pattern is ASCII", "write an international name in its `xn--` form")
    lower = pattern.lower()
    if lower.startswith("*"):
        suffix = lower[1:].removesuffix(".")
        is_every_host = lower == "*"  # `*.` is no spelling of it
        if not is_every_host and (not _HOST_SUFFIX.match(suffix) or ".." in suffix or suffix.endswith(".")):
            raise refuse("a wildcard host is `*` and the end of a host name", "write it like `*.example.com`")
        return f"*{suffix}"
    authority = _parse_host(lower)
    if authority.port is not None:
        raise refuse("hosts are matched without their port", f"write `{authority.host}`")
    return authority.host


def _parse_host(text: str) -> Authority:
    try:
        return parse_authority(text.encode("ascii"), "")
    except ClientFault:
        remedy = "write a name like `www.example.com` or `*.example.com`, without scheme and path"
        raise refuse("this is no host name", remedy) from None


def parse_server(text: str) -> Authority:
    """Read `host` or `host:port` of a server; an IPv6 address may lack its brackets. Raises ClientFault."""
    authority = parse_authority(f"[{text}]".encode() if _BARE_IPV6.match(text) else text.encode(), "")
    if any(len(label) > MAX_LABEL for label in authority.host.split(".")):
        raise ClientFault("host_invalid", "a part of the name is longer than the 63 characters of RFC 1035 §2.3.4")
    return authority


def check_network(text: str) -> str:
    """Return an address or network in CIDR form, host bits cleared."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        remedy = "write it like `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`"
        raise refuse("this is no IP address and no network", remedy) from None


def check_public_url(url: str) -> str:
    """Return the scheme and authority under which browsers reach the gateway, without trailing slash."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    remedy = "write it like `https://gateway.example.com`"
    if parts.scheme not in {"http", "https"} or not parts.netloc or not url.isascii() or "@" in parts.netloc:
        raise refuse("the public URL is `http://` or `https://` and a host", remedy)
    if parts.path not in {"", "/"} or "?" in url or "#" in url:
        raise refuse("the public URL has no path, query or fragment: routes say which paths exist", remedy)
    try:
        authority = parse_authority(parts.netloc.encode("ascii"), parts.scheme)
    except ClientFault:
        raise refuse("the public URL names no host that can be reached", remedy) from None
    return f"{parts.scheme}://{authority.text}"


def check_method(method: str) -> str:
    """Return a method, as requests write it."""
    if method in METHODS:
        return method
    if method.upper() in METHODS:
        raise refuse("methods are written in capitals", f"write `{method.upper()}`")
    raise refuse("this is no method that a route can name", f"write one of {', '.join(METHODS)}")


def check_distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    """Return a list in which nothing stands twice."""
    seen: set[T] = set()
    for index, value in enumerate(values):
        if value in seen:
            raise refuse(f"entry {index} of the list stands there twice", "remove one of the two")
        seen.add(value)
    return values


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Turn what `check_network` returned into networks."""
    return tuple(ip_network(text) for text in texts)
