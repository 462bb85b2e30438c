"""The `gateway` part of `ostiary.yaml`: where it listens, whom it trusts, how much and how long it waits.

`GatewayConfig` is what the operator writes, `GatewaySettings` what the data plane reads: numbers and compiled values
only. Every buffer, count and time has a number here (DESIGN.md §9.10).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PositiveFloat, field_validator
from pydantic_core import PydanticCustomError

from ostiary.config.dns import DnsConfig
from ostiary.config.patterns import check_distinct, check_network, check_public_url, parse_server
from ostiary.config.section import Section, refuse
from ostiary.config.tls import TlsConfig, TlsSettings
from ostiary.errors import ClientFault
from ostiary.http.forwarded import TrustedProxies
from ostiary.http.section import HeadLimits

_MEBIBYTE = 1024 * 1024


def _check_listen_host(host: str) -> str:
    try:
        authority = parse_server(host)
    except ClientFault:
        remedy = "write `127.0.0.1` for this machine only, `0.0.0.0` or `::` for every interface"
        raise refuse("this is no address to listen on", remedy) from None
    if authority.port is not None:
        raise refuse("the port has a field of its own", f"write `port: {authority.port}`")
    return authority.host.strip("[]")


def _check_redirect(written: object) -> bool | int:
    """Return yes, no or a port; from an environment variable it is a text."""
    value = {"true": True, "false": False}.get(written.lower(), written) if isinstance(written, str) else written
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:6])
    if not isinstance(value, int) or not (isinstance(value, bool) or 1 <= value <= 65_535):
        remedy = "write `true`, or the port at which https is spoken: a number from 1 to 65535"
        raise refuse("this is neither `true` nor a port", remedy)
    return value


class Listen(Section):
    """An address to accept connections on."""

    host: Annotated[str, AfterValidator(_check_listen_host)] = Field(
        "127.0.0.1", description="Address: `127.0.0.1` for this machine only, `0.0.0.0` for every interface."
    )
    port: int = Field(9080, ge=0, le=65535, description="Port; 0 lets the system choose one.")
    tls: TlsConfig | None = Field(None, description="Certificate and key: with them this address speaks https.")
    redirect_to_https: Annotated[bool | int, BeforeValidator(_check_redirect)] = Field(
        default=False,
        description="Answer every request here with 308 to the same path and query at https. `true`: to "
        "`gateway.public_url`, or without it to the same host at the port of the first listener with `tls`. "
        "A port: to the same host at that port.",
    )

    renamed: ClassVar[Mapping[str, str]] = {
        "address": "host",
        "ip": "host",
        "ssl": "tls",
        "https": "tls",
        "redirect": "redirect_to_https",
        "http_to_https": "redirect_to_https",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """Where https is spoken already there is nothing to redirect."""
        if written.get("tls") is not None and written.get("redirect_to_https"):
            remedy = "write it at the listener that speaks http, or remove `tls`"
            yield "redirect_to_https", refuse("this listener speaks https itself", remedy)


class Limits(Section):
    """How much a client may send."""

    head_bytes: int = Field(65_536, ge=1024, le=_MEBIBYTE, description="Request line and headers together.")
    target_bytes: int = Field(8192, ge=256, le=65_536, description="Path and query.")
    fields: int = Field(100, ge=10, le=1000, description="How many headers.")
    field_bytes: int = Field(
        8192,
        ge=256,
        le=65_536,
        description="One header; `Cookie` may be four times, `Authorization` 2.5 times as long.",
    )
    body_bytes: int = Field(10 * _MEBIBYTE, ge=1, le=2**53, description="A request body.")
    connections: int = Field(
        10_000, ge=1, description="Client connections at the same time; one more is closed as soon as it is opened."
    )
    requests_per_connection: int = Field(
        1000, ge=1, description="Requests on one connection before the gateway closes it politely."
    )

    renamed: ClassVar[Mapping[str, str]] = {
        "header_bytes": "head_bytes",
        "headers": "fields",
        "client_max_body_size": "body_bytes",
        "max_body_bytes": "body_bytes",
        "keepalive_requests": "requests_per_connection",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """A part of the head cannot be larger than the head."""
        whole = written.get("head_bytes", 65_536)
        for part in ("target_bytes", "field_bytes"):
            size = written.get(part, 8192)
            if isinstance(whole, int) and isinstance(size, int) and size > whole:
                yield part, refuse(f"it is more than the whole head may have ({whole} bytes)", "raise `head_bytes`")


class ClientTimeouts(Section):
    """How long the gateway waits for a client, in seconds."""

    header_s: PositiveFloat = Field(10.0, description="For a request head, from its first byte to its last.")
    idle_s: PositiveFloat = Field(60.0, description="For the next request on a connection that is kept open.")
    body_min_rate_bytes_s: float = Field(500.0, ge=0, description="A body must come at least as fast; 0: at any pace.")
    body_window_s: PositiveFloat = Field(15.0, description="Over how long that rate is measured.")
    send_s: PositiveFloat = Field(30.0, description="For a client that takes none of its response.")
    drain_s: float = Field(30.0, ge=0, description="For open requests, when the gateway is told to stop.")

    renamed: ClassVar[Mapping[str, str]] = {
        "header": "header_s",
        "idle": "idle_s",
        "keepalive_s": "idle_s",
        "send": "send_s",
        "drain": "drain_s",
    }


class AccessLogConfig(Section):
    """One JSON line per request, on standard output."""

    enabled: bool = Field(default=True, description="Whether requests are logged.")
    sample: float = Field(1.0, gt=0, le=1, description="The share of requests that is logged: 0.1 is every tenth.")


class GatewayConfig(Section):
    """The gateway itself, apart from its routes."""

    listen: tuple[Listen, ...] = Field((Listen(),), min_length=1, description="Addresses to accept connections on.")
    workers: int | str = Field(
        "auto", description="Worker processes: `auto` or 1, which is one process in this version."
    )
    trusted_proxies: tuple[Annotated[str, AfterValidator(check_network)], ...] = Field(
        (), description="Networks of the proxies in front, whose `X-Forwarded-*` headers count. Nobody else's do."
    )
    public_url: Annotated[str, AfterValidator(check_public_url)] | None = Field(
        None, description="How browsers reach the gateway, for redirects back to it: `https://gateway.example.com`."
    )
    limits: Limits = Field(default_factory=Limits, description="How much a client may send.")
    timeouts: ClientTimeouts = Field(default_factory=ClientTimeouts, description="How long a client may take.")
    access_log: AccessLogConfig = Field(default_factory=AccessLogConfig, description="The line per request.")
    dns: DnsConfig | None = Field(
        None, description="Which name servers know the identity providers. Default: the system's resolver."
    )

    renamed: ClassVar[Mapping[str, str]] = {
        "listeners": "listen",
        "timeout": "timeouts",
        "limit": "limits",
        "trusted_addresses": "trusted_proxies",
        "base_url": "public_url",
        "log": "access_log",
        "dns_resolver": "dns",
        "resolver": "dns",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """A redirect to https needs to know where that is."""
        doors = written.get("listen")
        doors = [door for door in doors if isinstance(door, Mapping)] if isinstance(doors, list | tuple) else []
        secure_port = next((door.get("port", 9080) for door in doors if door.get("tls") is not None), 0)
        has_url = str(written.get("public_url")).lower().startswith("https://")
        if not secure_port and not has_url and any(door.get("redirect_to_https") is True for door in doors):
            remedy = "write the port there, or set `public_url`, or give another listener `tls` and a port other than 0"
            yield "listen", refuse("`redirect_to_https: true` has no https address to send people to", remedy)

    @field_validator("workers", mode="before")
    @classmethod
    def _check_workers(cls, workers: object) -> object:
        if workers in ("auto", 1, "1") and workers is not True:
            return workers
        raise refuse("several workers are not supported yet", "write `workers: auto` or `workers: 1`, or remove it")

    @field_validator("listen")
    @classmethod
    def _check_listen(cls, listen: tuple[Listen, ...]) -> tuple[Listen, ...]:
        check_distinct(tuple((door.host, door.port) for door in listen if door.port))
        return listen


class HttpsTarget(NamedTuple):
    """Where a listener redirects to: `origin` where that is fixed, else the request's host at `port`."""

    origin: str | None
    port: int = 443


