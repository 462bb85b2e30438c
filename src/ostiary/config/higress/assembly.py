"""Manifests → a checked document: routes of the ingresses, with the policies that the plugins' rules come to there.

The order in which rules win is settled in `rules`; here every path of an `Ingress` becomes a route of its own, and the
gateway's own settings come from elsewhere (`gateway_file`).
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import gcd, lcm
from typing import Any, NamedTuple

from ostiary.config.checking import CheckedDocument, DeclaredRoute
from ostiary.config.higress.destinations import RoutedService
from ostiary.config.higress.findings import Findings
from ostiary.config.higress.gateway_file import GatewayPart
from ostiary.config.higress.ingress import IngressPath, read_ingresses
from ostiary.config.higress.manifests import Manifest, Manifests
from ostiary.config.higress.mcp_bridge import Sources, read_sources
from ostiary.config.higress.rule_checks import KnownRoutes
from ostiary.config.higress.rules import RouteFacts
from ostiary.config.higress.wasm_plugin import ReadPlugin, read_plugins
from ostiary.config.host_index import HostIndex, covers_host
from ostiary.config.problems import render_path
from ostiary.config.routes import RouteConfig

MAX_ID = 64


class Resources(NamedTuple):
    """Everything that a folder says, read; `routes` are the paths with the ids of their routes."""

    sources: Sources
    paths: tuple[IngressPath, ...]
    with_tls: tuple[Manifest, ...]
    plugins: tuple[ReadPlugin, ...]

    @property
    def routes(self) -> Iterator[tuple[str, IngressPath]]:
        """Yield each path with its id."""
        yield from zip(name_routes(self.paths), self.paths, strict=True)


def read_resources(manifests: Manifests, findings: Findings) -> Resources:
    """Read all kinds, each with what it has to know of the others."""
    sources = read_sources(manifests.of_kind("McpBridge"), findings)
    ingresses = read_ingresses(manifests.of_kind("Ingress"), sources, findings)
    names = tuple(manifest.full_name for manifest in manifests.of_kind("Ingress"))
    # A reference that a plugin lacks says nothing about routes: names in rules are looked up all the same.
    is_complete = not findings.problems and all(each.path.startswith("WasmPlugin/") for each in manifests.problems)
    facts = tuple(find_facts(path) for path in ingresses.paths) if is_complete else None
    plugins = read_plugins(manifests.of_kind("WasmPlugin"), KnownRoutes(names, facts), findings)
    _note_order(plugins, findings)
    return Resources(sources, ingresses.paths, ingresses.with_tls, plugins)


def assemble(resources: Resources, gateway: GatewayPart, findings: Findings) -> CheckedDocument:
    """Put a checked document together; problems of its parts are told."""
    _check_certificates(resources, gateway, findings)
    routes = [_declare_route(route_id, path, resources.plugins, findings) for route_id, path in resources.routes]
    nowhere = (plugin.rules.apply(None) for plugin in resources.plugins)
    notices = () if routes else ("no route is in use: every request is answered 404",)
    return CheckedDocument(
        gateway.config,
        tuple(route for route in routes if route is not None),
        (*notices, *gateway.notices, *findings.notices),
        gateway.state,
        tuple(policy for policy in nowhere if policy.candidates),
        resources.sources.known,
        tuple(find_own_hosts(resources.paths)),
    )


def find_facts(path: IngressPath) -> RouteFacts:
    """Return what rules look at."""
    return RouteFacts(path.route_name, path.services)


def _declare_route(
    route_id: str, path: IngressPath, plugins: Iterable[ReadPlugin], findings: Findings
) -> DeclaredRoute | None:
    config = findings.validate(path.manifest, RouteConfig, write_route(route_id, path), path.place)
    if config is None:
        return None
    found = (plugin.rules.apply(find_facts(path), config.host_patterns) for plugin in plugins)
    policies = tuple(policy for policy in found if policy.candidates)
    return DeclaredRoute(route_id, path.manifest.origin.place(render_path(path.place)), config, policies)


def write_route(route_id: str, path: IngressPath) -> dict[str, Any]:
    """Return the route of a path as `ostiary.yaml` has it, without plugins."""
    route: dict[str, Any] = {"id": route_id, "name": path.route_name}
    if path.host:
        route["host"] = path.host
    patterns = list(path.patterns)
    route |= {"uri": patterns[0]} if len(patterns) == 1 else {"uris": patterns}
    if path.is_exact:
        route["priority"] = 1  # before a prefix that ends in the same path
    if path.ignores_case:
        route["ignore_path_case"] = True
    upstream = write_upstream(path.services, is_https=path.is_https)
    return route | ({"upstream": upstream} if upstream is not None else {"plugins": {}})


def write_upstream(services: Sequence[RoutedService], *, is_https: bool) -> dict[str, Any] | None:
    """Return where requests go, as `ostiary.yaml` has it: a source by its name, or several sources' servers by weight.

    None stands for services that are problems.
    """
    if not services:
        return None
    scheme: dict[str, Any] = {"scheme": "https"} if is_https else {}
    if len(services) == 1:
        source = services[0].source
        return {"service_name": source.full_name} | (scheme if source.protocol == "http" else {})
    sni = services[0].source.sni  # of several it is the same, or a problem
    if is_https and sni is not None:
        scheme["tls"] = {"server_name": sni}
    addresses = [(service, service.source.addresses) for service in services if service.weight]
    whole = lcm(*(len(found) for _, found in addresses))
    shares = [(address, service.weight * whole // len(found)) for service, found in addresses for address in found]
    common = gcd(*(share for _, share in shares))
    nodes = [{"host": host, "port": port, "weight": share // common} for (host, port), share in shares]
    return {"nodes": nodes} | scheme


def name_routes(paths: Iterable[IngressPath]) -> Iterator[str]:
    """Yield an id for each path: its Ingress, and where in it the path stands when it has several."""
    paths = tuple(paths)
    counts = Counter(path.route_name for path in paths)
    taken: set[str] = set()
    for path in paths:
        name = path.route_name.replace("/", ".")
        if counts[path.route_name] > 1:
            name = f"{name}.{path.place[2]}.{path.place[5]}"
        if shorten_id(name) in taken:  # `shop/orders` and `shop.orders`
            name = f"{name}-{_digest(f'{path.route_name} {path.place}')}"
        taken.add(shorten_id(name))
        yield shorten_id(name)


def shorten_id(name: str) -> str:
    """Return a name as an id: one that is too long ends in its digest."""
    return name if len(name) <= MAX_ID else f"{name[: MAX_ID - 9]}-{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def find_own_hosts(paths: Iterable[IngressPath]) -> Iterator[str]:
    """Yield hosts whose paths are not all taken, while a wider host has paths too: Higress goes no further there."""
    by_host: dict[str, bool] = {}
    for path in paths:
        is_all = path.patterns == ("/*",)
        by_host[path.host] = by_host.get(path.host, False) or is_all
    hosts = tuple(by_host)
    index = HostIndex((host,) if host else () for host in hosts)
    for host, is_all in by_host.items():
        wider = (hosts[position] for position in index.find(host.removeprefix("*")))
        if host and not is_all and any(other != host and covers_host(other or "*", host) for other in wider):
            yield host


def _check_certificates(resources: Resources, gateway: GatewayPart, findings: Findings) -> None:
    """Certificates are in secrets, which stay in the cluster: here a listener has them."""
    for manifest in () if gateway.has_certificate else resources.with_tls:
        remedy = "name certificate and key in `gateway.listen[].tls` of the file that `--gateway` names, or remove it"
        findings.refuse(manifest, ("spec", "tls"), "its certificate is in a Secret, and no listener has one", remedy)


def _note_order(plugins: Sequence[ReadPlugin], findings: Findings) -> None:
    """Say where plugins decide in another order than phase and priority say."""
    types: Mapping[str, int] = {name: kind.priority for name, kind in findings.registry.items()}
    for before, after in itertools.pairwise(plugins):
        if types[before.rules.name] < types[after.rules.name]:
            text = f"it decides after {after.rules.name}: the order of plugins is their own, not `phase` and `priority`"
            findings.notice(before.manifest, ("spec",), text)
