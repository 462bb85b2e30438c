"""Upstreams: what the operator writes about the services behind the gateway, and the value that stands for one.

`UpstreamConfig` has APISIX's names and defaults. `UpstreamSpec` is what the data plane uses: hashable, equal for equal
upstreams, so that connection pools are shared between routes and outlive a snapshot. Nothing here opens a connection.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, final

import msgspec
from pydantic import AfterValidator, Field, PositiveFloat, field_validator
from pydantic_core import PydanticCustomError

from ostiary.config.patterns import parse_server
from ostiary.config.section import Section, refuse
from ostiary.config.upstream_tls import TlsSpec, UpstreamTls, specify_tls
from ostiary.errors import ClientFault
from ostiary.http.authority import parse_authority

PassHost = Literal["pass", "node", "rewrite"]
Node = tuple[str, int, int]

MAX_NODES = 1000
_SCHEMES_TO_COME = ("grpc", "grpcs", "tcp", "tls", "udp", "kafka")
_TYPES_TO_COME = ("chash", "least_conn", "ewma")


@final
class UpstreamSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream as a value. `nodes` are (host, port, weight), IPv6 hosts without brackets; times are seconds.

    `retries` counts further nodes to try after the first. With `tls` the servers are spoken to over https.
    """

    nodes: tuple[Node, ...]
    connect_timeout_s: float = 60.0
    send_timeout_s: float = 60.0
    read_timeout_s: float = 60.0
    pass_host: PassHost = "pass"
    upstream_host: str | None = None
    retries: int = 0
    keepalive_size: int = 320
    keepalive_idle_s: float = 60.0
    keepalive_requests: int = 1000
    tls: TlsSpec | None = None


class Timeouts(Section):
    """Time limits towards a service, in seconds."""

    connect: PositiveFloat = Field(60.0, description="How long opening a connection may take.")
    send: PositiveFloat = Field(60.0, description="How long the service may take no byte of the request.")
    read: PositiveFloat = Field(60.0, description="How long the service may send no byte of its response.")


class KeepalivePool(Section):
    """Idle connections that are kept for the next request."""

    size: int = Field(320, ge=1, description="How many idle connections are kept for each node.")
    idle_timeout: float = Field(60.0, ge=0, description="Seconds after which an unused connection is closed.")
    requests: int = Field(1000, ge=1, description="How many requests one connection carries before it is closed.")


_DEFAULT_TIMEOUTS = Timeouts()
_DEFAULT_POOL = KeepalivePool()


def check_node_host(host: str) -> str:
    """Return a node's host: a name or an address, IPv6 without brackets."""
    try:
        authority = parse_server(host)
    except ClientFault:
        remedy = "write a name or an address and a port, without scheme and path: `10.0.0.7:8080`"
        raise refuse("this is no server's name or address", remedy) from None
    if authority.port is not None:
        raise refuse("the port has a field of its own", f"write `host: {authority.host}` and `port: {authority.port}`")
    return authority.host.strip("[]")


class NodeConfig(Section):
    """One server of an upstream."""

    host: Annotated[str, AfterValidator(check_node_host)] = Field(description="Name or address of the server.")
    port: int | None = Field(None, ge=1, le=65535, description="The port it listens on; default: that of the scheme.")
    weight: int = Field(ge=0, description="Its share of the requests; 0 takes it out of turn.")
    priority: int = Field(0, description="Reserved: 0 only.")

    not_yet: ClassVar[Mapping[str, str]] = {"metadata": "nodes carry no metadata so far: remove it"}

    def find_port(self, usual: int) -> int:
        """Return its port, or the usual one."""
        return usual if self.port is None else self.port

    @field_validator("priority")
    @classmethod
    def _check_priority(cls, priority: int) -> int:
        if priority != 0:
            raise refuse("node priorities are not supported yet", "remove it, or use `weight: 0` for a node in reserve")
        return priority


def _check_upstream_host(host: str) -> str:
    try:
        return parse_authority(host.encode("utf-8"), "http").text
    except ClientFault:
        raise refuse("this is no host name", "write it like `orders.internal` or `orders.internal:8080`") from None


