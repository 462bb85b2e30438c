"""Policies at work: which instances a host meets."""

from ostiary.config.levels import (
    HostMemory,
    HostPolicies,
    Outcome,
    Outcomes,
    PolicyCompiler,
    RoutePlugins,
    list_outcomes,
)
from ostiary.config.scopes import Candidate, DeclaredPlugin, Policy, order_policy
from ostiary.plugin import Level, Plugin
from tests.fakes.plugin_types import FakeConfig, FakePluginType
from tests.fakes.restricting_types import RestrictingConfig, RestrictingFakeType
from tests.fakes.scripted_plugins import ScriptedPlugin


class Builder:
    """Makes a scripted plugin for each candidate, and remembers what it restricts."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], Plugin] = {}

    def __call__(self, candidate: Candidate, wider: Candidate | None) -> Plugin:
        return self.made.setdefault((candidate.place, "" if wider is None else wider.place), ScriptedPlugin())

    def name(self, plugin: Plugin) -> str:
        """Where it stands, and what it restricts."""
        return next(">".join(key).rstrip(">") for key, made in self.made.items() if made is plugin)


def candidate(level: Level, place: str, *hosts: str, priority: int = 10, restricts: bool = False) -> Candidate:
    """A candidate with a plugin."""
    if restricts:
        declared = DeclaredPlugin(place, "fake", RestrictingFakeType(), RestrictingConfig(allow=()))
    else:
        declared = DeclaredPlugin(place, "fake", FakePluginType("fake", priority), FakeConfig())
    return Candidate(level, place, hosts, declared)


def compile_all(policies: list[Policy], builder: Builder) -> RoutePlugins:
    """Compile the policies of the only route."""
    return PolicyCompiler().compile(policies, builder)


def off(*hosts: str) -> Candidate:
    """A place that switches the plugin off."""
    return Candidate("domain", "off", hosts, None)


def test_what_depends_on_no_host_is_settled() -> None:
    """In order of priority."""
    builder = Builder()
    early, late = candidate("route", "early", priority=9), candidate("instance", "late", priority=1)

    found = compile_all([Policy("late", (late,)), Policy("early", (early,))], builder)

    assert ["early", "late"] == [builder.name(plugin) for plugin in found.plugins]
    assert found.by_host is None


def test_the_first_candidate_that_fits_the_host_wins() -> None:
    """The others are built once, and met elsewhere."""
    builder = Builder()
    policy = order_policy("fake", [candidate("domain", "d", "h"), candidate("instance", "i")])

    found = compile_all([policy], builder)

    assert found.by_host is not None
    assert ["d"] == [builder.name(plugin) for plugin in found.by_host.choose("h")]
    assert ["i"] == [builder.name(plugin) for plugin in found.by_host.choose("other")]
    assert () == found.plugins, "before the host is known there is none"


def test_a_host_that_nothing_fits_has_no_plugin() -> None:
    """Nobody named one for it."""
    found = compile_all([Policy("fake", (candidate("domain", "d", "h"),))], Builder())

    assert found.by_host is not None
    assert () == found.by_host.choose("other")


def test_switching_off_wins_like_any_other() -> None:
    """It stands before what it switches off, for its hosts only."""
    builder = Builder()
    found = compile_all([order_policy("fake", [off("h"), candidate("instance", "i")])], builder)

    assert found.by_host is not None
    assert () == found.by_host.choose("h")
    assert ["i"] == [builder.name(plugin) for plugin in found.by_host.choose("other")]
    assert () == compile_all([Policy("fake", (off(),))], builder).plugins


def test_a_restriction_is_built_for_each_configuration_that_it_may_restrict() -> None:
    """The next that fits the host and stands for itself."""
    builder = Builder()
    policy = Policy(
        "fake",
        (candidate("route", "r", restricts=True), candidate("domain", "d", "h"), candidate("instance", "i")),
    )
    found = compile_all([policy], builder)

    assert found.by_host is not None
    assert ["r>d"] == [builder.name(plugin) for plugin in found.by_host.choose("h")]
    assert ["r>i"] == [builder.name(plugin) for plugin in found.by_host.choose("other")]


def test_a_restriction_of_nothing_is_built_as_such() -> None:
    """Whoever builds it closes the route; it is never left out."""
    builder = Builder()
    policy = Policy("fake", (candidate("route", "r", restricts=True), candidate("domain", "d", "h"), off()))

    assert 2 == len(list(list_outcomes(policy, builder)))
    assert [("r", "d"), ("r", "")] == list(builder.made)


def test_conditions_of_a_restriction_and_of_what_it_restricts_both_count() -> None:
    """A domain's restriction of another domain's configuration."""
    plugin = ScriptedPlugin()
    outcome = Outcome((("*.h",), ("a.h", "b.h")), plugin)

    assert outcome.fits("a.h")
    assert not outcome.fits("c.h")
    assert not outcome.fits("a")
    assert (plugin,) == HostPolicies([Outcomes([outcome])], HostMemory()).choose("b.h")


def test_what_routes_share_is_compiled_once() -> None:
    """A policy with something of a route's own is that route's."""
    compiler, shared = (
        PolicyCompiler(),
        order_policy("fake", [candidate("domain", "d", "h"), candidate("instance", "i")]),
    )
    asked: list[str] = []

    def build(candidate: Candidate, wider: Candidate | None) -> Plugin:
        asked.append(candidate.place)
        return ScriptedPlugin()

    for _ in range(3):
        compiler.compile([shared], build)
        compiler.compile([Policy("fake", (candidate("route", "r"),))], build)

    assert ["d", "i", "r", "r", "r"] == sorted(asked)


def test_hosts_are_remembered_up_to_a_number_for_all_routes_together() -> None:
    """Whoever invents hosts makes the gateway forget, not grow."""
    memory = HostMemory(max_hosts=3)
    one: dict[str, object] = {}
    other: dict[str, object] = {}

    memory.remember(one, "a", 1)
    memory.remember(other, "a", 2)
    memory.remember(one, "b", 3)
    assert ({"a": 1, "b": 3}, {"a": 2}) == (one, other)
    memory.remember(other, "c", 4)
    assert ({}, {"c": 4}) == (one, other)
    memory.remember(one, "d", 5)
    assert ({"d": 5}, {"c": 4}) == (one, other)
