"""Which rule a request meets: the first in the list, as the original does it; tried against a plain reading of that."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.config.higress.destinations import RoutedService
from ostiary.config.higress.rules import Conditions, PluginRules, RouteFacts, Rule, fits_service
from ostiary.config.host_index import fits_host
from ostiary.config.scopes import Candidate, DeclaredPlugin
from ostiary.config.service_sources import ServiceSource
from tests.fakes.counting import count_calls
from tests.fakes.restricting_types import RestrictingConfig, RestrictingFakeType

SOURCE = ServiceSource.model_validate({"name": "x", "type": "static", "domain": "10.0.0.7:80"})


def service(name: str, port: int = 443) -> RoutedService:
    """A service behind a route."""
    return RoutedService(name, port, SOURCE)


def declare(place: str, *, allow: bool = False) -> DeclaredPlugin:
    """A configuration that can be told from others."""
    config = RestrictingConfig(allow=("a",)) if allow else RestrictingConfig(members=(place,))
    return DeclaredPlugin(place, "fake", RestrictingFakeType(), config)


def rule(place: str, *, off: bool = False, allow: bool = False, **conditions: Any) -> Rule:
    """A rule with these conditions."""
    return Rule(place, Conditions(**conditions), None if off else declare(place, allow=allow))


def instance(place: str = "instance") -> Candidate:
    """What holds where no rule fits."""
    return Candidate("instance", place, (), declare(place), "instance")


ROUTE = RouteFacts("shop/orders", (service("apps.dns"),))


# ------------------------------------------------------------------------------------------------ one rule


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Conditions(routes=("shop/orders",)), ()),
        (Conditions(routes=("orders",)), None),
        (Conditions(prefixes=("shop/",)), ()),
        (Conditions(prefixes=("team/",)), None),
        (Conditions(services=(("apps.dns", None),)), ()),
        (Conditions(services=(("apps.dns", 443),)), ()),
        (Conditions(services=(("apps.dns", 80),)), None),
        (Conditions(services=(("other.dns", None), ("apps.dns", None))), ()),
        (Conditions(routes=("shop/orders",), services=(("apps.dns", None),)), ()),
        (Conditions(routes=("shop/orders",), services=(("other.dns", None),)), None),
        (Conditions(routes=("other",), services=(("apps.dns", None),)), None),
        (Conditions(domains=("*.a.b", "x.y")), ("*.a.b", "x.y")),
        (Conditions(domains=("x.y", "*")), ()),
    ],
)
def test_conditions_hold_on_a_route_for_some_hosts(conditions: Conditions, expected: tuple[str, ...] | None) -> None:
    """All of them, some, or none; route and service together both have to fit."""
    assert expected == conditions.meet(ROUTE)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Conditions(routes=("shop/orders",)), None),
        (Conditions(prefixes=("",)), None),
        (Conditions(services=(("apps.dns", None),)), None),
        (Conditions(domains=("a.b",)), ("a.b",)),
    ],
)
def test_where_no_route_matched_only_domains_count(conditions: Conditions, expected: tuple[str, ...] | None) -> None:
    """There is no name and no service."""
    assert expected == conditions.meet(None)


EVERYTHING = Conditions(("r",), ("p",), (("s", None),), ("d",))


@pytest.mark.parametrize(
    ("plugin", "conditions", "kept", "ignored"),
    [
        ("oauth2", EVERYTHING, ("routes", "services"), {"prefixes", "domains"}),
        ("oidc", EVERYTHING, ("routes", "services"), {"prefixes", "domains"}),
        ("oauth2", EVERYTHING._replace(services=()), ("routes",), {"prefixes", "domains"}),
        ("oauth2", EVERYTHING._replace(routes=()), ("prefixes",), {"services", "domains"}),
        ("oauth2", EVERYTHING._replace(routes=(), prefixes=()), ("services",), {"domains"}),
        ("oidc", EVERYTHING._replace(routes=()), ("domains",), {"services", "prefixes"}),
        ("oidc", EVERYTHING._replace(routes=(), domains=()), ("services",), {"prefixes"}),
        ("oidc", Conditions(prefixes=("p",)), ("prefixes",), set()),
    ],
)
def test_a_rule_looks_at_one_thing(
    plugin: str, conditions: Conditions, kept: tuple[str, ...], ignored: set[str]
) -> None:
    """Which one is the original's, and differs between the languages of the two plugins."""
    settled, left = conditions.settle(plugin)

    assert kept == tuple(name for name in settled._fields if getattr(settled, name))
    assert ignored == set(left)


