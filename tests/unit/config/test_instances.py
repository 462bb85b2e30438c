"""Plugin instances: one for each place that names a plugin, taken over where nothing changed, closed where it fails."""

import timeit
from typing import Any

import pytest

from ostiary.config.checking import check_document
from ostiary.config.closed import ClosedPlugin
from ostiary.config.declaring import Registry
from ostiary.config.references import resolve_references
from ostiary.config.routes import Route
from ostiary.config.snapshot import Built, Snapshot, build_snapshot
from ostiary.plugin import Plugin, Services
from tests.fakes.plugin_types import FakeConfig, FakePlugin, FakePluginType, make_services, registry_of
from tests.fakes.restricting_types import RestrictingFake, RestrictingFakeType

FAKES: Registry = registry_of()
RESTRICTING: Registry = {"fake": RestrictingFakeType()}
UPSTREAM = {"nodes": {"a:80": 1}}


def build(tree: dict[str, Any], registry: Registry = FAKES, previous: Snapshot | None = None) -> Built:
    """Build what is written, as if it were to serve."""
    routes = [{"upstream": UPSTREAM, **route} for route in tree.get("routes", [])]
    checked = check_document(resolve_references({**tree, "routes": routes}, {}), registry)
    assert checked.document is not None
    built = build_snapshot(checked.document, make_services, previous)
    built.snapshot.take_effect()
    return built


def meet(built: Built, path: str, host: str = "h") -> Route:
    """What a request meets."""
    route = built.snapshot.router.find(host, path, "GET", "::1")
    assert route is not None
    return route


def only(route: Route) -> Plugin:
    """Its only plugin."""
    (plugin,) = route.plugins
    return plugin


def test_one_instance_serves_every_route_that_it_reaches() -> None:
    """And the requests that no route matches; it knows at which level it stands."""
    tree = {"instance": {"plugins": {"fake": {}}}, "routes": [{"uri": "/a", "name": "A"}, {"id": "b", "uri": "/b"}]}
    built = build(tree)
    plugin = only(meet(built, "/a"))

    assert plugin is only(meet(built, "/b")) is only(meet(built, "/nowhere"))
    assert isinstance(plugin, FakePlugin)
    assert ("instance", "instance") == (plugin.services.place.level, plugin.services.place.id)
    assert ["A", "b", ""] == [meet(built, path).name for path in ("/a", "/b", "/nowhere")]
    assert meet(built, "/nowhere").upstream is None
    assert 1 == len(built.snapshot.instances)


def multiply(count: int, levels: dict[str, Any]) -> Built:
    """As many routes, each with a path of its own, from one that was checked."""
    tree = {**levels, "routes": [{"uri": "/0/*", "upstream": UPSTREAM}]}
    document = check_document(resolve_references(tree, {}), FAKES).document
    assert document is not None
    (route,) = document.routes
    config = route.config
    routes = (
        route._replace(id=str(number), config=config.model_copy(update={"uri": f"/{number}/*"}))
        for number in range(count)
    )
    return build_snapshot(document._replace(routes=tuple(routes)), make_services)


def cost_of(built: Built, host: str) -> float:
    """Seconds that a look-up takes at best, as a request does it."""
    find = built.snapshot.router.find
    return min(timeit.repeat(lambda: find(host, "/7/orders/4711", "GET", "192.0.2.1"), number=2000, repeat=9))


@pytest.mark.parametrize("hosts", [[], ["h"]])
def test_a_hundred_thousand_routes_share_it_and_cost_a_request_what_ten_do(hosts: list[str]) -> None:
    """Memory and time of loading grow with routes; instances do not, and requests pay nothing for them."""
    domains = [{"hosts": hosts, "plugins": {"fake": {"secret": "of-the-domain"}}}] if hosts else []
    levels = {"instance": {"plugins": {"fake": {}}}, "domains": domains}
    few, many = multiply(10, levels), multiply(100_000, levels)

    assert 1 + len(hosts) == len(many.snapshot.instances)
    assert 1 == len({only(meet(many, f"/{number}/", "h")) for number in range(0, 100_000, 101)})
    assert 1 == len({only(meet(many, f"/{number}/", "other")) for number in range(0, 100_000, 101)})
    assert cost_of(many, "h") < 3 * cost_of(few, "h")  # a machine that others use: alike, not equal


