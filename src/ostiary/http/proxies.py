"""Forward proxies on the way to a provider, as values: which one a URL takes, and what is said to it.

An http URL is asked of its proxy in absolute form, an https URL through a tunnel (RFC 9110 §9.3.6, RFC 9112 §3.2.2);
the credential is the proxy's alone (RFC 9110 §11.7). Which hosts go without one is ours to decide: `parse_exclusions`
says how. Nothing is taken from the environment, and nothing here opens a connection.
"""

import re
from binascii import Error, a2b_base64
from ipaddress import ip_address, ip_network
from typing import final
from urllib.parse import urlsplit

import msgspec

EVERY_HOST = "*"
MAX_AUTHORIZATION = 4096

_SCHEME = re.compile(r"(?i:basic) +")
_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*\Z")
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


@final
class Proxy(msgspec.Struct, frozen=True):
    """One proxy: `http://host:port` or `https://host:port`, and the whole Proxy-Authorization value, or none."""

    url: str
    authorization: str = ""

    def __repr__(self) -> str:
        """Name the place; the authorization is a secret."""
        return f"Proxy({self.url})"


@final
class Exclusion(msgspec.Struct, frozen=True):
    """Hosts that are reached without a proxy: `host` and all below it, a network, or `*`; at `port`, if it says so."""

    host: str
    port: int | None = None

    def excludes(self, host: str, port: int) -> bool:
        """Say whether `host` (lower-case, an IPv6 address without brackets) at `port` is one of them."""
        if self.port is not None and self.port != port:
            return False
        if self.host in {EVERY_HOST, host}:
            return True
        if "/" in self.host:
            return _lies_in(host, self.host)
        return host.endswith(f".{self.host}")


@final
class ProxySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The proxies by the scheme of what is asked for, and what is asked for without one. Hashable."""

    http: Proxy | None = None
    https: Proxy | None = None
    excluded: tuple[Exclusion, ...] = ()

    def find(self, url: str) -> Proxy | None:
        """Return the proxy that an absolute http(s) URL takes, or None. A URL that is none takes none."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            return None
        proxy = self.https if parts.scheme == "https" else self.http
        if proxy is None:
            return None
        number = port or (443 if parts.scheme == "https" else 80)
        return None if any(each.excludes(host, number) for each in self.excluded) else proxy


def parse_exclusions(text: str) -> tuple[Exclusion, ...]:
    """Read a comma-separated list. Raises ValueError, which names the entry that is none.

    An entry is a host name (it stands for itself and every name below it, with or without a dot in front), an address,
    a network in CIDR form, or `*`; all but a network may have a `:port`. Addresses are compared with hosts that are
    written as addresses: nothing is looked up. The loopback addresses are no exception.
    """
    return tuple(_parse_exclusion(entry) for entry in (part.strip() for part in text.split(",")) if entry)


def _parse_exclusion(entry: str) -> Exclusion:
    host, port = _split_port(entry.lower())
    if port is not None and not (_PORT.match(port) and int(port) <= 65_535):
        raise ValueError(f"{entry!r} has no valid port")
    number = None if port is None else int(port)
    if host == EVERY_HOST:
        return Exclusion(host, number)
    try:
        if "/" in host and number is None:
            return Exclusion(str(ip_network(host, strict=False)))
        return Exclusion(str(ip_address(host)), number)
    except ValueError:
        pass
    name = host.removeprefix("*").removeprefix(".").rstrip(".")
    if not _NAME.match(name) or name.rpartition(".")[2].isdigit():  # digits end addresses only
        raise ValueError(f"{entry!r} is no host name, address or network")
    return Exclusion(name, number)


def _split_port(entry: str) -> tuple[str, str | None]:
    """Split at the port's colon; an IPv6 address has several, and may stand in brackets."""
    if entry.startswith("["):
        host, bracket, rest = entry[1:].partition("]")
        if bracket and (not rest or rest.startswith(":")):
            return host, rest[1:] if rest else None
        return entry, None
    if entry.count(":") != 1:
        return entry, None
    host, _, port = entry.partition(":")
    return host, port


def _lies_in(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network)
    except ValueError:
        return False


def parse_proxy_authorization(text: str) -> str:
    """Return a `Proxy-Authorization` value as it is sent. Raises ValueError, which never repeats it (RFC 7617 §2)."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise ValueError("is not of the form `Basic <base64 of user:password>`")
    token = text[scheme.end() :]
    try:
        pair = a2b_base64(token.encode("ascii"), strict_mode=True)
    except (Error, UnicodeEncodeError):
        raise ValueError("what follows `Basic` is not base64") from None
    if b":" not in pair or _CONTROL.search(pair) or len(token) > MAX_AUTHORIZATION:
        raise ValueError("what follows `Basic` is not the base64 of user:password")
    return f"Basic {token}"
