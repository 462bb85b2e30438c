"""`service_sources`: services by a name that upstreams and policies share, Higress's `McpBridge` registries.

`dns` names hosts and the port they listen on, `static` addresses with their ports. A source is known as `<name>.dns` or
`<name>.static`. Nothing is resolved here: names are looked up when a connection is opened.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from ostiary.config.patterns import parse_server
from ostiary.config.problems import Problem, find_nearest
from ostiary.config.section import Section, refuse
from ostiary.config.upstreams import MAX_NODES, NodeConfig, UpstreamConfig
from ostiary.errors import ClientFault
from ostiary.http.outbound import Address

_KINDS_TO_COME = ("nacos", "nacos2", "nacos3", "consul", "zookeeper", "eureka", "kubernetes")


class ServiceSource(Section):
    """Where a service is found."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Its name, to which `.dns` or `.static` is added.")
    type: Literal["dns", "static"] = Field(
        description="`dns`: `domain` has host names; `static`: it has addresses with ports."
    )
    domain: str = Field(
        min_length=1, description="Host names (`dns`) or `address:port` (`static`), several of them with commas."
    )
    port: int = Field(
        80,
        ge=1,
        le=65535,
        description="The port of a `dns` source; a `static` one has ports in `domain`, and this is a name.",
    )
    protocol: Literal["http", "https"] = Field("http", description="How its servers are spoken to by upstreams.")
    sni: str | None = Field(None, min_length=1, description="The name that certificates are held to, with `https`.")

    renamed: ClassVar[Mapping[str, str]] = {"domains": "domain", "hosts": "domain", "nodes": "domain"}

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """Say which fields need each other, and whether the servers can be read."""
        if "sni" in written and written.get("protocol") != "https":
            yield "sni", refuse("`sni` is for `protocol: https`", "write `protocol: https`, or remove it")
        domain, kind = written.get("domain"), written.get("type")
        if isinstance(domain, str) and kind in ("dns", "static"):
            yield from (("domain", problem) for problem in _find_wrong_servers(domain, kind))

    @field_validator("type", mode="before")
    @classmethod
    def _check_type(cls, kind: object) -> object:
        if kind in _KINDS_TO_COME:
            raise refuse(
                f"`{kind}` is not supported", "write the addresses as `type: static`, or a name as `type: dns`"
            )
        return kind

    @property
    def full_name(self) -> str:
        """What it is called by upstreams and policies."""
        return f"{self.name}.{self.type}"

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Its servers, names as they were written."""
        return tuple(_read_server(server, self.port) for server in split_servers(self.domain))


def split_servers(domain: str) -> list[str]:
    """Return what stands between the commas."""
    return [server.strip() for server in domain.split(",")]


def resolve_service(upstream: UpstreamConfig, sources: Mapping[str, ServiceSource]) -> UpstreamConfig:
    """Return an upstream with the servers of the source that it names. Raises KeyError for an unknown one."""
    if upstream.service_name is None:
        return upstream
    source = sources[upstream.service_name]
    nodes = tuple(NodeConfig(host=host, port=port, weight=1) for host, port in source.addresses)
    return upstream.model_copy(update={"nodes": nodes})


def find_unknown_service(path: str, name: str, sources: Mapping[str, ServiceSource]) -> Problem | None:
    """Return what is wrong with naming a source, or None."""
    if name in sources:
        return None
    nearest = find_nearest(name, sources) or next((full for full in sources if full.rpartition(".")[0] == name), None)
    remedy = (
        f"did you mean `{nearest}`?"
        if nearest
        else "write it into `service_sources`, and its name with `.dns` or `.static`"
    )
    return Problem(path, f"there is no service source {name}", remedy)


def find_double_sources(sources: Iterable[ServiceSource]) -> Iterator[Problem]:
    """Yield a problem for each name that stands twice."""
    seen: set[str] = set()
    for index, source in enumerate(sources):
        if source.full_name in seen:
            yield Problem(
                f"service_sources[{index}].name", f"{source.full_name} stands there twice", "rename one of them"
            )
        seen.add(source.full_name)


def _find_wrong_servers(domain: str, kind: str) -> Iterator[PydanticCustomError]:
    servers = split_servers(domain)
    if len(servers) > MAX_NODES:
        yield refuse(f"a source has at most {MAX_NODES} servers")
    for server in servers[:MAX_NODES]:
        try:
            has_port = parse_server(server).port is not None
        except ClientFault:
            yield refuse(f"`{server}` is no server", "write `id.example.com` (dns) or `10.0.0.7:8080` (static)")
            continue
        if kind == "static" and not has_port:
            yield refuse(
                f"`{server}` has no port", f"write `{server}:8080`; `port` is the service's name for others only"
            )
        elif kind == "dns" and has_port:
            yield refuse(f"`{server}` has a port", "write the name alone, and the port as `port`")


def _read_server(server: str, port: int) -> Address:
    authority = parse_server(server)
    return authority.host.strip("[]"), authority.port or port
