"""Ingresses, sources and plugins come together as routes with policies."""

from pathlib import Path
from typing import Any

import pytest

from ostiary.config.higress.assembly import (
    assemble,
    find_own_hosts,
    name_routes,
    read_resources,
    shorten_id,
    write_route,
    write_upstream,
)
from ostiary.config.higress.destinations import RoutedService
from ostiary.config.higress.findings import Findings
from ostiary.config.higress.folder import read_folder
from ostiary.config.higress.gateway_file import read_gateway
from ostiary.config.higress.ingress import IngressPath
from ostiary.config.higress.manifests import read_manifests
from ostiary.config.service_sources import ServiceSource
from ostiary.plugin import PluginType
from tests.fakes.higress import TYPES, Object, bridge, ingress, manifest, secret, wasm, write_folder
from tests.fakes.plugin_types import FakePluginType

INGRESS = manifest(ingress("shop", "a.b", namespace="team"))


def path(host: str = "a.b", written: str = "/", *, is_exact: bool = False, **change: Any) -> IngressPath:
    """A path of an Ingress."""
    place = ("spec", "rules", 0, "http", "paths", 0)
    return IngressPath(INGRESS, place, host, written, is_exact, False, (), False)._replace(**change)


def service(domain: str, weight: int = 100, kind: str = "static", **more: Any) -> RoutedService:
    """A service with these servers."""
    source = ServiceSource.model_validate({"name": "x", "type": kind, "domain": domain, **more})
    return RoutedService("x", source.port, source, weight)


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ([], None),
        ([service("10.0.0.1:1")], {"service_name": "x.static"}),
        (
            [service("10.0.0.1:1,10.0.0.2:2", 80), service("a.b,c.d,e.f", 20, "dns", port=9)],
            {"10.0.0.1:1": 6, "10.0.0.2:2": 6, "a.b:9": 1, "c.d:9": 1, "e.f:9": 1},
        ),
        ([service("10.0.0.1:1", 100), service("10.0.0.2:2", 0)], {"10.0.0.1:1": 1}),
    ],
)
def test_shares_of_services_become_weights_of_servers(
    services: list[RoutedService], expected: dict[str, Any] | None
) -> None:
    """80 % and 20 %, however many servers each has."""
    written = write_upstream(services, is_https=False)

    if written is not None and "nodes" in written:
        written = {f"{node['host']}:{node['port']}": node["weight"] for node in written["nodes"]}
    assert expected == written


def test_https_is_written_down_where_the_source_does_not_say_it() -> None:
    """One that does brings its own name for certificates; of several sources it is the same."""
    plain, safe = service("10.0.0.1:1"), service("10.0.0.2:1", protocol="https", sni="s.example.com")
    both = write_upstream([safe, safe], is_https=True)

    assert {"service_name": "x.static", "scheme": "https"} == write_upstream([plain], is_https=True)
    assert {"service_name": "x.static"} == write_upstream([safe], is_https=True)
    assert both is not None
    assert ("https", {"server_name": "s.example.com"}) == (both["scheme"], both["tls"])


def test_a_path_becomes_a_route() -> None:
    """Exact paths go before prefixes that end there."""
    found = [service("10.0.0.1:1")]

    assert {
        "id": "i",
        "name": "team/shop",
        "host": "a.b",
        "uris": ["/x", "/x/*"],
        "upstream": {"service_name": "x.static"},
    } == write_route("i", path(written="/x", services=found))
    exact = write_route("i", path("", "/x", is_exact=True, ignores_case=True))
    assert {
        "id": "i",
        "name": "team/shop",
        "uri": "/x",
        "priority": 1,
        "ignore_path_case": True,
        "plugins": {},
    } == exact


def test_routes_are_named_after_their_ingress() -> None:
    """And where in it they stand, when it has several."""
    other = manifest(ingress("other", "a.b"))
    second = ("spec", "rules", 1, "http", "paths", 2)

    assert ["team.shop.0.0", "team.shop.1.2", "other"] == list(
        name_routes([path(), path(place=second), path(manifest=other)])
    )


def test_no_two_routes_have_one_id() -> None:
    """`shop/orders` and `shop.orders` are two, and `a.0.0` is no path of `a`."""
    manifests = [manifest(tree) for tree in (ingress("orders", "a.b", namespace="shop"), ingress("shop.orders", "c.d"))]

    first, second = name_routes(path(manifest=each) for each in manifests)

    assert ("shop.orders", True) == (first, second.startswith("shop.orders-"))
    assert second == list(name_routes(path(manifest=each) for each in manifests))[1]


