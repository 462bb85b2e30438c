"""`Ingress` (networking.k8s.io/v1) → paths on hosts, and the services behind them.

An exact path is that path; a prefix is meant element by element, so `/foo` is `/foo` and `/foo/...`, never `/foobar`;
`ImplementationSpecific` is a prefix, as Higress takes it. Wildcard hosts reach every depth, as they do there.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.higress.annotations import DESTINATION, Annotations, place_of, read_annotations
from ostiary.config.higress.destinations import (
    Mistake,
    RoutedService,
    find_service,
    name_in_cluster,
    read_destination,
)
from ostiary.config.higress.findings import Findings
from ostiary.config.higress.manifests import Manifest
from ostiary.config.higress.mcp_bridge import Sources
from ostiary.config.patterns import check_path_pattern
from ostiary.config.problems import Path
from ostiary.config.router import fold_path
from ostiary.config.routes import HostPattern
from ostiary.config.section import Section, refuse

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
INGRESS_CLASS = "higress"


def _check_path(path: str) -> str:
    if "*" in path:
        raise refuse("`*` is no wildcard in an Ingress", "write the path before it, with `pathType: Prefix`")
    return check_path_pattern(path)


class ServicePort(Section):
    """A port of a service."""

    number: int | None = Field(None, ge=1, le=65_535, description="The port.")
    name: str | None = Field(None, description="Its name, which only the cluster can turn into a number.")


class BackendService(Section):
    """A service in the cluster."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,63}$", description="the service's name")
    port: ServicePort = Field(description="its port, as `{number: 80}`")


class BackendResource(Section):
    """The `McpBridge`, of which the annotation says which service."""

    api_group: Literal["networking.higress.io"] = Field(alias="apiGroup", description="networking.higress.io")
    kind: Literal["McpBridge"] = Field(description="McpBridge")
    name: Literal["default"] = Field(description="default")


class Backend(Section):
    """Where requests go."""

    service: BackendService | None = Field(None, description="A service in the cluster.")
    resource: BackendResource | None = Field(None, description="The McpBridge; `higress.io/destination` names it.")

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """It is one of the two."""
        if ("service" in written) == ("resource" in written):
            yield "", refuse("a backend is a `service` or a `resource`", "write one of them")


class PathRule(Section):
    """A path, and where its requests go."""

    path: Annotated[str, AfterValidator(_check_path)] = Field("/", description="The path.")
    path_type: Literal["Exact", "Prefix", "ImplementationSpecific"] = Field(
        alias="pathType", description="`Exact` or `Prefix`"
    )
    backend: Backend = Field(description="where requests go")


class HttpRule(Section):
    """The paths of a host."""

    paths: tuple[PathRule, ...] = Field(min_length=1, description="the paths and their backends")


class IngressRule(Section):
    """A host and its paths."""

    host: HostPattern | None = Field(None, description="The host; default: every host.")
    http: HttpRule = Field(description="the paths, as `{paths: [...]}`")


class IngressTls(Section):
    """Which certificate is shown for which hosts."""

    hosts: tuple[HostPattern, ...] = Field((), description="The hosts.")
    secret_name: str | None = Field(None, alias="secretName", description="Where the certificate is.")


class IngressSpec(Section):
    """What an `Ingress` says."""

    ingress_class_name: str | None = Field(None, alias="ingressClassName", description="Whose it is: `higress`.")
    rules: tuple[IngressRule, ...] = Field(min_length=1, description="the hosts, their paths and backends")
    tls: tuple[IngressTls, ...] = Field((), description="Certificates, which come from the gateway's listeners here.")

    not_yet: ClassVar[Mapping[str, str]] = {
        "defaultBackend": "write a rule without host, with the path `/` and `pathType: Prefix`"
    }


class IngressPath(NamedTuple):
    """A path on a host (empty: every host), where it stands, and the services behind it."""

    manifest: Manifest
    place: Path
    host: str
    path: str
    is_exact: bool
    ignores_case: bool
    services: tuple[RoutedService, ...]
    is_https: bool

    @property
    def route_name(self) -> str:
        """What rules and tokens call the route."""
        return self.manifest.full_name

    @property
    def patterns(self) -> tuple[str, ...]:
        """The path patterns of a route."""
        if self.is_exact:
            return (self.path,)
        prefix = self.path.removesuffix("/")
        return (prefix, f"{prefix}/*") if prefix else ("/*",)


class Ingresses(NamedTuple):
    """All paths; and the ingresses whose certificates have to come from somewhere else."""

    paths: tuple[IngressPath, ...]
    with_tls: tuple[Manifest, ...]


