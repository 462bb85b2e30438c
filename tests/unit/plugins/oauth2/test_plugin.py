"""`oauth2`: the decision table of levels, `global_auth`, `allow` and the token endpoint."""

from typing import Any

import pytest

from ostiary.config.closed import ClosedPlugin
from ostiary.errors import OperatorFault
from ostiary.plugin import Admit, Level, Pass, Place, Plugin, Reply, RestrictingType
from ostiary.plugins.oauth2 import plugin_type
from ostiary.plugins.oauth2.plugin import OAuth2
from tests.fakes.machine_tokens import (
    CLIENT_ID,
    CREDENTIALS,
    NAME,
    OTHER_ID,
    OTHER_NAME,
    OTHER_SECRET,
    SAMPLE_TOKEN,
    SECRET,
    TokenWorld,
    make_token,
    token_of,
)

CONSUMERS = [
    {"name": NAME, "client_id": CLIENT_ID, "client_secret": SECRET},
    {"name": OTHER_NAME, "client_id": OTHER_ID, "client_secret": OTHER_SECRET},
]
OTHER_TOKEN = make_token(OTHER_SECRET, client_id=OTHER_ID, sub=OTHER_NAME)
TOKEN_PATH = f"/oauth2/token?{CREDENTIALS}"


def build(
    world: TokenWorld, level: Level = "instance", *, has_finer: bool = False, place_id: str = "p1", **attributes: Any
) -> OAuth2:
    """Build a rule with the document's two consumers."""
    config = plugin_type.config.model_validate({"consumers": CONSUMERS} | attributes)
    return plugin_type.build(config, world.services(Place(id=place_id, level=level), has_finer=has_finer))


def restrict(world: TokenWorld, wider: Plugin, allow: list[str], level: Level = "route") -> OAuth2:
    """Restrict a rule to some consumers."""
    config = plugin_type.config.model_validate({"allow": allow})
    assert plugin_type.restricts(config)
    return plugin_type.restrict(config, wider, world.services(Place(id="r1", level=level)))


def visit(
    world: TokenWorld, plugin: Plugin, target: str = "/orders", *, token: str | None = None, route: str = "route-a"
) -> str:
    """Send one request; say what becomes of it."""
    verdict = plugin.decide(world.request("GET", target, token=token, route=route), None, world.clock.now())
    if isinstance(verdict, Reply):
        return f"{verdict.status} {verdict.reason}"
    assert isinstance(verdict, Admit | Pass)
    return type(verdict).__name__


def refusal(work: Any) -> OperatorFault:
    """Return the fault with which a rule cannot be built."""
    with pytest.raises(OperatorFault) as caught:
        work()
    return caught.value


def test_the_type_is_registered_under_its_name() -> None:
    """Higress's name and priority; it restricts."""
    assert ("oauth2", 350) == (plugin_type.name, plugin_type.priority)
    assert isinstance(plugin_type, RestrictingType)


@pytest.mark.parametrize(
    ("global_auth", "has_finer", "visits", "issues", "issues_nowhere"),
    [
        (True, False, "401 token_missing", "200 token_issued", "200 token_issued"),
        (True, True, "401 token_missing", "200 token_issued", "200 token_issued"),
        (None, False, "401 token_missing", "200 token_issued", "200 token_issued"),
        (None, True, "Pass", "Pass", "200 token_issued"),
        (False, True, "Pass", "Pass", "200 token_issued"),
        (False, False, "Pass", "200 token_issued", "200 token_issued"),
    ],
)
def test_global_auth_says_where_the_instance_is_in_force(
    global_auth: bool | None, has_finer: bool, visits: str, issues: str, issues_nowhere: str
) -> None:
    """Everywhere, or where a finer rule is; the token endpoint is always there where no route was matched."""
    world = TokenWorld()
    written: dict[str, Any] = {} if global_auth is None else {"global_auth": global_auth}
    plugin = build(world, has_finer=has_finer, **written)

    assert (visits.startswith("401"), visits) == (plugin.authenticates, visit(world, plugin))
    assert issues == visit(world, plugin, TOKEN_PATH)
    assert issues_nowhere == visit(world, plugin, TOKEN_PATH, route="")


@pytest.mark.parametrize("level", ["route", "service", "domain"])
def test_a_finer_rule_with_consumers_is_always_in_force(level: Level) -> None:
    """Whatever the instance says: it replaces that one whole."""
    world = TokenWorld()
    plugin = build(world, level, global_credentials=True)

    assert plugin.authenticates
    assert "401 token_missing" == visit(world, plugin)
    assert "Admit" == visit(world, plugin, token=SAMPLE_TOKEN)
    assert "200 token_issued" == visit(world, plugin, f"/anything{TOKEN_PATH}")