def test_thousands_of_domains_cost_a_new_host_what_ten_do() -> None:
    """Whoever invents hosts finds no list that is walked through for each of them."""

    def cost(count: int) -> float:
        tree = {
            "instance": {"plugins": {"fake": {}}},
            "domains": [
                {"hosts": [f"h{n}.test", f"*.h{n}.test"], "plugins": {"fake": {"secret": f"of-domain-{n}"}}}
                for n in range(count)
            ],
            "routes": [{"uri": "/*"}],
        }
        (route,) = build(tree).snapshot.routes
        assert route.by_host is not None
        choose = route.by_host.choose
        return min(timeit.repeat(lambda: choose("nobody.knows.this.test"), number=500, repeat=9))

    assert cost(2000) < 4 * cost(10)


def test_the_host_decides_between_domains() -> None:
    """In every spelling that a request's canonical host can have; the same variant each time."""
    tree = {
        "domains": [{"hosts": ["*.example.com", "h"], "plugins": {"fake": {"secret": "of-the-domain"}}}],
        "instance": {"plugins": {"fake": {"secret": "of-the-instance"}}},
        "routes": [{"id": "a", "uri": "/a"}, {"id": "b", "uri": "/b", "host": "h"}],
    }
    built = build(tree)
    first = meet(built, "/a", "x.example.com")

    assert "fake of-the-domain" == only(first).fingerprint
    assert first is meet(built, "/a", "x.example.com")
    assert first.plugins == meet(built, "/a", "y.example.com").plugins
    assert built.snapshot.routes[0].origin is first.origin
    assert "fake of-the-instance" == only(meet(built, "/a", "example.com")).fingerprint
    assert meet(built, "/b").by_host is None
    assert only(meet(built, "/b")) is only(first) is only(meet(built, "/nowhere", "z.example.com"))


def test_a_services_plugins_know_the_hosts_and_paths_of_its_routes() -> None:
    """All of them together."""
    tree = {
        "services": [{"id": "s", "plugins": {"fake": {}}}],
        "routes": [{"id": "a", "uri": "/a", "host": "h", "service_id": "s"}, {"uri": "/b", "service_id": "s"}],
    }
    plugin = only(meet(build(tree), "/a"))

    assert isinstance(plugin, FakePlugin)
    place = plugin.services.place
    assert ("s", "service", ("h",), ("/a", "/b")) == (place.id, place.level, place.hosts, place.uris)


def test_an_instance_knows_whether_a_finer_level_names_its_plugin() -> None:
    """`oauth2` has to know it."""
    alone = only(meet(build({"instance": {"plugins": {"fake": {}}}, "routes": [{"uri": "/a"}]}), "/a"))
    tree = {"instance": {"plugins": {"fake": {}}}, "routes": [{"uri": "/a"}, {"uri": "/b", "plugins": {"fake": {}}}]}
    beside = only(meet(build(tree), "/a"))

    assert isinstance(alone, FakePlugin)
    assert isinstance(beside, FakePlugin)
    assert (False, True) == (alone.services.has_finer, beside.services.has_finer)


def test_a_route_that_is_off_is_no_finer_level() -> None:
    """It is as if it were not there: what guards every route unless a finer level speaks goes on doing so."""
    routes = [{"uri": "/a"}, {"uri": "/b", "plugins": {"fake": {}}, "status": 0}]
    plugin = only(meet(build({"instance": {"plugins": {"fake": {}}}, "routes": routes}), "/a"))

    assert isinstance(plugin, FakePlugin)
    assert not plugin.services.has_finer


def test_service_sources_are_known_by_name() -> None:
    """To plugins, which resolve nothing."""
    tree = {
        "service_sources": [{"name": "id", "type": "static", "domain": "127.0.0.1:9090", "port": 80}],
        "instance": {"plugins": {"fake": {}}},
        "routes": [{"uri": "/a"}],
    }
    plugin = only(meet(build(tree), "/a"))

    assert isinstance(plugin, FakePlugin)
    assert (("127.0.0.1", 9090),) == plugin.services.find_service("id.static")
    assert plugin.services.find_service("id.dns") is None