class UpstreamConfig(Section):
    """Where a route's requests go."""

    name: str | None = Field(None, min_length=1, max_length=256, description="A name for people.")
    desc: str | None = Field(None, max_length=256, description="What it is, for people.")
    type: str = Field("roundrobin", description="How a node is chosen: `roundrobin`, by weight.")
    nodes: tuple[NodeConfig, ...] = Field(
        (),
        max_length=MAX_NODES,
        description='The servers: `{"host:port": weight}`, or a list of `{host, port, weight}`.',
    )
    service_name: str | None = Field(
        None,
        description="The service source that has the servers, in the place of `nodes`: `auth.dns`, `keycloak.static`.",
    )
    timeout: Timeouts = Field(_DEFAULT_TIMEOUTS, description="Time limits in seconds, 60 each.")
    scheme: str = Field("http", description="How the servers are spoken to: `http`, or `https` with HTTP/1.1.")
    tls: UpstreamTls | None = Field(None, description="With `scheme: https`: which certificates are good.")
    pass_host: PassHost = Field(
        "pass",
        description="Their Host header: the client's (`pass`), the node's (`node`) or `upstream_host` (`rewrite`).",
    )
    upstream_host: Annotated[str, AfterValidator(_check_upstream_host)] | None = Field(
        None, description="The Host header with `pass_host: rewrite`."
    )
    retries: int | None = Field(
        None, ge=0, description="How many further nodes are tried when one cannot be reached; unset: all, 0: none."
    )
    keepalive_pool: KeepalivePool = Field(_DEFAULT_POOL, description="Idle connections to keep.")

    not_yet: ClassVar[Mapping[str, str]] = {
        "id": "upstreams stand inside their routes so far: write it there",
        "labels": "upstreams have no labels so far: remove them, or label the route",
        "checks": "nodes are not health-checked so far: remove it",
        "retry_timeout": "retries have no time limit of their own so far: remove it",
        "discovery_type": "a `service_name` names one of `service_sources`: remove it",
        "discovery_args": "a `service_name` names one of `service_sources`: remove it",
        "hash_on": "nodes are chosen by `roundrobin` so far: remove it",
        "key": "nodes are chosen by `roundrobin` so far: remove it",
    }
    renamed: ClassVar[Mapping[str, str]] = {
        "node": "nodes",
        "servers": "nodes",
        "targets": "nodes",
        "url": "nodes",
        "timeouts": "timeout",
        "keepalive": "keepalive_pool",
        "host": "upstream_host",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """Say which fields need each other."""
        if "nodes" in written and "service_name" in written:
            yield "service_name", refuse("an upstream has `nodes` or `service_name`, not both", "remove one of them")
        elif "nodes" not in written and "service_name" not in written and not cls.renamed.keys() & set(written):
            yield "", refuse("an upstream needs `nodes`, or a `service_name`", 'add `nodes: {"127.0.0.1:8000": 1}`')
        if "tls" in written and written.get("scheme") != "https" and "service_name" not in written:
            yield "tls", refuse("`tls` is for `scheme: https`", "write `scheme: https`, or remove it")
        if written.get("pass_host") == "rewrite" and not written.get("upstream_host"):
            remedy = "write the Host header that the service expects as `upstream_host`"
            yield "upstream_host", refuse("`upstream_host` can't be empty when `pass_host` is `rewrite`", remedy)

    @field_validator("nodes", mode="before")
    @classmethod
    def _read_node_map(cls, nodes: object) -> object:
        """Turn the map form into the list form."""
        if not isinstance(nodes, Mapping):
            return nodes
        return tuple(_read_node(address, weight) for address, weight in nodes.items())

    @property
    def notices(self) -> tuple[str, ...]:
        """What the operator should read at start."""
        if self.tls is None or self.tls.verify:
            return ()
        return ("tls.verify is off: whoever sits on the way to these servers can read and change everything",)

    @field_validator("nodes")
    @classmethod
    def _check_nodes(cls, nodes: tuple[NodeConfig, ...]) -> tuple[NodeConfig, ...]:
        seen = set()
        for node in nodes:
            if (node.host, node.port) in seen:
                raise refuse(f"the node {node.host}:{node.port} stands there twice", "write it once, with one weight")
            seen.add((node.host, node.port))
        return nodes

    @field_validator("scheme")
    @classmethod
    def _check_scheme(cls, scheme: str) -> str:
        if scheme in _SCHEMES_TO_COME:
            raise refuse(f"`{scheme}` towards the service is not supported yet", "write `http` or `https`")
        if scheme not in {"http", "https"}:
            raise refuse("this is no scheme", "write `http` or `https`")
        return scheme

    @field_validator("type")
    @classmethod
    def _check_type(cls, kind: str) -> str:
        if kind in _TYPES_TO_COME:
            raise refuse(f"`{kind}` is not supported yet", "write `type: roundrobin`, or remove it")
        if kind != "roundrobin":
            raise refuse("this is no way to choose a node", "write `type: roundrobin`, or remove it")
        return kind


def _read_node(address: str, weight: object) -> dict[str, object]:
    """Read one entry of the map form; what is no address is left for `check_node_host` to refuse."""
    try:
        authority = parse_server(address)
    except ClientFault:
        return {"host": address, "weight": weight}
    return {"host": authority.host.strip("[]"), "port": authority.port, "weight": weight}


def specify_upstream(config: UpstreamConfig, timeout: Timeouts | None = None) -> UpstreamSpec:
    """Make the value that stands for an upstream; a route's own `timeout` replaces the upstream's."""
    limits = timeout or config.timeout
    pool = config.keepalive_pool
    fixed_host = config.upstream_host if config.pass_host == "rewrite" else None
    usual_port = 443 if config.scheme == "https" else 80
    return UpstreamSpec(
        nodes=tuple((node.host, node.find_port(usual_port), node.weight) for node in config.nodes),
        connect_timeout_s=limits.connect,
        send_timeout_s=limits.send,
        read_timeout_s=limits.read,
        pass_host=config.pass_host,
        upstream_host=fixed_host,
        retries=max(0, len(config.nodes) - 1) if config.retries is None else config.retries,
        keepalive_size=pool.size,
        keepalive_idle_s=pool.idle_timeout,
        keepalive_requests=pool.requests,
        tls=specify_tls(config.tls, fixed_host) if config.scheme == "https" else None,
    )
