"""Destinations name service sources, alone or by shares; services of a cluster need one that stands for them."""

import pytest

from ostiary.config.higress.destinations import (
    Mistake,
    RoutedService,
    find_service,
    name_in_cluster,
    read_destination,
)
from ostiary.config.higress.mcp_bridge import Sources
from ostiary.config.service_sources import ServiceSource


def source(name: str, kind: str = "static", port: int = 80) -> ServiceSource:
    """Make a source."""
    domain = "10.0.0.7:8000" if kind == "static" else "a.example.com"
    return ServiceSource.model_validate({"name": name, "type": kind, "domain": domain, "port": port})


KNOWN = [
    source("auth", "dns", 443),
    source("apps"),
    source("orders.shop"),
    source("orders.shop.svc", "dns", 9000),
    source("twice.shop"),
    source("twice.shop.svc"),
]
SOURCES = Sources({each.full_name: each for each in KNOWN}, {"broken.dns", "broken.shop.static"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auth.dns", [("auth.dns", 443, 100)]),
        ("100% auth.dns:443", [("auth.dns", 443, 100)]),
        ("  80% auth.dns \n\n20%   apps.static:80\n", [("auth.dns", 443, 80), ("apps.static", 80, 20)]),
        ("orders.shop.svc.cluster.local:9000", [("orders.shop.svc.cluster.local", 9000, 100)]),
        ("orders.shop.svc:80", [("orders.shop.svc.cluster.local", 80, 100)]),
        ("orders.shop.static", [("orders.shop.static", 80, 100)]),
        ("broken.dns", []),
    ],
)
def test_each_line_names_a_service(text: str, expected: list[tuple[str, int, int]]) -> None:
    """With its share and, if it is written, its port."""
    found = [each for each in read_destination(text, SOURCES) if each is not None]

    assert expected == [(each.name, each.port, each.weight) for each in found if isinstance(each, RoutedService)]
    assert len(expected) == len(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no service"),
        ("auth.dnss", "did you mean `auth.dns`?"),
        ("nacos.DEFAULT-GROUP.public.nacos", "there is no service"),
        ("auth.dns:8443", "auth.dns has the port 443"),
        ("auth.dns:https", "behind the colon stands no port"),
        ("auth.dns:0", "behind the colon stands no port"),
        ("auth.dns v1", "subsets of services"),
        ("auth.dns v1 v2", "a line has a share"),
        ("50%", "a line has a share"),
        ("50% auth.dns", "the shares are 50 % together"),
        ("auth.dns\napps.static", "the shares are 200 % together"),
        ("missing.shop.svc.cluster.local:80", "add a registry `{name: missing.shop, type: static"),
        ("orders.shop.svc:8080", "orders.shop.static stands for port 80 of the service orders of shop"),
        ("twice.shop.svc", "both stand for the service twice of shop"),
    ],
)
def test_what_cannot_be_meant_is_told(text: str, words: str) -> None:
    """With what to write."""
    mistakes = [each for each in read_destination(text, SOURCES) if isinstance(each, Mistake)]

    assert any(words in f"{mistake.problem}; {mistake.remedy}" for mistake in mistakes)


@pytest.mark.parametrize(("port", "name"), [(80, "orders.shop.static"), (9000, "orders.shop.svc.dns")])
def test_a_service_of_the_cluster_is_known_by_its_whole_name(port: int, name: str) -> None:
    """Rules name it so, with its port; another port of it is another source, and never the one that there is."""
    found = find_service(name_in_cluster("orders", "shop"), port, SOURCES)

    assert isinstance(found, RoutedService)
    assert ("orders.shop.svc.cluster.local", port, name) == (found.name, found.port, found.source.full_name)
    assert isinstance(find_service(name_in_cluster("orders", "shop"), 8080, SOURCES), Mistake)


def test_a_name_of_another_namespace_is_another_service() -> None:
    """`orders` alone would be anybody's."""
    assert isinstance(find_service(name_in_cluster("orders", "other"), 80, SOURCES), Mistake)
    assert isinstance(find_service(name_in_cluster("apps", "shop"), 80, SOURCES), Mistake)


def test_a_registry_with_a_mistake_is_not_told_again() -> None:
    """It has its problem."""
    assert find_service(name_in_cluster("broken", "shop"), 80, SOURCES) is None