def test_a_restriction_shares_what_it_restricts() -> None:
    """One for each that it may restrict; nothing is declared twice."""
    tree = {
        "instance": {"plugins": {"fake": {"members": ["a", "b"]}}},
        "domains": [{"hosts": ["h"], "plugins": {"fake": {"members": ["a"]}}}],
        "routes": [{"uri": "/a", "plugins": {"fake": {"allow": ["a"]}}}, {"uri": "/b"}],
    }
    built = build(tree, RESTRICTING)
    on_h, elsewhere = only(meet(built, "/a", "h")), only(meet(built, "/a", "other"))

    assert () == built.problems
    assert isinstance(on_h, RestrictingFake)
    assert isinstance(elsewhere, RestrictingFake)
    assert (("a",), ("a", "b")) == (on_h.members, elsewhere.members)
    assert on_h.wider is only(meet(built, "/b", "h"))


def test_a_restriction_of_nothing_closes_its_route() -> None:
    """Nobody is let in because nobody was declared."""
    built = build({"routes": [{"uri": "/a", "plugins": {"fake": {"allow": ["a"]}}}]}, RESTRICTING)

    assert isinstance(only(meet(built, "/a")), ClosedPlugin)
    assert ["routes[0].plugins.fake"] == [problem.path for problem in built.problems]
    assert "write one into `instance`" in built.problems[0].problem


def test_nothing_is_restricted_at_the_instance() -> None:
    """The widest level is told so, and not sent to itself."""
    built = build({"instance": {"plugins": {"fake": {"allow": ["a"]}}}, "routes": [{"uri": "/a"}]}, RESTRICTING)

    assert isinstance(only(meet(built, "/a")), ClosedPlugin)
    assert "instance.plugins.fake" == built.problems[0].path
    assert "there is none above the instance: write it into routes" in built.problems[0].problem


def test_a_restriction_of_what_is_closed_is_closed() -> None:
    """Told once, at the wider level."""
    tree = {
        "instance": {"plugins": {"fake": {"members": 5}}},
        "routes": [{"uri": "/a", "plugins": {"fake": {"allow": ["a"]}}}],
    }
    built = build(tree, RESTRICTING)

    assert isinstance(only(meet(built, "/a")), ClosedPlugin)
    assert isinstance(only(meet(built, "/nowhere")), ClosedPlugin)
    assert () == built.problems  # the check has told it


def test_what_did_not_change_is_taken_over() -> None:
    """A restriction as long as what it restricts stays; a source or a finer rule that comes makes a new instance."""
    tree = {
        "instance": {"plugins": {"fake": {"members": ["a"]}}},
        "routes": [{"uri": "/a", "plugins": {"fake": {"allow": ["a"]}}}],
    }
    first = build(tree, RESTRICTING)
    same = build(tree, RESTRICTING, first.snapshot)
    changed = build({**tree, "instance": {"plugins": {"fake": {"members": ["a", "b"]}}}}, RESTRICTING, first.snapshot)

    assert only(meet(first, "/a")) is only(meet(same, "/a"))
    assert only(meet(first, "/a")) is not only(meet(changed, "/a"))
    assert "Instance(fake of 0)" in {repr(instance) for instance in first.snapshot.instances.values()}


class AskingType(FakePluginType):
    """Asks for a service while it is built."""

    def build(self, config: FakeConfig, services: Services) -> FakePlugin:
        """Ask, and build."""
        services.find_service("id.static")
        return super().build(config, services)