def test_a_long_name_ends_in_its_digest() -> None:
    """Ids have 64 characters."""
    assert "x" * 64 == shorten_id("x" * 64)
    assert 64 == len(shorten_id("x" * 65))
    assert shorten_id("x" * 65) != shorten_id("x" * 66)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ({"a.b": ["/x"], "": ["/"]}, ["a.b"]),
        ({"a.b": ["/"], "": ["/"]}, []),
        ({"x.a.b": ["/x"], "*.a.b": ["/"]}, ["x.a.b"]),
        ({"*.x.a.b": ["/x"], "*.a.b": ["/"]}, ["*.x.a.b"]),
        ({"x.a.b": ["/x"], "*.c.d": ["/"]}, []),
        ({"x.a.b": ["/x"]}, []),
        ({"*a.b": ["/x"], "a.b": ["/"]}, []),
    ],
)
def test_a_host_with_paths_of_its_own_gets_no_wider_ones(hosts: dict[str, list[str]], expected: list[str]) -> None:
    """Higress chooses the host first, and then a path."""
    assert expected == list(find_own_hosts(path(host, each) for host, paths in hosts.items() for each in paths))


# -------------------------------------------------------------------------------------------------- all together


def put_together(tmp_path: Path, *objects: Object, gateway: Path | None = None, **types: PluginType) -> Any:
    """Read a folder and return its document and the findings."""
    findings = Findings({**TYPES, **types})
    manifests = read_manifests(read_folder(write_folder(tmp_path / "folder", *objects)), {})
    resources = read_resources(manifests, findings)
    return assemble(resources, read_gateway(gateway, {}), findings), findings


def test_every_path_has_the_policies_of_its_rules(tmp_path: Path) -> None:
    """And what no route matches those of domains and instance."""
    document, findings = put_together(
        tmp_path,
        bridge(),
        ingress("shop", "a.b"),
        ingress("open", "c.d"),
        wasm(
            {"ingress": ["shop"], "config": secret("shop")},
            {"service": ["apps.static:80"], "config": secret("apps")},
            {"domain": ["x.y"], "config": secret("x.y")},
            defaultConfig=secret("all"),
        ),
    )

    place = "WasmPlugin/login.spec."
    assert [] == findings.problems
    assert {"shop": f"{place}matchRules[0].config", "open": f"{place}matchRules[1].config"} == {
        route.id: route.policies[0].candidates[0].place for route in document.routes
    }
    (nowhere,) = document.nowhere
    assert [("x.y",), ()] == [candidate.hosts for candidate in nowhere.candidates]
    assert {"auth.dns", "apps.static"} == set(document.sources)


def test_certificates_are_a_listeners(tmp_path: Path) -> None:
    """A `tls` section is a promise that somebody has to keep."""
    secure = ingress("shop", "a.b")
    secure["spec"]["tls"] = [{"hosts": ["a.b"], "secretName": "x"}]

    _, findings = put_together(tmp_path, bridge(), secure)

    (problem,) = findings.problems
    assert "Ingress/shop.spec.tls" == problem.path
    assert "name certificate and key in `gateway.listen[].tls`" in problem.remedy


def test_a_service_rule_is_no_stranger_while_ingresses_have_problems(tmp_path: Path) -> None:
    """One mistake is told once."""
    broken = ingress("shop", "a.b", destination="nobody.dns")

    _, findings = put_together(tmp_path, bridge(), broken, wasm({"service": ["apps.static"], "config": secret("x")}))

    assert ['Ingress/shop.metadata.annotations["higress.io/destination"]'] == [p.path for p in findings.problems]


def test_a_service_rule_is_a_stranger_also_while_a_plugin_lacks_a_value(tmp_path: Path) -> None:
    """What a plugin lacks closes its routes; a rule that never fits would leave its own open."""
    rules = (
        {"ingress": ["shop"], "config": {"secret": "$ENV://MISSING"}},
        {"service": ["app.static"], "config": secret("x")},
    )

    _, findings = put_together(tmp_path, bridge(), ingress("shop", "a.b"), wasm(*rules))

    assert ["WasmPlugin/login.spec.matchRules[1].service[0]"] == [problem.path for problem in findings.problems]


def test_an_order_that_plugins_have_themselves_is_said(tmp_path: Path) -> None:
    """Phase and priority order plugins of the same rank only."""
    late = FakePluginType("late", 10)
    config: Object = {"defaultConfig": {}}

    _, findings = put_together(
        tmp_path,
        wasm(image="late", name="first", phase="AUTHN", **config),
        wasm(image="oidc", name="second", phase="AUTHZ", **config),
        late=late,
    )

    text = "it decides after oidc: the order of plugins is their own, not `phase` and `priority`"
    assert [f"WasmPlugin/first.spec: {text}"] == findings.notices