def test_a_rule_stands_at_a_level() -> None:
    """For `explain`, and for plugins to whom it matters."""
    each = (Conditions(("x",)), Conditions((), ("x",)), Conditions((), (), (("x", None),)), Conditions(domains=("x",)))
    levels = [conditions.level for conditions in each]

    assert ["route", "route", "service", "domain"] == levels


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [(("qwen.dns", None), True), (("qwen.dns", 443), True), (("moonshot.dns", 443), False), (("qwen.dns", 80), False)],
)
def test_a_service_is_named_with_its_port_or_without(pattern: tuple[str, int | None], expected: bool) -> None:
    """The port is the one that the Ingress names."""
    assert expected == fits_service((pattern,), service("qwen.dns"))


# ------------------------------------------------------------------------------------------- against a plain reading


def winners(policy_of: PluginRules, route: RouteFacts | None, host: str) -> str | None:
    """What the policy comes to on a host: where it stands, `off`, or None."""
    policy = policy_of.apply(route)
    found = next((candidate for candidate in policy.candidates if candidate.fits(host)), None)
    if found is None:
        return None
    return "off" if found.plugin is None else found.place


def read_plainly(rules: PluginRules, route: RouteFacts | None, host: str) -> str | None:
    """The first rule that matches, in the order of the list; else the instance (higress-behaviour, 3.2)."""
    for each in rules.rules:
        of = each.conditions
        named = route is not None and route.name in of.routes
        routed = route is not None and any(
            (one.name, port) in of.services for one in route.services for port in (None, one.port)
        )
        if of.routes and of.services:
            matches = named and routed
        elif of.routes:
            matches = named
        elif of.prefixes:
            matches = route is not None and any(route.name.startswith(prefix) for prefix in of.prefixes)
        elif of.services:
            matches = routed
        else:
            matches = any(
                pattern == "*"
                or (pattern[0] == "*" and host.endswith(pattern[1:]))
                or (pattern[-1] == "*" and host.startswith(pattern[:-1]))
                or pattern == host
                for pattern in of.domains
            )
        if matches:
            return "off" if each.plugin is None else each.place
    return None if rules.instance is None else rules.instance.place


NAMES = ["orders", "shop/orders", "shop/ledger"]
SERVICES = ["apps.dns", "auth.dns"]
HOSTS = ["a.b", "x.a.b", "y.x.a.b", "www.c.d", "xa.b"]
PATTERNS = ["a.b", "*.a.b", "*a.b", "*.x.a.b", "www.*", "x*", "*", "x.a.b"]


