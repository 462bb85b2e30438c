"""Registries become service sources."""

from typing import Any

import pytest

from ostiary.config.higress.mcp_bridge import read_sources
from tests.fakes.higress import Object, bridge, make_findings, manifest

DNS = {"name": "idp", "type": "dns", "domain": "a.example.com, b.example.com", "port": 8443}
STATIC = {"name": "keycloak", "type": "static", "domain": "10.0.0.5:9090,[fd00::1]:9091", "port": 80}


def test_sources_are_known_by_name_and_type() -> None:
    """`static` addresses have their own ports."""
    findings = make_findings()

    sources = read_sources([manifest(bridge(DNS, STATIC))], findings)

    assert [] == findings.problems
    assert {
        "idp.dns": (("a.example.com", 8443), ("b.example.com", 8443)),
        "keycloak.static": (("10.0.0.5", 9090), ("fd00::1", 9091)),
    } == {name: source.addresses for name, source in sources.known.items()}


@pytest.mark.parametrize(
    ("registry", "place", "words"),
    [
        ({**DNS, "type": "nacos2"}, "type", "`nacos2` is not supported"),
        ({**DNS, "type": "file"}, "type", "expected 'dns' or 'static'"),
        ({**DNS, "port": "https"}, "port", "a whole number"),
        ({**DNS, "domain": "a.example.com:80"}, "domain", "has a port"),
        ({**STATIC, "domain": "10.0.0.5"}, "domain", "has no port"),
        ({**DNS, "protocol": "grpc"}, "protocol", "expected 'http' or 'https'"),
        ({**DNS, "sni": "x.example.com"}, "sni", "`protocol: https`"),
        ({**DNS, "authSecretName": "x"}, "authSecretName", "is not an attribute here"),
        ({**DNS, "nacosGroups": ["x"]}, "nacosGroups", "is not an attribute here"),
        ({**DNS, "proxyName": "x"}, "proxyName", "not supported yet"),
        ({**DNS, "portt": 1}, "portt", "unknown name"),
        ({"type": "dns", "domain": "x.example.com"}, "name", "required, but missing"),
    ],
)
def test_a_registry_with_a_mistake_is_told_by_key(registry: dict[str, Any], place: str, words: str) -> None:
    """And hides no other."""
    findings = make_findings()

    sources = read_sources([manifest(bridge(registry, {**STATIC, "name": "fine"}))], findings)

    (problem,) = findings.problems
    assert f"McpBridge/default.spec.registries[0].{place}" == problem.path
    assert words in str(problem)
    assert ["fine.static"] == list(sources.known)


def test_a_registry_with_a_mistake_is_doubtful_and_not_unknown() -> None:
    """Nobody is told twice."""
    sources = read_sources([manifest(bridge({**DNS, "port": 0}))], make_findings())

    assert {"idp.dns"} == sources.doubtful


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"metadata": {"name": "other"}}, "metadata.name"),
        ({"metadata": {"name": "default", "namespace": "team"}}, "metadata.namespace"),
        ({"spec": {"registries": "x"}}, "spec.registries"),
        ({"spec": {"proxies": []}}, "spec.proxies"),
        ({"spec": {"registries": [DNS, DNS]}}, "spec.registries[1].name"),
    ],
)
def test_the_bridge_itself_is_the_one_that_higress_reads(change: Object, place: str) -> None:
    """Another one would be without effect there."""
    findings = make_findings()

    read_sources([manifest({**bridge(DNS), **change})], findings)

    (problem,) = findings.problems
    assert problem.path.endswith(f".{place}") or problem.path.endswith(f"/{place}")