class Door(NamedTuple):
    """An address to listen on, what it shows (`tls`), and where it only sends people elsewhere (`https`)."""

    host: str
    port: int
    tls: TlsSettings | None = None
    https: HttpsTarget | None = None

    @property
    def scheme(self) -> str:
        """What is spoken here."""
        return "http" if self.tls is None else "https"


def _plan_door(door: Listen, config: GatewayConfig) -> Door:
    tls = None if door.tls is None else door.tls.settings
    wanted = door.redirect_to_https
    if wanted is False:
        return Door(door.host, door.port, tls)
    if wanted is not True:
        return Door(door.host, door.port, tls, HttpsTarget(None, wanted))
    if config.public_url is not None and urlsplit(config.public_url).scheme == "https":
        return Door(door.host, door.port, tls, HttpsTarget(config.public_url))
    port = next((other.port for other in config.listen if other.tls is not None), 443)
    return Door(door.host, door.port, tls, HttpsTarget(None, port))


@final
class GatewaySettings:
    """What the data plane reads. Sizes in bytes, times in seconds; `notices` are for the operator at start."""

    __slots__ = (
        "access_log_sample", "body_bytes", "body_min_rate_bytes_s", "body_window_s", "connections", "dns", "drain_s",
        "head_limits", "header_s", "idle_s", "keepalive_requests", "listen", "notices", "public_url", "send_s",
        "trusted_proxies",
    )  # fmt: skip

    def __init__(self, config: GatewayConfig | None = None) -> None:
        """Compile what was written; without anything the defaults. A sample of 0 stands for no access log."""
        config = config or GatewayConfig()
        limits, timeouts = config.limits, config.timeouts
        self.listen = tuple(_plan_door(door, config) for door in config.listen)
        self.notices = tuple(
            f"gateway.listen[{index}].{notice}"
            for index, door in enumerate(config.listen)
            if door.tls is not None
            for notice in door.tls.notices
        )
        self.public_url = config.public_url
        self.dns = None if config.dns is None else config.dns.settings
        self.trusted_proxies = TrustedProxies(config.trusted_proxies)
        self.access_log_sample = config.access_log.sample if config.access_log.enabled else 0.0
        self.head_limits = HeadLimits(
            head_bytes=limits.head_bytes,
            target_bytes=limits.target_bytes,
            fields=limits.fields,
            field_bytes=limits.field_bytes,
        )
        self.body_bytes = limits.body_bytes
        self.connections = limits.connections
        self.keepalive_requests = limits.requests_per_connection
        self.header_s = timeouts.header_s
        self.idle_s = timeouts.idle_s
        self.body_min_rate_bytes_s = timeouts.body_min_rate_bytes_s
        self.body_window_s = timeouts.body_window_s
        self.send_s = timeouts.send_s
        self.drain_s = timeouts.drain_s
