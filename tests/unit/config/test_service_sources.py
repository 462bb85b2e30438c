"""`service_sources`: what is read, what is refused, and what upstreams make of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ostiary.config.service_sources import (
    ServiceSource,
    find_double_sources,
    find_unknown_service,
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
    """Also where only the kind was forgotten."""
    sources = {"keycloak.static": read()}

    assert find_unknown_service("p", "keycloak.static", sources) is None
    for name in ("keycloak", "keycloack.static"):
        problem = find_unknown_service("p", name, sources)
        assert problem is not None
        assert "did you mean `keycloak.static`?" == problem.remedy
    nothing = find_unknown_service("p", "zzz", sources)
    assert nothing is not None
    assert "write it into `service_sources`" in nothing.remedy


def test_a_name_stands_once() -> None:
    """A dns and a static source may share theirs."""
    twice = [read(), read(type="static", domain="a:1"), read()]

    assert ["service_sources[2].name"] == [problem.path for problem in find_double_sources(twice)]


@given(st.lists(st.tuples(st.ip_addresses(v=4), st.integers(1, 65535)), min_size=1, max_size=5))
def test_what_is_written_comes_back(servers: list[tuple[Any, int]]) -> None:
    """Addresses and ports, in their order."""
    domain = " , ".join(f"{address}:{port}" for address, port in servers)

    assert tuple((str(address), port) for address, port in servers) == read(type="static", domain=domain).addresses
    assert len(servers) == len(split_servers(domain))
