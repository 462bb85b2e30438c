"""Claimed paths: who gets them, who is told, and that they open nothing."""

from typing import Any

from ostiary.config.claims import Claimant, ClaimPlan, Owner, plan_claims
from ostiary.config.patterns import parse_networks
from ostiary.config.router import Entry, Router
from ostiary.config.routes import Route
from ostiary.config.upstreams import UpstreamSpec
from ostiary.plugin import Claim, Place
from tests.fakes.plugin_types import FakeConfig, FakePlugin, make_services

SPEC = UpstreamSpec(nodes=(("a", 80, 1),))


def owner(name: str, path: str, secret: str = "s-of-every", **config: Any) -> Owner:
    """A route with one plugin; `hosts`, `methods` and `networks` are its conditions."""
    conditions = {key: config.pop(key) for key in ("hosts", "methods", "networks") if key in config}
    services = make_services(Place(id=name), None, lambda *_: False)
    plugin = FakePlugin(FakeConfig(secret=secret, **config), services, "fake")
    return Owner(Entry(Route(name, (plugin,), SPEC), (path,), **conditions), (Claimant(plugin, f"{name}.fake"),))


def meet(plan: ClaimPlan, owners: list[Owner], path: str, method: str = "GET", **where: str) -> tuple[str, bool]:
    """Which route a request meets, and whether only because of a claim."""
    router = Router([*(each.entry for each in owners), *plan.entries])
    route = router.match(where.get("host", "h"), path, method, where.get("client", "192.0.2.1"))
    return ("", False) if route is None else (route.id, route.upstream is None)


def test_a_claimed_path_outside_the_route_is_reached_and_forwards_nothing() -> None:
    """The plugin answers there; what it lets pass goes nowhere."""
    owners = [owner("a", "/app/*", claimed="/callback"), owner("b", "/*", "another-one")]
    plan = plan_claims(owners)

    assert meet(plan, owners, "/callback") == ("a", True)
    assert meet(plan, owners, "/callback", "POST") == ("a", True)
    assert meet(plan, owners, "/callback/") == ("b", False)
    (entry,) = plan.entries
    assert entry.route.upstream is None
    assert entry.route.plugins == owners[0].entry.route.plugins
    assert (plan.problems, plan.notices) == ((), ())


def test_a_claimed_path_inside_the_route_is_the_route() -> None:
    """`/anything/callback` of `/anything/*` is forwarded when the plugin lets it pass."""
    owners = [owner("a", "/anything/*", claimed="/anything/callback"), owner("b", "/anything/c*", "another-one")]
    plan = plan_claims(owners)

    assert meet(plan, owners, "/anything/callback") == ("a", False)


def test_methods_of_the_route_do_not_keep_the_plugin_from_its_path() -> None:
    """A route for GET has its callback by POST, which forwards nothing."""
    owners = [owner("a", "/app/*", claimed="/app/callback", methods=frozenset(["GET"]))]
    plan = plan_claims(owners)

    assert meet(plan, owners, "/app/callback", "GET") == ("a", False)
    assert meet(plan, owners, "/app/callback", "POST") == ("a", True)
    assert meet(plan, owners, "/app/other", "POST") == ("", False)


def test_a_claim_is_for_the_routes_hosts_and_clients() -> None:
    """Whoever may not reach the route may not reach its callback."""
    owners = [owner("a", "/", claimed="/cb", hosts=("h", "*.i"), networks=parse_networks(["10.0.0.0/8"]))]
    plan = plan_claims(owners)

    assert meet(plan, owners, "/cb", client="10.0.0.1") == ("a", True)
    assert meet(plan, owners, "/cb", host="x.i", client="10.0.0.1") == ("a", True)
    assert meet(plan, owners, "/cb", host="x", client="10.0.0.1") == ("", False)
    assert meet(plan, owners, "/cb", client="11.0.0.1") == ("", False)


def test_an_exact_route_of_someone_else_keeps_its_path() -> None:
    """The claim's owner is told."""
    owners = [owner("a", "/app/*", claimed="/taken"), owner("b", "/taken", "another-one")]
    plan = plan_claims(owners)

    assert meet(plan, owners, "/taken") == ("b", False)
    assert plan.problems == ()
    assert plan.notices == ("a.fake: `/taken` (callback, on every host) is the path of route b and goes there",)


