"""Hosts and authorities (RFC 3986 §3.2.2, RFC 9110 §7.2): one spelling each, or refused.

A host is lower-case, without trailing dot; a port that is the scheme's default is left out. Not a resolver.
"""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import final

from ostiary.errors import ClientFault

_NAME = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?\.?\Z")
_IPV6 = re.compile(rb"\[[0-9A-Fa-f:.]{2,45}\]\Z")
_PORT = re.compile(rb"[0-9]{1,5}\Z")
_MAX_PORT = 65_535
_DEFAULT_PORTS = {"http": 80, "https": 443}


@final
class Authority:
    """A host and, where it is not the scheme's default, a port. `text` is both, as it is sent on."""

    __slots__ = ("host", "port", "text")

    def __init__(self, host: str, port: int | None) -> None:
        """Hold what `parse_authority` checked."""
        self.host = host
        self.port = port
        self.text = host if port is None else f"{host}:{port}"


def parse_authority(raw: bytes, scheme: str) -> Authority:
    """Parse `host[:port]`. Raises ClientFault (`host_invalid`) for an empty, ambiguous or impossible one."""
    name, port = _split_port(raw)
    if name.startswith(b"["):
        return Authority(_read_ipv6(name), _read_port(port, scheme))
    if not _NAME.match(name) or b".." in name:
        raise ClientFault("host_invalid", "the host is empty or holds characters that no host name has")
    return Authority(name.decode("ascii").lower().rstrip("."), _read_port(port, scheme))


def _split_port(raw: bytes) -> tuple[bytes, bytes | None]:
    name, colon, port = raw.rpartition(b":")
    if not colon or raw.endswith(b"]"):
        return raw, None
    return name, port


def _read_ipv6(name: bytes) -> str:
    if not _IPV6.match(name):
        raise ClientFault("host_invalid", "the host is no IPv6 address in brackets")
    try:
        return f"[{IPv6Address(name[1:-1].decode('ascii')).compressed}]"
    except AddressValueError:
        raise ClientFault("host_invalid", "the host is no IPv6 address in brackets") from None


def _read_port(port: bytes | None, scheme: str) -> int | None:
    if port is None:
        return None
    number = int(port) if _PORT.match(port) else 0
    if not 1 <= number <= _MAX_PORT:
        raise ClientFault("host_invalid", "the port of the host is not a number from 1 to 65535")
    return None if number == _DEFAULT_PORTS.get(scheme) else number
