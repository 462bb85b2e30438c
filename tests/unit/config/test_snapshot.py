"""Snapshots: compiled from a checked document, closed where a plugin is invalid, sharing what did not change."""

import gc
import weakref
from typing import Any

import pytest

from ostiary.config.checking import CheckedDocument, check_document
from ostiary.config.closed import ClosedPlugin
from ostiary.config.gateway import Door
from ostiary.config.references import resolve_references
from ostiary.config.snapshot import Built, Snapshot, build_snapshot
from ostiary.config.upstreams import UpstreamSpec
from ostiary.errors import OperatorFault
from ostiary.plugin import Plugin
from tests.fakes.plugin_types import FakePlugin, FakePluginType, make_services, registry_of
from tests.fakes.requests import make_request

UPSTREAM = {"nodes": {"a:80": 1}}
TYPES = registry_of(FakePluginType("late", 1), FakePluginType("early", 9), FakePluginType("fake", 5))


def document(*routes: dict[str, Any], **gateway: Any) -> CheckedDocument:
    """A document whose own models stand; its plugins need not."""
    tree = {
        "gateway": gateway,
        "routes": [{"upstream": UPSTREAM, **({} if "uris" in route else {"uri": "/"}), **route} for route in routes],
    }
    checked = check_document(resolve_references(tree, {}), TYPES)
    assert checked.document is not None
    return checked.document


def build(*routes: dict[str, Any], previous: Snapshot | None = None, **gateway: Any) -> Built:
    """Build what is written, as if it were to serve."""
    built = build_snapshot(document(*routes, **gateway), make_services, previous)
    built.snapshot.take_effect()
    return built


def build_tree(tree: dict[str, Any], previous: Snapshot | None = None) -> Built:
    """Build a whole document, and let it serve."""
    checked = check_document(resolve_references(tree, {}), TYPES)
    assert checked.document is not None
    built = build_snapshot(checked.document, make_services, previous)
    built.snapshot.take_effect()
    return built


def meet_plugins(built: Built, host: str) -> tuple[Plugin, ...]:
    """The plugins that a request for a host meets."""
    route = built.snapshot.router.find(host, "/", "GET", "")
    return () if route is None else route.plugins


def plugin_of(built: Built, route: int = 0) -> Plugin:
    """The first plugin of a route."""
    return built.snapshot.routes[route].plugins[0]


def test_an_empty_snapshot_finds_nothing() -> None:
    """Before the first configuration."""
    snapshot = Snapshot()

    assert snapshot.router.match("h", "/", "GET", "::1") is None
    assert (snapshot.routes, snapshot.cookie_names, snapshot.notices) == ((), (), ())
    assert snapshot.gateway.listen == (Door("127.0.0.1", 9080),)


def test_routes_become_objects_that_requests_meet() -> None:
    """With their plugins in the order of priority and their upstream as a value."""
    built = build(
        {"id": "a", "uri": "/a", "plugins": {"late": {}, "early": {}}, "allow_encoded_slash": True},
        {"id": "b", "uris": ["/b", "/c/*"], "host": "h", "methods": ["PUT"], "remote_addr": "10.0.0.0/8"},
        {"id": "off", "uri": "/off", "status": 0},
        {"id": "b2", "uri": "/b", "priority": 1},
    )
    snapshot = built.snapshot

    assert built.problems == ()
    assert [route.id for route in snapshot.routes] == ["a", "b", "b2"]
    first, second, _ = snapshot.routes
    assert [plugin.fingerprint.split()[0] for plugin in first.plugins] == ["early", "late"]
    assert first.requires_principal
    assert first.allow_encoded_slash
    assert not second.requires_principal
    assert second.upstream == UpstreamSpec(nodes=(("a", 80, 1),))
    assert snapshot.router.match("h", "/c/x", "PUT", "10.0.0.1") is second
    assert snapshot.router.match("h", "/c/x", "GET", "10.0.0.1") is None
    assert snapshot.router.match("h", "/c/x", "PUT", "11.0.0.1") is None
    assert snapshot.router.match("x", "/a", "GET", "11.0.0.1") is first
    assert snapshot.router.match("x", "/off", "GET", "11.0.0.1") is None
    assert snapshot.router.match("x", "/b", "GET", "11.0.0.1") is snapshot.routes[2]