def test_an_exact_route_with_the_same_plugin_is_no_news() -> None:
    """Either answers alike."""
    assert plan_claims([owner("a", "/app/*", claimed="/cb"), owner("b", "/cb")]).notices == ()
    assert plan_claims([owner("a", "/cb", claimed="/cb")]).notices == ()


def test_two_typed_claims_of_different_plugins_are_a_problem() -> None:
    """It names both, and what to do."""
    plan = plan_claims([owner("a", "/a/*", claimed="/cb"), owner("b", "/b/*", "another-one", claimed="/cb")])

    (problem,) = plan.problems
    assert str(problem) == (
        "b.fake: `/cb` (callback, on every host) is also wanted by a.fake, whose configuration differs; "
        "give each its own path, or its own host"
    )


def test_a_claim_may_know_better_what_helps() -> None:
    """Its own remedy is told."""
    owners = [owner("a", "/a/*", claimed="/cb"), owner("b", "/b/*", "another-one", claimed="/cb")]
    (plugin,) = owners[1].entry.route.plugins
    assert isinstance(plugin, FakePlugin)
    plugin.claims = (Claim("/cb", "logout", remedy="write it once"),)

    assert str(plan_claims(owners).problems[0]).endswith("; write it once")


def test_hosts_keep_claims_apart() -> None:
    """The same path on two hosts is two paths."""
    one = owner("a", "/a/*", claimed="/cb", hosts=("a.example",))
    two = owner("b", "/b/*", "another-one", claimed="/cb", hosts=("b.example",))

    assert plan_claims([one, two]).problems == ()
    both = owner("c", "/c/*", "a-third-one", claimed="/cb", hosts=("b.example", "c.example"))
    (problem,) = plan_claims([one, two, both]).problems
    assert "on b.example" in problem.problem


def test_a_domain_makes_no_route_known_on_hosts_that_are_not_the_routes() -> None:
    """A route goes before a domain on the domain's hosts that are its own, and is met on no other because of it."""
    route = owner("a", "/*", claimed="/cb", hosts=("a.test",))
    domain = owner("", "/*", "the-domains-own", claimed="/cb", hosts=("*a.test",))
    owners = [route, domain._replace(entry=domain.entry._replace(paths=()), is_wider=True)]
    wide = [owner("b", "/*", claimed="/cb", hosts=("*test",)), owners[1]]

    assert meet(plan_claims(owners), owners, "/cb", host="a.test") == ("a", False)
    assert meet(plan_claims(owners), owners, "/cb", host="xa.test") == ("", True)
    assert meet(plan_claims(wide), wide, "/cb", host="xa.test") == ("b", False)


def test_claims_of_equal_plugins_are_shared() -> None:
    """Two routes of one configuration have one callback; each keeps its clients."""
    owners = [
        owner("a", "/a/*", claimed="/cb", networks=parse_networks(["10.0.0.0/8"])),
        owner("b", "/b/*", claimed="/cb", networks=parse_networks(["11.0.0.0/8"])),
    ]
    plan = plan_claims(owners)

    assert (plan.problems, plan.notices) == ((), ())
    assert meet(plan, owners, "/cb", client="10.0.0.1") == ("a", True)
    assert meet(plan, owners, "/cb", client="11.0.0.1") == ("b", True)


def test_a_default_gives_way_to_what_was_typed_and_says_so() -> None:
    """Also where the default stands first."""
    owners = [owner("a", "/a/*", default_claim="/out"), owner("b", "/b/*", "another-one", claimed="/out")]
    plan = plan_claims(owners)

    assert meet(plan, owners, "/out") == ("b", True)
    assert plan.problems == ()
    assert plan.notices == ("a.fake: `/out` (logout, on every host) is answered by b.fake: write another path",)


def test_of_two_defaults_the_first_stays() -> None:
    """And the other is told."""
    owners = [owner("a", "/a/*", default_claim="/out"), owner("b", "/b/*", "another-one", default_claim="/out")]
    plan = plan_claims(owners)

    assert meet(plan, owners, "/out") == ("a", True)
    assert len(plan.notices) == 1
    assert plan.notices[0].startswith("b.fake: ")


def test_a_route_that_ignores_case_covers_what_it_matches() -> None:
    """The claimed path is the route itself there."""
    found = owner("a", "/App/*", claimed="/app/callback")
    blind = found._replace(entry=found.entry._replace(ignores_case=True))

    assert meet(plan_claims([blind]), [blind], "/app/callback") == ("a", False)
    assert meet(plan_claims([found]), [found], "/app/callback") == ("a", True)
