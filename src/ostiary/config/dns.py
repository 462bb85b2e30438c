"""`gateway.dns`: which name servers are asked for the names of identity providers and of proxies, and for how long.

`DnsConfig` is what the operator writes, `DnsSettings` what `ostiary.adapters.resolver` reads. Without it the system's
own resolver is asked, whose time limits are the system's.
"""

import re
from ipaddress import ip_address
from typing import Annotated, ClassVar, final

import msgspec
from pydantic import AfterValidator, Field

from ostiary.config.patterns import check_distinct
from ostiary.config.section import Section, refuse

DNS_PORT = 53

_PORT = re.compile(r"[1-9][0-9]{0,4}\Z")


def _check_server(text: str) -> str:
    """Return the server as `address:port`, an IPv6 address in brackets."""
    host, port = text, str(DNS_PORT)
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else port if bracket and not rest else ""
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        address = ip_address(host)
    except ValueError:
        remedy = "write it like `10.0.0.53`, `127.0.0.1:5353` or `[2001:db8::53]:53`"
        raise refuse("a name server is an IP address, with or without a port", remedy) from None
    if not _PORT.match(port) or int(port) > 65_535:
        raise refuse("this is no port", "write a number from 1 to 65535, or leave it out for 53")
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


Server = Annotated[str, AfterValidator(_check_server)]


@final
class DnsSettings(msgspec.Struct, frozen=True):
    """Name servers as `address:port`, and the seconds that one look-up may take."""

    servers: tuple[str, ...]
    timeout_s: float


class DnsConfig(Section):
    """How names are resolved."""

    servers: Annotated[tuple[Server, ...], AfterValidator(check_distinct)] = Field(
        min_length=1,
        max_length=8,
        description="Name servers, as `address` or `address:port`, tried in this order. They are asked for the names "
        "of identity providers and of the proxies on the way to them; /etc/hosts comes first. Upstreams, Redis and "
        "everything else use the system's resolver.",
    )
    timeout_s: float = Field(
        default=2.0,
        ge=0.1,
        le=30,
        description="How long one look-up may take, all servers together, in seconds. Keep it below the `timeout` of "
        "the plugins, so that a name server that is silent is told from a provider that is.",
    )

    renamed: ClassVar[dict[str, str]] = {
        "dns_resolver": "servers",
        "nameservers": "servers",
        "timeout": "timeout_s",
        "resolver_timeout": "timeout_s",
    }

    @property
    def settings(self) -> DnsSettings:
        """What was written, for the resolver."""
        return DnsSettings(self.servers, self.timeout_s)
