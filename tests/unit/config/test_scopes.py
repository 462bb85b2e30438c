"""Levels: the order of candidates, and that no route loses or gains one by what was settled at load."""

import itertools
import timeit

from hypothesis import given
from hypothesis import strategies as st

from ostiary.config.host_index import fits_host
from ostiary.config.scopes import (
    Candidate,
    DeclaredPlugin,
    Policy,
    WiderLevels,
    is_restricting,
    narrow,
    order_policy,
    rank_host,
    spread_domains,
)
from ostiary.plugin import Level
from tests.fakes.plugin_types import FakeConfig, FakePluginType
from tests.fakes.restricting_types import RestrictingConfig, RestrictingFakeType

FAKE = FakePluginType()
HOSTS = ("a.example.com", "b.a.example.com", "example.com", "h", "x.h", "aexample.com")
PATTERNS = (*HOSTS, "*.example.com", "*.a.example.com", "*example.com", "*", "*.h")


def candidate(level: Level, place: str, *hosts: str, restricts: bool = False) -> Candidate:
    """A candidate with a plugin."""
    kind = RestrictingFakeType() if restricts else FAKE
    config = RestrictingConfig(allow=("a",)) if restricts else FakeConfig()
    return Candidate(level, place, hosts, DeclaredPlugin(place, "fake", kind, config), place)


def winner(policy: Policy, host: str) -> str:
    """Where the first that fits stands."""
    return next((each.place for each in policy.candidates if each.fits(host)), "")


def test_names_go_before_wildcards_and_the_longest_first() -> None:
    """DESIGN.md §7."""
    domains = [
        candidate("domain", "one", "*.example.com", "h"),
        candidate("domain", "two", "*.a.example.com", "a.example.com"),
    ]

    spread = spread_domains(domains)

    assert ["a.example.com", "h", "*.a.example.com", "*.example.com"] == [each.hosts[0] for each in spread]
    assert max(PATTERNS, key=rank_host) == "*"


def test_a_finer_level_replaces_a_wider_one_whole() -> None:
    """Route before service before domain before instance."""
    wider = WiderLevels([order_policy("fake", [candidate("domain", "d", "h"), candidate("instance", "i")])])

    (policy,) = wider.join([candidate("route", "r"), candidate("service", "s")], ())

    assert ["r"] == [each.place for each in policy.candidates]
    assert ["s", "d", "i"] == [each.place for each in policy.hidden]


def test_what_only_restricts_keeps_what_it_restricts() -> None:
    """All candidates behind it up to the first that stands for itself."""
    wider = WiderLevels([order_policy("fake", [candidate("domain", "d", "h"), candidate("instance", "i")])])

    (policy,) = wider.join([candidate("route", "r", restricts=True)], ())

    assert ["r", "d", "i"] == [each.place for each in policy.candidates]
    assert is_restricting(policy.candidates[0].plugin)
    assert not is_restricting(None)


def test_a_route_without_a_plugin_of_its_own_has_the_wider_ones() -> None:
    """Every policy of domains and instance reaches every route."""
    policy = order_policy("fake", [candidate("domain", "d", "h"), candidate("instance", "i")])
    wider = WiderLevels([policy])

    (found,) = wider.join([], ())
    (again,) = wider.join([], ())
    assert found is policy is again
    (one,) = wider.join([], ("h", "x.h"))
    (other,) = wider.join([], ("h", "x.h"))
    assert one is other, "routes of the same hosts share what is settled for them"
    assert ["d", "i"] == [each.place for each in one.candidates]


@given(
    domains=st.lists(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True), max_size=4),
    has_route=st.booleans(),
    has_instance=st.booleans(),
    route_hosts=st.lists(st.sampled_from(PATTERNS), max_size=3, unique=True),
    host=st.sampled_from(HOSTS),
)
def test_what_is_settled_at_load_is_what_a_naive_reading_says(
    domains: list[list[str]], has_route: bool, has_instance: bool, route_hosts: list[str], host: str
) -> None:
    """For every host that reaches the route: the finest level, and of domains the best pattern."""
    if route_hosts and not any(fits_host(pattern, host) for pattern in route_hosts):
        return
    declared = [candidate("domain", f"d{index}", *hosts) for index, hosts in enumerate(domains)]
    own = [candidate("route", "r")] if has_route else []
    last = [candidate("instance", "i")] if has_instance else []
    wider = WiderLevels([order_policy("fake", (*spread_domains(declared), *last))] if declared or last else [])

    policies = wider.join(own, route_hosts)

    found = winner(policies[0], host) if policies else ""
    assert found == _read_naively(domains, host, has_route=has_route, has_instance=has_instance)


def _read_naively(domains: list[list[str]], host: str, *, has_route: bool, has_instance: bool) -> str:
    if has_route:
        return "r"
    best: tuple[tuple[bool, int], int] | None = None
    for index, patterns in enumerate(domains):
        for pattern in patterns:
            is_met = host == pattern if "*" not in pattern else host.endswith(pattern[1:])
            if is_met and (best is None or ("*" in pattern, -len(pattern)) < best[0]):
                best = (("*" in pattern, -len(pattern)), index)
    if best is not None:
        return f"d{best[1]}"
    return "i" if has_instance else ""


def test_a_route_of_one_host_depends_on_no_host() -> None:
    """What always is met is for every host; what never is hides."""
    policy = order_policy(
        "fake", [candidate("domain", "d", "h"), candidate("domain", "e", "*"), candidate("instance", "i")]
    )

    narrowed = narrow(policy, ("h",))

    assert [("d", ())] == [(each.place, each.hosts) for each in narrowed.candidates]
    assert {"e", "i"} == {each.place for each in narrowed.hidden}


def test_a_route_of_a_wildcard_host_is_settled_where_a_pattern_holds_all_of_it() -> None:
    """A restriction there is never left without what it restricts."""
    domains = [candidate("domain", "d", "*.example.com", "a.test"), candidate("domain", "e", "x.example.com")]
    policy = order_policy("fake", spread_domains(domains))

    narrowed = narrow(policy, ("*.a.example.com",))
    partly = narrow(policy, ("*.a.example.com", "*"))

    assert [("d", ())] == [(each.place, each.hosts) for each in narrowed.candidates]
    assert ["e", "d", "d"] == [each.place for each in partly.candidates]
    assert not any(each.hosts == () for each in partly.candidates)


def test_a_route_of_a_wildcard_host_is_held_against_the_domains_near_it_only() -> None:
    """Thousands of domains elsewhere cost it nothing: a file of both is read in seconds."""

    def cost(count: int) -> float:
        domains = [candidate("domain", f"d{number}", f"*.d{number}.test") for number in range(count)]
        wider = WiderLevels([order_policy("fake", spread_domains(domains))])
        numbers = itertools.count()
        wider.join([], ("*.first.d1.test",))
        return min(timeit.repeat(lambda: wider.join([], (f"*.r{next(numbers)}.d1.test",)), number=20, repeat=9))

    assert cost(5000) < 10 * cost(10)


def test_an_unknown_plugin_goes_first_and_shows_no_secret() -> None:
    """It closes the route before another could open it."""
    unknown = DeclaredPlugin("routes[0].plugins.x", "x", None, None)

    assert unknown.priority > DeclaredPlugin("p", "fake", FAKE, FakeConfig()).priority
    assert "DeclaredPlugin(p)" == repr(DeclaredPlugin("p", "fake", FAKE, FakeConfig(secret="hushed-secret")))
    assert 10 == Policy("fake", (candidate("route", "r"),)).priority