def read_ingresses(manifests: Iterable[Manifest], sources: Sources, findings: Findings) -> Ingresses:
    """Read every `Ingress`."""
    paths: list[IngressPath] = []
    with_tls: list[Manifest] = []
    for manifest in manifests:
        annotations = read_annotations(manifest, findings)
        spec = findings.validate(manifest, IngressSpec, manifest.tree["spec"], ("spec",))
        if spec is None:
            continue
        _check_class(manifest, spec, findings)
        if spec.tls:
            with_tls.append(manifest)
        destination = _read_bridge(manifest, annotations, sources, findings)
        for rule_index, rule in enumerate(spec.rules):
            for path_index, path in enumerate(rule.http.paths):
                place = ("spec", "rules", rule_index, "http", "paths", path_index)
                services = _find_services(manifest, place, path.backend, destination, sources, findings)
                is_https = _choose_protocol(manifest, place, services, annotations, findings)
                is_exact = path.path_type == "Exact"
                case = annotations.ignores_path_case
                host = "" if rule.host in (None, "*") else rule.host
                paths.append(IngressPath(manifest, place, host, path.path, is_exact, case, services, is_https))
    _check_doubles(paths, findings)
    return Ingresses(tuple(paths), tuple(with_tls))


def _check_class(manifest: Manifest, spec: IngressSpec, findings: Findings) -> None:
    """An `Ingress` of another class is not Higress's: neither served nor left out in silence."""
    annotated = manifest.metadata.annotations.get(CLASS_ANNOTATION)
    place = ("spec", "ingressClassName") if annotated is None else place_of(CLASS_ANNOTATION)
    if (annotated or spec.ingress_class_name or INGRESS_CLASS) != INGRESS_CLASS:
        remedy = f"write `{INGRESS_CLASS}`, or move it out of this folder"
        findings.refuse(manifest, place, "this Ingress is for another gateway", remedy)


def _read_bridge(
    manifest: Manifest, annotations: Annotations, sources: Sources, findings: Findings
) -> tuple[RoutedService, ...]:
    """Return the services that the annotation names, for backends that are the `McpBridge`."""
    services = []
    for found in read_destination(annotations.destination, sources) if annotations.destination is not None else ():
        if isinstance(found, Mistake):
            findings.refuse(manifest, place_of(DESTINATION), *found)
        elif found is not None:
            services.append(found)
    return tuple(services)


def _find_services(
    manifest: Manifest,
    place: Path,
    backend: Backend,
    destination: tuple[RoutedService, ...],
    sources: Sources,
    findings: Findings,
) -> tuple[RoutedService, ...]:
    """Return the services of a backend; nothing with a problem."""
    if backend.service is None:
        if DESTINATION not in manifest.metadata.annotations:
            remedy = f"add the annotation `{DESTINATION}` with its name, like `auth.dns`"
            findings.refuse(manifest, (*place, "backend", "resource"), "no service is named", remedy)
        return destination
    service, named = backend.service, (*place, "backend", "service")
    if service.port.number is None:
        remedy = "write `port: {number: 80}`"
        findings.refuse(manifest, (*named, "port"), "the name of a port is known to its cluster only", remedy)
        return ()
    full_name = name_in_cluster(service.name, manifest.metadata.namespace)
    found = find_service(full_name, service.port.number, sources)
    if isinstance(found, Mistake):
        findings.refuse(manifest, named, *found)
    return (found,) if isinstance(found, RoutedService) else ()


def _choose_protocol(
    manifest: Manifest,
    place: Path,
    services: tuple[RoutedService, ...],
    annotations: Annotations,
    findings: Findings,
) -> bool:
    """Say whether the services are spoken to over https: the annotation says it, or the registries do."""
    protocols = {service.source.protocol for service in services}
    if not annotations.is_https and "https" not in protocols:
        return False
    if annotations.is_https is False:
        problem = "the annotation says HTTP, and the registry of its service https"
        findings.refuse(manifest, place, problem, "remove the annotation `backend-protocol`, or mend the registry")
    elif annotations.is_https is None and len(protocols) > 1:
        problem = "some of its services are spoken to over https, some are not"
        findings.refuse(manifest, place, problem, "give their registries the same `protocol`")
    if len({service.source.sni for service in services}) > 1:
        problem = "the certificates of its services are held to different names"
        findings.refuse(manifest, place, problem, "give their registries the same `sni`, or none")
    return True


def _want_the_same(one: IngressPath, other: IngressPath) -> bool:
    """Say whether some request fits both of two paths that differ in case at most."""
    return one.ignores_case or other.ignores_case or one.patterns == other.patterns


def _check_doubles(paths: Iterable[IngressPath], findings: Findings) -> None:
    """Two that want the same requests: Higress takes the older one, which files do not tell."""
    seen: dict[tuple[str, str, bool], list[IngressPath]] = {}
    for path in paths:
        alike = seen.setdefault((path.host, fold_path(path.patterns[0]), path.is_exact), [])
        alike.append(path)
        first = next(each for each in alike if each is path or _want_the_same(each, path))
        if first is not path:
            kind = "exact path" if path.is_exact else "prefix"
            where = first.manifest.origin.label
            problem = f"this {kind} of {path.host or 'every host'} is in {where} already"
            findings.refuse(path.manifest, path.place, problem, "remove one of the two")
