"""`service_sources`: services by a name that upstreams and policies share, Higress's `McpBridge` registries.

`dns` names hosts and the port they listen on, `static` addresses with their ports. A source is known as `<name>.dns` or
`<name>.static`. Nothing is resolved here: names are looked up when a connection is opened.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from ostiary.config.patterns import parse_server
from ostiary.config.problems import Problem, Written, find_nearest, quote
from ostiary.config.section import Section, refuse
from ostiary.config.upstream_tls import ServerName, UpstreamTls
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
    sni: ServerName | None = Field(None, description="The name that certificates are held to, with `https`.")

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
    """Return an upstream with the servers of the source that it names; one that is unknown has none."""
    source = None if upstream.service_name is None else sources.get(upstream.service_name)
    if source is None:
        return upstream
    nodes = tuple(NodeConfig(host=host, port=port, weight=1) for host, port in source.addresses)
    scheme = upstream.scheme if "scheme" in upstream.model_fields_set else source.protocol
    taken: dict[str, Any] = {"nodes": nodes, "scheme": scheme}
    if scheme == "https" and source.sni is not None and (upstream.tls is None or upstream.tls.server_name is None):
        tls = upstream.tls or UpstreamTls()
        taken["tls"] = tls.model_copy(update={"server_name": source.sni})
    return upstream.model_copy(update=taken)


class Sources(NamedTuple):
    """Service sources by their full name. `broken` are the names of those that do not stand and were told."""

    standing: Mapping[str, ServiceSource]
    broken: frozenset[str] = frozenset()


def find_wrong_sources(part: str, members: Sequence[Written], sources: Sources) -> Iterator[Problem]:
    """Yield a problem for each upstream in a part of the document (`routes`) whose source does not fit it.

    There is none of that name, or `tls` is written and the source's servers are spoken to over http: nobody would know
    that requests travel in the clear.
    """
    for index, member in enumerate(members):
        upstream = member.get("upstream") if isinstance(member, Mapping) else None
        name = upstream.get("service_name") if isinstance(upstream, Mapping) else None
        if not isinstance(upstream, Mapping) or not isinstance(name, str):
            continue
        path = f"{part}[{index}].upstream"
        source = sources.standing.get(name)
        if source is not None:
            if upstream.get("tls") is not None and upstream.get("scheme", source.protocol) == "http":
                problem = f"`tls` is for https, and {quote(name)} is spoken to over http"
                yield Problem(f"{path}.tls", problem, "write `scheme: https` besides it, or remove it")
        elif name.rpartition(".")[0] not in sources.broken:
            problem = f"there is no service source {quote(name)}"
            yield Problem(f"{path}.service_name", problem, _suggest_source(name, sources.standing))


def _suggest_source(name: str, known: Mapping[str, ServiceSource]) -> str:
    meant = (full for full in known if full.startswith(f"{name}.") or name.startswith(f"{full}:"))
    nearest = next(meant, None) or find_nearest(name, known)
    return f"did you mean `{nearest}`?" if nearest else "write it into `service_sources`: it is NAME.dns or NAME.static"


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