def some(values: list[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """One or two of these."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple)


SERVICE_PATTERNS: list[Any] = [(name, port) for name in SERVICES for port in (None, 443, 80)]
CONDITIONS = st.one_of(
    some(NAMES).map(lambda names: Conditions(routes=names)),
    some(["shop/", "sh", "orders"]).map(lambda prefixes: Conditions(prefixes=prefixes)),
    some(SERVICE_PATTERNS).map(lambda services: Conditions(services=services)),
    some(PATTERNS).map(lambda domains: Conditions(domains=domains)),
    st.tuples(some(NAMES), some(SERVICE_PATTERNS)).map(lambda both: Conditions(routes=both[0], services=both[1])),
)
RULES = st.lists(st.tuples(CONDITIONS, st.booleans()), max_size=6)


@settings(max_examples=400)
@given(
    RULES,
    st.booleans(),
    st.none() | st.builds(RouteFacts, st.sampled_from(NAMES), st.sampled_from(SERVICES).map(lambda s: (service(s),))),
    st.sampled_from(HOSTS),
)
def test_the_first_rule_that_fits_wins(
    written: list[tuple[Conditions, bool]], has_instance: bool, route: RouteFacts | None, host: str
) -> None:
    """Candidates by host, settled beforehand, say what a walk down the list says."""
    rules = tuple(
        Rule(f"rule {index}", conditions, declare(f"rule {index}") if is_on else None)
        for index, (conditions, is_on) in enumerate(written)
    )
    plugin = PluginRules("fake", rules, instance() if has_instance else None)

    assert read_plainly(plugin, route, host) == winners(plugin, route, host)


@settings(max_examples=200)
@given(RULES, st.sampled_from(HOSTS), st.sampled_from(NAMES))
def test_a_route_with_a_host_of_its_own_is_settled(
    written: list[tuple[Conditions, bool]], host: str, name: str
) -> None:
    """What its host decides depends on no host any more."""
    rules = tuple(
        Rule(f"rule {index}", conditions, declare(f"rule {index}") if is_on else None)
        for index, (conditions, is_on) in enumerate(written)
    )
    plugin = PluginRules("fake", rules, instance())
    route = RouteFacts(name, (service("apps.dns"),))
    policy = plugin.apply(route, (host,))

    assert not policy.candidates[0].hosts
    expected = read_plainly(plugin, route, host)
    found = policy.candidates[0]
    assert expected == ("off" if found.plugin is None else found.place)


@settings(max_examples=200)
@given(RULES, st.sampled_from(["*.a.b", "*a.b", "*.x.a.b", "*.d", "*"]), st.sampled_from(HOSTS), st.booleans())
def test_a_route_with_a_wildcard_host_decides_by_host(
    written: list[tuple[Conditions, bool]], pattern: str, host: str, has_instance: bool
) -> None:
    """What no host of it meets is gone, and the rest says what a walk down the list says."""
    if not fits_host(pattern, host):
        return
    rules = tuple(
        Rule(f"rule {index}", conditions, declare(f"rule {index}") if is_on else None)
        for index, (conditions, is_on) in enumerate(written)
    )
    plugin = PluginRules("fake", rules, instance() if has_instance else None)
    route = RouteFacts("orders", (service("apps.dns"),))
    policy = plugin.apply(route, (pattern,))

    assert all(candidate.may_meet((pattern,)) for candidate in policy.candidates)
    found = next((candidate for candidate in policy.candidates if candidate.fits(host)), None)
    expected = read_plainly(plugin, route, host)
    assert expected == (None if found is None else "off" if found.plugin is None else found.place)


def test_routes_that_only_domains_reach_have_one_policy() -> None:
    """So that it is compiled once, however many they are."""
    plugin = PluginRules("fake", (rule("d", domains=("*.a.b",)), rule("r", routes=("one",))), instance())
    routes = [RouteFacts(name, (service("apps.dns"),)) for name in ("two", "three")]

    assert plugin.apply(routes[0], ("*.b",)) is plugin.apply(routes[1], ("*.b",))
    assert plugin.apply(routes[0]) is plugin.apply(None)


BY_NUMBER: dict[str, Callable[[int], dict[str, Any]]] = {
    "name": lambda number: {"routes": (f"r{number}",)},
    "beginning": lambda number: {"prefixes": (f"r{number}-",)},
    "service": lambda number: {"services": ((f"s{number}.dns", None),)},
    "both": lambda number: {"routes": (f"r{number}-",), "services": ((f"s{number}.dns", 443),)},
    "domain": lambda number: {"domains": (f"h{number}.example.com",)},
    "wildcard": lambda number: {"domains": (f"*.{number}.example.com",)},
}


@pytest.mark.parametrize("kind", BY_NUMBER)
@pytest.mark.parametrize("pattern", ["h{}.example.com", "*.{}.example.com", ""])
def test_a_route_costs_what_reaches_it_and_not_what_there_is(kind: str, pattern: str) -> None:
    """Counted in calls: four times as many rules and routes are four times the work; without a host some have all."""

    def apply_all(count: int) -> None:
        rules = tuple(rule(f"rule {number}", **BY_NUMBER[kind](number)) for number in range(count))
        plugin = PluginRules("fake", rules, instance())
        for number in range(count):
            route = RouteFacts(f"r{number}-", (service(f"s{number}.dns"),))
            plugin.apply(route, (pattern.format(number),) if pattern else ())

    assert count_calls(lambda: apply_all(400)) < 4.4 * count_calls(lambda: apply_all(100))


# -------------------------------------------------------------------------------------------- what only restricts


def test_a_rule_that_only_restricts_restricts_the_instance() -> None:
    """Whatever stands between them in the list."""
    plugin = PluginRules(
        "fake",
        (
            rule("allow", domains=("*.a.b",), allow=True),
            rule("other", routes=("shop/orders",)),
        ),
        instance(),
    )

    policy = plugin.apply(ROUTE, ("x.a.b",))

    assert ["allow", "instance"] == [candidate.place for candidate in policy.candidates]


def test_the_scope_says_what_won() -> None:
    """The route, the service or the domains."""
    plugin = PluginRules(
        "fake",
        (rule("d", domains=("a.b", "*.c")), rule("s", services=(("apps.dns", None),)), rule("r", prefixes=("shop",))),
        instance(),
    )

    policy = plugin.apply(ROUTE)
    scopes = {candidate.place: candidate.scope for candidate in (*policy.candidates, *policy.hidden)}

    assert {"d": "a.b, *.c", "s": "apps.dns", "r": "shop/orders", "instance": "instance"} == scopes


def test_all_configurations_of_a_plugin_can_be_asked_for() -> None:
    """Those of rules and of the instance; a rule that switches off has none."""
    plugin = PluginRules("fake", (rule("a", domains=("x",)), rule("b", domains=("y",), off=True)), instance())

    assert ["a", "instance"] == [declared.path for declared in plugin.plugins]
