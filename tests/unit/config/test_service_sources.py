"""`service_sources`: what is read, what is refused, and what upstreams make of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ostiary.config.service_sources import (
    ServiceSource,
    Sources,
    find_wrong_sources,
    resolve_service,
    split_servers,
)
from ostiary.config.upstreams import UpstreamConfig


def read(**written: Any) -> ServiceSource:
    """A source."""
    return ServiceSource.model_validate({"name": "id", "type": "dns", "domain": "id.example.com", **written})


def test_a_dns_source_has_names_and_one_port() -> None:
    """Its port is the real one."""
    source = read(domain="id.example.com, id2.example.com", port=443)

    assert "id.dns" == source.full_name
    assert (("id.example.com", 443), ("id2.example.com", 443)) == source.addresses


def test_a_static_source_has_addresses_with_ports() -> None:
    """Its port is a name for others only."""
    source = read(type="static", domain="127.0.0.1:9090,[::1]:9091", port=80)

    assert "id.static" == source.full_name
    assert (("127.0.0.1", 9090), ("::1", 9091)) == source.addresses


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"name": "a b"}, "pattern"),
        ({"type": "nacos"}, "`nacos` is not supported"),
        ({"type": "other"}, "dns"),
        ({"domain": ""}, "at least 1"),
        ({"domain": "id.example.com:443"}, "has a port"),
        ({"domain": "https://id.example.com"}, "is no server"),
        ({"domain": "a,,b"}, "is no server"),
        ({"type": "static", "domain": "127.0.0.1"}, "has no port"),
        ({"type": "static", "domain": "127.0.0.1:0"}, "is no server"),
        ({"domain": ",".join(["a"] * 1001)}, "at most 1000"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"port": 65536}, "less than or equal to 65535"),
        ({"protocol": "grpc"}, "http"),
        ({"sni": "id.example.com"}, "`sni` is for `protocol: https`"),
        ({"protocol": "https", "sni": "id.example.com:443"}, "a server's name has no port"),
        ({"protocol": "https", "sni": ".example.com"}, "this is no server's name"),
        ({"protocol": "https", "sni": ""}, "this is no server's name"),
        ({"registry": "x"}, "not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused(written: dict[str, Any], words: str) -> None:
    """Each field, with what to write."""
    with pytest.raises(ValidationError) as caught:
        read(**written)

    assert words in str(caught.value)


def test_an_upstream_gets_the_servers_of_its_source() -> None:
    """Each with the same weight; one with nodes of its own keeps them."""
    sources = {"id.static": read(type="static", domain="127.0.0.1:9090,127.0.0.2:9090")}

    resolved = resolve_service(UpstreamConfig(service_name="id.static"), sources)

    assert [("127.0.0.1", 9090, 1), ("127.0.0.2", 9090, 1)] == [(n.host, n.port, n.weight) for n in resolved.nodes]
    own = UpstreamConfig.model_validate({"nodes": {"a:80": 1}})
    assert own is resolve_service(own, sources)


def test_a_name_that_is_nobodys_is_told_with_the_nearest() -> None:
    """Also where only the kind was forgotten, or a port was added."""
    sources = Sources({"keycloak.static": read()}, frozenset({"broken"}))

    def find(name: object) -> list[str]:
        found = find_wrong_sources("routes", ["no route", {"upstream": {"service_name": name}}], sources)
        return [f"{problem.path}: {problem.remedy}" for problem in found]

    assert [] == find("keycloak.static")
    assert [] == find("broken.dns"), "its own problem is told, and enough"
    assert [] == find(7), "what is no text is the model's to refuse"
    for name in ("keycloak", "keycloack.static", "keycloak.static:80"):
        assert ["routes[1].upstream.service_name: did you mean `keycloak.static`?"] == find(name)
    assert "write it into `service_sources`" in find("zzz")[0]


@pytest.mark.parametrize(
    ("protocol", "written", "is_wrong"),
    [
        ("http", {}, True),
        ("http", {"scheme": "https"}, False),
        ("https", {}, False),
        ("https", {"scheme": "http"}, True),
    ],
)
def test_certificates_are_for_servers_that_are_spoken_to_over_tls(
    protocol: str, written: dict[str, str], is_wrong: bool
) -> None:
    """Who writes `tls` does not expect requests to travel in the clear."""
    sources = Sources({"id.dns": read(protocol=protocol)})
    upstream = {"service_name": "id.dns", "tls": {"server_name": "id.internal"}, **written}
    found = [problem.path for problem in find_wrong_sources("routes", [{"upstream": upstream}], sources)]

    assert (["routes[0].upstream.tls"] if is_wrong else []) == found


@pytest.mark.parametrize("written", [{}, {"scheme": "https"}])
def test_the_name_of_a_source_holds_wherever_its_servers_are_spoken_to_over_tls(written: dict[str, str]) -> None:
    """Whoever says so; a name of the upstream's own goes before it."""
    sources = {"id.dns": read(protocol="https", sni="id.internal")}

    def find_name(**tls: str) -> str | None:
        upstream = UpstreamConfig.model_validate({"service_name": "id.dns", "tls": tls, **written})
        resolved = resolve_service(upstream, sources)
        assert ("https", True) == (resolved.scheme, resolved.tls is not None)
        return None if resolved.tls is None else resolved.tls.server_name

    assert ("id.internal", "own.internal") == (find_name(), find_name(server_name="own.internal"))


def test_an_unknown_source_has_no_servers() -> None:
    """Nothing is forwarded there; that it is unknown is told by `find_wrong_sources`."""
    unknown = UpstreamConfig(service_name="zzz.dns")

    assert () == resolve_service(unknown, {}).nodes


@given(st.lists(st.tuples(st.ip_addresses(v=4), st.integers(1, 65535)), min_size=1, max_size=5))
def test_what_is_written_comes_back(servers: list[tuple[Any, int]]) -> None:
    """Addresses and ports, in their order."""
    domain = " , ".join(f"{address}:{port}" for address, port in servers)

    assert tuple((str(address), port) for address, port in servers) == read(type="static", domain=domain).addresses
    assert len(servers) == len(split_servers(domain))
