"""Routes that a client reaches past a domain's policy, by naming another host."""

from typing import Any

import pytest

from ostiary.config.checking import check_document
from ostiary.config.references import resolve_references
from ostiary.config.snapshot import build_snapshot
from tests.fakes.plugin_types import make_services, registry_of

UPSTREAM = {"nodes": {"a:80": 1}}
GUARDED = [{"hosts": ["www.example.com", "*.shop.example.com"], "plugins": {"fake": {}}}]


def notices(*routes: dict[str, Any], **levels: Any) -> list[str]:
    """What is noted of routes beside a domain whose plugin authenticates."""
    written = [{"id": f"r{n}", "uri": f"/{n}", "upstream": UPSTREAM, **route} for n, route in enumerate(routes)]
    tree = {"domains": GUARDED, "routes": written, **levels}
    checked = check_document(resolve_references(tree, {}), registry_of())
    assert checked.document is not None
    assert () == checked.problems
    return list(build_snapshot(checked.document, make_services).snapshot.notices)


@pytest.mark.parametrize("hosts", [None, ["*"], ["*.example.com"], ["www.example.com", "*.org"]])
def test_a_route_of_more_hosts_than_its_domains_is_told(hosts: list[str] | None) -> None:
    """And what to do."""
    (notice,) = notices({} if hosts is None else {"hosts": hosts})

    assert notice.startswith("route r0: a domain's policy asks who it is, but")
    assert notice.endswith("give them `hosts`, or write a policy into `instance`")


@pytest.mark.parametrize(
    "route",
    [
        {"hosts": ["www.example.com", "a.shop.example.com"]},
        {"hosts": ["*.shop.example.com"]},
        {"hosts": ["*.b.shop.example.com"]},
        {"hosts": ["other.example.com"]},
        {"plugins": {"fake": {"secret": "of-the-route"}}},
    ],
)
def test_a_route_that_asks_everybody_or_nobody_is_no_news(route: dict[str, Any]) -> None:
    """All of its hosts are a domain's, or none is, or it has a plugin itself."""
    assert [] == notices(route)


def test_an_instances_policy_closes_the_gap() -> None:
    """As the notice says."""
    assert [] == notices({}, instance={"plugins": {"fake": {"secret": "of-the-instance"}}})


def test_many_routes_are_one_notice() -> None:
    """It names the first."""
    assert notices({}, {})[0].startswith("routes r0, r1: ")
    assert notices({}, {}, {}, {}, {})[0].startswith("routes r0, r1, r2 and 2 more: ")