def test_two_routes_with_the_same_rule_do_not_share_tokens() -> None:
    """The document's first example: each route's token opens that route, and not the other."""
    world = TokenWorld()
    plugins = {route: build(world, "route", place_id=route) for route in ("route-a", "route-b")}
    tokens = {}
    for route, plugin in plugins.items():
        reply = plugin.decide(world.request("GET", TOKEN_PATH, route=route), None, world.clock.now())
        assert isinstance(reply, Reply)
        tokens[route] = token_of(reply)

    for route, plugin in plugins.items():
        other = next(name for name in tokens if name != route)
        assert "Admit" == visit(world, plugin, token=tokens[route], route=route)
        assert "403 token_audience" == visit(world, plugin, token=tokens[other], route=route)


def test_with_global_credentials_they_do() -> None:
    """The document's second example."""
    world = TokenWorld()
    one, two = (build(world, "route", place_id=route, global_credentials=True) for route in ("route-a", "route-b"))
    reply = one.decide(world.request("GET", TOKEN_PATH), None, world.clock.now())

    assert isinstance(reply, Reply)
    assert "Admit" == visit(world, two, token=token_of(reply), route="route-b")


@pytest.mark.parametrize("global_auth", [False, True])
def test_allow_restricts_the_consumers_of_the_wider_rule(global_auth: bool) -> None:
    """The document's third example; also where the instance itself is not in force. It issues for everybody."""
    world = TokenWorld()
    wider = build(world, has_finer=True, global_auth=global_auth)
    plugin = restrict(world, wider, [NAME])

    assert plugin.authenticates
    assert "Admit" == visit(world, plugin, token=SAMPLE_TOKEN)
    assert "403 consumer_not_allowed" == visit(world, plugin, token=OTHER_TOKEN)
    assert "401 token_missing" == visit(world, plugin)
    assert "200 token_issued" == visit(world, plugin, TOKEN_PATH)
    assert plugin.server is wider.server


def test_an_empty_allow_lets_nobody_pass_and_says_so() -> None:
    """A valid token is 403, everything else 401."""
    world = TokenWorld()
    plugin = restrict(world, build(world), [])

    assert ("allow is empty: nobody can pass here",) == plugin.notices
    assert "403 consumer_not_allowed" == visit(world, plugin, token=SAMPLE_TOKEN)
    assert "401 token_missing" == visit(world, plugin)


def test_an_unknown_name_in_allow_is_refused_with_the_nearest() -> None:
    """At load, not at three in the morning."""
    world = TokenWorld()
    fault = refusal(lambda: restrict(world, build(world), ["consumer-1"]))

    assert "consumer_unknown" == fault.code
    assert 'no consumer is called "consumer-1"; did you mean "consumer1"?' in fault.detail
    assert "write the name of one" in refusal(lambda: restrict(world, build(world), ["zzz"])).detail


def test_allow_needs_a_wider_rule_that_stands() -> None:
    """Neither alone, nor at the instance, nor over one that is closed."""
    world = TokenWorld()
    config = plugin_type.config.model_validate({"allow": [NAME]})

    assert "allow_alone" == refusal(lambda: plugin_type.build(config, world.services())).code
    assert "allow_alone" == refusal(lambda: restrict(world, ClosedPlugin("x"), [NAME])).code
    assert "allow_alone" == refusal(lambda: restrict(world, build(world), [NAME], "instance")).code


@pytest.mark.parametrize("level", ["route", "service", "domain"])
@pytest.mark.parametrize("global_auth", [True, False])
def test_global_auth_is_an_error_anywhere_but_at_the_instance(level: Level, global_auth: bool) -> None:
    """A finer rule is in force where it stands."""
    fault = refusal(lambda: build(TokenWorld(), level, global_auth=global_auth))

    assert ("global_auth_misplaced", True) == (fault.code, "instance level only" in fault.detail)


def test_fingerprints_tell_rules_apart_that_decide_differently() -> None:
    """By secrets, level, finer rules and `allow`; never by showing a secret."""
    world = TokenWorld()
    instance = build(world)
    plugins = [
        instance, build(world, "route"), build(world, has_finer=True), build(world, token_ttl=1),
        restrict(world, instance, [NAME]), restrict(world, instance, []),
    ]  # fmt: skip

    assert len(plugins) == len({plugin.fingerprint for plugin in plugins})
    assert instance.fingerprint == build(world).fingerprint
    assert SECRET not in repr([plugin.fingerprint for plugin in plugins])


def test_a_token_of_a_removed_consumer_is_refused_after_the_change() -> None:
    """Whatever the instance before had proven."""
    world = TokenWorld()
    before, after = build(world), build(world, consumers=CONSUMERS[1:])

    assert "Admit" == visit(world, before, token=SAMPLE_TOKEN)
    assert "401 token_consumer" == visit(world, after, token=SAMPLE_TOKEN)


def test_it_claims_no_paths_and_owns_no_cookies() -> None:
    """The token endpoint is a suffix of whatever reaches the plugin."""
    plugin = build(TokenWorld())

    assert ((), ()) == (plugin.claims, plugin.cookie_names)
    assert any("allow_query_credentials" in notice for notice in plugin.notices)