def test_a_service_that_moves_makes_new_instances_of_those_that_asked_for_it() -> None:
    """And of no others."""
    types: Registry = {"asks": AskingType("asks"), "fake": FakePluginType()}
    source = {"name": "id", "type": "static", "domain": "127.0.0.1:9090"}
    tree = {"instance": {"plugins": {"asks": {}, "fake": {}}}, "routes": [{"uri": "/a"}], "service_sources": [source]}
    other = {**source, "name": "other"}
    moved = {**source, "domain": "127.0.0.2:9090"}

    first = build(tree, types)
    beside = build({**tree, "service_sources": [source, other]}, types, first.snapshot)
    changed = build({**tree, "service_sources": [moved]}, types, beside.snapshot)

    assert meet(first, "/a").plugins == meet(beside, "/a").plugins
    assert ["id.static"] == [name for instance in first.snapshot.instances.values() for name in instance.found]
    assert [plugin in meet(beside, "/a").plugins for plugin in meet(changed, "/a").plugins] == [False, True]


def test_a_routes_claim_goes_before_a_domains_on_its_hosts() -> None:
    """The route takes every host, so the domain's is one of them; the domain is told."""

    def claim(secret: str) -> dict[str, Any]:
        return {"fake": {"claimed": "/cb", "secret": secret}}

    tree = {
        "domains": [{"hosts": ["d", "*.d"], "plugins": claim("of-the-domain")}],
        "routes": [
            {"id": "all", "uri": "/app/*", "plugins": claim("of-the-route")},
            {"id": "near", "uri": "/near", "host": "*.d", "plugins": claim("of-the-near-one")},
            {"id": "plain", "uri": "/plain"},
        ],
    }
    built = build(tree)

    assert () == built.problems
    found = {host: only(meet(built, "/cb", host)).fingerprint for host in ("h", "d", "x.d")}
    assert {"h": "fake of-the-route", "d": "fake of-the-route", "x.d": "fake of-the-near-one"} == found
    assert "fake of-the-domain" == only(meet(built, "/plain", "d")).fingerprint
    told = "domains[0].plugins.fake: `/cb` (callback, on d) is answered by routes[0].plugins.fake: write another path"
    assert told in built.snapshot.notices


def test_wider_claims_are_on_their_hosts_and_forward_nothing() -> None:
    """A route's own claim, and its exact path, go before."""
    tree = {
        "instance": {"plugins": {"fake": {"claimed": "/cb", "secret": "of-the-instance"}}},
        "domains": [{"hosts": ["d"], "plugins": {"fake": {"claimed": "/cb", "secret": "of-the-domain"}}}],
        "routes": [
            {"id": "all", "uri": "/*"},
            {"uri": "/own/*", "host": "o", "plugins": {"fake": {"claimed": "/cb", "secret": "of-the-route"}}},
        ],
    }  # fmt: skip
    built = build(tree)

    assert () == built.problems
    found = {host: meet(built, "/cb", host) for host in ("h", "d", "o")}
    assert {"h": "fake of-the-instance", "d": "fake of-the-domain", "o": "fake of-the-route"} == {
        host: only(route).fingerprint for host, route in found.items()
    }
    assert {None} == {route.upstream for route in found.values()}


def test_cookies_of_every_level_are_kept_from_upstreams() -> None:
    """Also of instances that no route names."""
    built = build({"instance": {"plugins": {"fake": {}}}})

    assert (b"fake_session", b"fake_flow_*") == built.snapshot.cookie_names


def test_a_plugin_knows_what_reaches_it() -> None:
    """Whatever the level, on the host in question."""
    built = build({"domains": [{"hosts": ["d"], "plugins": {"fake": {}}}], "routes": [{"uri": "/a"}]})
    reach = built.snapshot.reach
    fingerprint = only(meet(built, "/a", "d")).fingerprint

    assert reach.reaches("d", "/a", fingerprint)
    assert reach.reaches("d", "/nowhere", fingerprint)
    assert not reach.reaches("h", "/a", fingerprint)


def test_a_type_that_is_no_restricting_one_is_built_as_ever() -> None:
    """The finer replaces the wider whole."""
    types: Registry = registry_of(FakePluginType())
    tree = {
        "instance": {"plugins": {"fake": {}}},
        "routes": [{"uri": "/a", "plugins": {"fake": {"secret": "of-the-route"}}}],
    }

    assert "fake of-the-route" == only(meet(build(tree, types), "/a")).fingerprint