def test_a_routes_time_limits_replace_its_upstreams() -> None:
    """As the reference says."""
    snapshot = build({"timeout": {"connect": 1, "send": 2, "read": 3}}).snapshot

    assert snapshot.routes[0].upstream == UpstreamSpec(
        nodes=(("a", 80, 1),), connect_timeout_s=1, send_timeout_s=2, read_timeout_s=3
    )


def test_a_route_of_plugins_only_forwards_nothing() -> None:
    """There is nothing to forward to."""
    built = build({"upstream": UPSTREAM})
    assert built.snapshot.routes[0].upstream is not None
    tree = {"routes": [{"uri": "/", "plugins": {"fake": {}}}]}
    checked = check_document(resolve_references(tree, {}), TYPES).document
    assert checked is not None
    assert build_snapshot(checked, make_services).snapshot.routes[0].upstream is None


def test_what_a_reload_replaces_goes_without_the_collector() -> None:
    """A gateway freezes what it built, so nothing in it may stand in a circle: each reload would stay for good."""
    plugins = {"fake": {"secret": "in-a-domain"}}
    tree = {"domains": [{"hosts": ["h"], "plugins": plugins}], "routes": [{"uri": "/*", "upstream": UPSTREAM}]}
    gone = []
    gc.disable()
    try:
        built = build_tree(tree)
        for host in ("h", "other"):
            gone += [weakref.ref(plugin) for plugin in meet_plugins(built, host)]
        plugins["fake"] = {"secret": "another-one"}
        built = build_tree(tree, built.snapshot)
        assert [None] == [found() for found in gone]
    finally:
        gc.enable()


def test_cookies_and_notices_of_plugins_are_collected() -> None:
    """Cookies once each, as bytes; notices with the place they speak of."""
    snapshot = build({"plugins": {"fake": {"verify": False}, "early": {}}}, {"uri": "/b"}).snapshot

    assert snapshot.cookie_names == (b"fake_session", b"fake_flow_*")
    assert snapshot.notices == ("routes[0].plugins.fake: verification is off",)
    assert build().snapshot.notices == ("no route is in use: every request is answered 404",)


def test_plugins_learn_their_place_and_the_public_url() -> None:
    """The route's id, hosts and paths."""
    built = build(
        {"id": "a", "hosts": ["H", "*.i"], "uri": "/b/*", "plugins": {"fake": {}}}, public_url="https://g.example/"
    )
    plugin = plugin_of(built)

    assert isinstance(plugin, FakePlugin)
    place = plugin.services.place
    assert (place.id, place.hosts, place.uris) == ("a", ("h", "*.i"), ("/b/*",))
    assert plugin.services.public_url == "https://g.example"


def test_claims_join_the_router_and_their_conflicts_are_problems() -> None:
    """A claimed path is reached; two different plugins cannot both have it."""
    one = {"id": "a", "uri": "/a", "plugins": {"fake": {"claimed": "/cb"}}}
    two = {"id": "b", "uri": "/b", "plugins": {"fake": {"claimed": "/cb", "secret": "another-one"}}}

    match = build(one).snapshot.router.match("h", "/cb", "POST", "::1")
    assert match is not None
    assert (match.id, match.upstream) == ("a", None)
    (problem,) = build(one, two).problems
    assert problem.path == "routes[1].plugins.fake"


def test_an_invalid_plugin_closes_its_route_and_no_other() -> None:
    """Whether unknown, misconfigured, refusing or broken."""
    built = build(
        {"uri": "/a", "plugins": {"faek": {}}},
        {"uri": "/b", "plugins": {"fake": {"timeout": 0}}},
        {"uri": "/c", "plugins": {"fake": {"cannot_work": True}}},
        {"uri": "/d", "plugins": {"fake": {"breaks": True}}},
        {"uri": "/e"},
    )

    *closed, still_open = built.snapshot.routes
    for route in closed:
        assert isinstance(route.plugins[0], ClosedPlugin)
        assert route.requires_principal
        with pytest.raises(OperatorFault, match="route_closed"):
            route.plugins[0].decide(make_request(), None, 0.0)
    assert still_open.plugins == ()
    assert [str(problem) for problem in built.problems] == [
        "routes[2].plugins.fake: the secret 0123456789 cannot work",
        "routes[3].plugins.fake: the plugin failed to start (RuntimeError); report this to its author",
    ]


