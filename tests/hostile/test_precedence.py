"""Which level's plugin a request meets: the compiled answer is the one that the rules give when read out naively.

Documents are generated: routes and services with and without plugins, overlapping domains, an instance. The reference
below knows nothing of policies, variants and memory; it walks through what was written.
"""

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.config.loading import load_content
from ostiary.config.snapshot import Snapshot
from ostiary.plugin import Plugin, Services
from tests.fakes.plugin_types import FakeConfig, FakePlugin, FakePluginType, make_services

PATTERNS = ("*", "*.a.test", "*.b.a.test", "*a.test", "*st", "a.test", "b.a.test", "c.b.a.test", "xa.test")
HOSTS = (
    *("a.test", "b.a.test", "c.b.a.test", "d.c.b.a.test", "xa.test", "x.a.test", "est", "st", "t", "other", "[::1]"),
)
NAMES = ("fake", "late")
UPSTREAM = {"nodes": {"a:80": 1}}


class Restriction(FakePlugin):
    """Restricts another one."""

    def __init__(self, config: FakeConfig, services: Services, name: str, wider: Plugin) -> None:
        """Remember which."""
        super().__init__(config, services, name)
        self.wider = wider


class FakeRestrictingType(FakePluginType):
    """Implements `ostiary.plugin.RestrictingType`: a configuration with `mode: deny` only restricts."""

    def restricts(self, config: FakeConfig) -> bool:
        """Say whether it does."""
        return config.mode == "deny"

    def restrict(self, config: FakeConfig, wider: Plugin, services: Services) -> Restriction:
        """Make one."""
        return Restriction(config, services, self.name, wider)


TYPES = {name: FakeRestrictingType(name, priority) for priority, name in enumerate(NAMES)}

plugins = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["auth", "auth", "deny"]), max_size=2)
patterns = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document whose plugins each have a secret of their own: the place where they stand."""

    def write(place: str) -> dict[str, Any]:
        return {
            name: {"secret": f"{place} {name} 12345678", "mode": mode, "timeout": 2}
            for name, mode in draw(plugins).items()
        }

    services = [{"id": f"s{index}", "upstream": UPSTREAM, "plugins": write(f"s{index}")} for index in range(2)]
    for service in services:
        if draw(st.booleans()):
            service["hosts"] = draw(patterns)
    routes = []
    for index in range(draw(st.integers(1, 3))):
        route: dict[str, Any] = {"id": f"r{index}", "uri": f"/{index}", "plugins": write(f"r{index}")}
        if draw(st.booleans()):
            route["service_id"] = draw(st.sampled_from(["s0", "s1"]))
        else:
            route["upstream"] = UPSTREAM
        if draw(st.booleans()):
            route["hosts"] = draw(patterns)
        routes.append(route)
    domains: list[dict[str, Any]] = []
    free = list(PATTERNS)
    for index in range(draw(st.integers(0, 3))):
        hosts = draw(st.lists(st.sampled_from(free), min_size=1, max_size=3, unique=True)) if free else []
        free = [pattern for pattern in free if pattern not in hosts]
        if hosts:
            domains.append({"hosts": hosts, "plugins": write(f"d{index}")})
    instance = {
        name: {"secret": f"instance {name} 12345678", "timeout": 2}
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    }
    return {"routes": routes, "services": services, "domains": domains, "instance": {"plugins": instance}}


def fits(pattern: str, host: str) -> bool:
    """The rule for host patterns, as the documentation says it."""
    return host.endswith(pattern[1:]) if pattern.startswith("*") else host == pattern


def service_of(document: dict[str, Any], route: dict[str, Any]) -> dict[str, Any]:
    """The service that a route names, or one that says nothing."""
    named = (each for each in document["services"] if each["id"] == route.get("service_id"))
    return next(named, {"plugins": {}})


def name_candidates(document: dict[str, Any], route: dict[str, Any] | None, host: str, name: str) -> list[Any]:
    """What is written for a plugin, finest first: route, service, the domains that fit best, instance."""
    places: list[dict[str, Any]] = [] if route is None else [route, service_of(document, route)]
    fitting = [
        ("*" in pattern, -len(pattern), index)
        for index, domain in enumerate(document["domains"])
        for pattern in domain["hosts"]
        if fits(pattern, host)
    ]
    places += [document["domains"][index] for _, _, index in sorted(fitting)]
    places.append(document["instance"])
    return [place["plugins"][name] for place in places if name in place["plugins"]]


def expect(document: dict[str, Any], route: dict[str, Any] | None, host: str) -> list[Any]:
    """The secrets of the plugins that decide, each with the one that it restricts; None where that is nothing."""
    expected = []
    for name in reversed(NAMES):
        found = name_candidates(document, route, host, name)
        if not found:
            continue
        wider = [written["secret"] for written in found if written.get("mode") != "deny"]
        is_restricting = found[0].get("mode") == "deny"
        expected.append((found[0]["secret"], (wider or [None])[0] if is_restricting else None, is_restricting))
    return expected


def tell(plugin: Plugin) -> tuple[str, str | None, bool]:
    """What an instance was made of, in the words of `expect`."""
    assert isinstance(plugin, FakePlugin)
    if isinstance(plugin, Restriction):
        assert isinstance(plugin.wider, FakePlugin)
        return plugin.config.secret, plugin.wider.config.secret, True
    return plugin.config.secret, None, False


def load(document: dict[str, Any]) -> tuple[Snapshot | None, list[str]]:
    """Load a document as from a file."""
    loaded = load_content(yaml.safe_dump(document).encode(), {}, TYPES, make_services)
    return loaded.snapshot, [problem.problem for problem in loaded.problems]


@settings(max_examples=300, deadline=None)
@given(documents())
def test_every_request_meets_what_the_rules_say(document: dict[str, Any]) -> None:
    """Of every host, on every route and on none; a restriction of nothing is a problem wherever a host may meet it."""
    snapshot, problems = load(document)
    if snapshot is None:
        assert all(problem.startswith("this only restricts a wider level's configuration") for problem in problems)
        return
    for host in (*HOSTS, *HOSTS):
        for index, route in enumerate(document["routes"]):
            hosts = route.get("hosts") or service_of(document, route).get("hosts") or ["*"]
            if not any(fits(pattern, host) for pattern in hosts):
                continue
            met = snapshot.router.find(host, f"/{index}", "GET", "192.0.2.1")
            assert met is not None
            assert f"r{index}" == met.id
            expected = expect(document, route, host)
            assert expected == [tell(plugin) for plugin in met.plugins], (host, index)
            assert all(wider is not None for _, wider, is_restricting in expected if is_restricting)
        met = snapshot.router.find(host, "/nowhere", "GET", "192.0.2.1")
        assert expect(document, None, host) == ([] if met is None else [tell(plugin) for plugin in met.plugins]), host


@settings(max_examples=100, deadline=None)
@given(documents())
def test_each_place_has_one_instance(document: dict[str, Any]) -> None:
    """However many routes and hosts it reaches; a restriction has one for each that it restricts."""
    snapshot, _ = load(document)
    if snapshot is None:
        return
    instances: dict[Any, Plugin] = {}
    for host in HOSTS:
        for path in ("/0", "/1", "/2", "/nowhere"):
            met = snapshot.router.find(host, path, "GET", "192.0.2.1")
            for plugin in () if met is None else met.plugins:
                assert instances.setdefault(tell(plugin), plugin) is plugin