def test_instances_whose_configuration_and_place_did_not_change_are_taken_over() -> None:
    """What they remember stays warm; whatever changed is built anew."""
    route = {"id": "a", "uri": "/a", "plugins": {"fake": {}}}
    first = build(route)
    previous = first.snapshot

    assert plugin_of(build({"uri": "/z"}, route, previous=previous), 1) is plugin_of(first)
    for changed in ({"plugins": {"fake": {"timeout": 4}}}, {"uri": "/b"}, {"id": "b"}, {"host": "h"}):
        assert plugin_of(build({**route, **changed}, previous=previous)) is not plugin_of(first)
    assert plugin_of(build(route, previous=previous, public_url="http://g")) is not plugin_of(first)
    assert plugin_of(build({**route, "upstream": {"nodes": {}}}, previous=previous)) is plugin_of(first)
    assert "0123456789" not in repr(previous.instances)


def test_a_plugin_of_another_type_is_not_taken_over() -> None:
    """The name may be the same."""
    checked = document({"plugins": {"fake": {}}})
    first = build_snapshot(checked, make_services)
    other = check_document(resolve_references({"routes": [{"uri": "/", "plugins": {"fake": {}}}]}, {}), registry_of())
    assert other.document is not None

    assert plugin_of(build_snapshot(other.document, make_services, first.snapshot)) is not plugin_of(first)


def test_plugins_reach_through_the_router_that_serves() -> None:
    """Also an instance that was taken over, and not before the new snapshot takes effect."""
    route = {"id": "a", "uri": "/a", "plugins": {"fake": {}}}
    first = build(route)
    plugin = plugin_of(first)
    assert isinstance(plugin, FakePlugin)
    reaches = plugin.services.reaches

    assert reaches("h", "/a", plugin.fingerprint)
    assert not reaches("h", "/a", "another")
    assert not reaches("h", "/b", plugin.fingerprint)
    both = document(route, {"id": "b", "uri": "/b", "plugins": {"fake": {}}}, {"uri": "/c", "methods": ["PUT"]})
    second = build_snapshot(both, make_services, first.snapshot).snapshot
    assert not reaches("h", "/b", plugin.fingerprint)
    second.take_effect()
    assert reaches("h", "/b", plugin.fingerprint)
    assert not reaches("h", "/c", plugin.fingerprint)


def test_a_route_may_ignore_the_case_of_its_paths() -> None:
    """That of ASCII letters."""
    router = build({"uri": "/Foo/*", "ignore_path_case": True}, {"uri": "/Bar"}).snapshot.router

    met = {path: router.match("h", path, "GET", "::1") is not None for path in ("/foo/x", "/FOO/x", "/Bar", "/bar")}

    assert {"/foo/x": True, "/FOO/x": True, "/Bar": True, "/bar": False} == met


def test_a_host_of_its_own_gets_no_wider_routes() -> None:
    """What its routes leave open is as where no route matches."""
    checked = document({"uri": "/a", "host": "h"}, {"uris": ["/*"]})

    router = build_snapshot(checked._replace(own_hosts=("h",)), make_services).snapshot.router

    rest, other = router.find("h", "/b", "GET", "::1"), router.find("i", "/b", "GET", "::1")
    assert rest is not None
    assert other is not None
    assert (None, "") == (rest.upstream, rest.name)
    assert other.upstream is not None


def test_what_closes_routes_is_told_apart() -> None:
    """Some may serve with closed routes, none with two that want the same path."""
    built = build(
        {"id": "a", "host": "h", "plugins": {"fake": {"cannot_work": True}}},
        {"id": "b", "uri": "/b", "host": "h", "plugins": {"early": {"claimed": "/callback", "secret": "0123456789"}}},
        {"id": "c", "uri": "/c", "host": "h", "plugins": {"late": {"claimed": "/callback", "secret": "9876543210"}}},
    )

    assert ["routes[0].plugins.fake"] == [problem.path for problem in built.closing]
    assert 2 == len(built.problems)
