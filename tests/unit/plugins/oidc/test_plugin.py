"""`oidc`: the decision table."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ostiary.errors import OperatorFault, ProviderFault
from ostiary.plugin import Admit, Pass, Place, Reply
from ostiary.plugins.oidc import plugin_type
from tests.fakes.issuer import CLIENT_ID, ISSUER
from tests.fakes.oidc_configs import make_oidc
from tests.fakes.oidc_plugins import CURL, ORIGIN, PAGE, XHR, build_oidc, visit_oidc
from tests.fakes.sign_in import CLIENT_SECRET, TOKEN_ENDPOINT, SignInWorld, Visitor, location_of, run

RULE = {"match_rule_domain": "*.bar.com", "match_rule_path": "/foo/", "match_rule_type": "prefix"}
PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}


def visit(world: SignInWorld, url: str = PAGE, *, headers: Any = None, method: str = "GET", **written: Any) -> Any:
    """Send one request to an instance."""
    return run(lambda: visit_oidc(world, **written).open(url, method, headers))


def told(admit: Any) -> dict[str, str]:
    """Return what the upstream is told, by lower-case name."""
    assert isinstance(admit, Admit), getattr(admit, "reason", admit)
    assert admit.edits is not None
    lines = admit.edits.block.decode("latin-1").splitlines()
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_the_type_is_registered_under_its_name() -> None:
    """Higress's name and priority."""
    assert ("oidc", 350) == (plugin_type.name, plugin_type.priority)


def test_building_asks_nobody() -> None:
    """No network, whatever is configured."""
    world = SignInWorld()

    for written in ({}, {"service_name": "auth.dns"}, {"session_store_type": "sqlite"}):
        assert build_oidc(world, **written).authenticates
    assert [] == world.http.calls


def test_a_service_that_there_is_not_closes_the_route() -> None:
    """`ostiary check` says so."""
    with pytest.raises(OperatorFault, match="service_sources"):
        build_oidc(SignInWorld(), service_name="nowhere.dns")


def test_the_endpoints_are_claimed() -> None:
    """Also where a route does not cover them."""
    claimed = {claim.path for claim in build_oidc(SignInWorld(), ping_path="/healthz").claims}

    assert {
        "/oauth2/start", "/oauth2/callback", "/oauth2/sign_out", "/oauth2/auth", "/oauth2/userinfo", "/oauth2/ready",
        "/healthz",
    } == claimed  # fmt: skip


def test_cookies_of_ours_never_go_upstream() -> None:
    """Session, its chunks, and notes about sign-ins."""
    names = build_oidc(SignInWorld(), cookie_name="shop").cookie_names

    assert {"shop", "shop_1", "shop_csrf*"} <= set(names)


@pytest.mark.parametrize("headers", [None, CURL, {}])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_opens_a_page_is_sent_to_the_provider(method: str, headers: dict[str, str] | None) -> None:
    """A plain `curl` too, as the document shows."""
    reply = visit(SignInWorld(), method=method, headers=headers)
    asked = dict(parse_qsl(urlsplit(location_of(reply)).query))

    assert location_of(reply).startswith(f"{ISSUER}/authorize?")
    assert (CLIENT_ID, "https://foo.bar.com/oauth2/callback", "code", "openid email profile") == (
        asked["client_id"], asked["redirect_uri"], asked["response_type"], asked["scope"]
    )  # fmt: skip
    [cookie] = [value for name, value in reply.headers if name == "Set-Cookie"]
    assert cookie.startswith("_oauth2_proxy_csrf=")


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", XHR), ("GET", {"Accept": "text/html, application/json"}), ("GET", {"X-Requested-With": "XMLHttpRequest"}),
     ("GET", {"Sec-Fetch-Mode": "no-cors"}), ("POST", None), ("OPTIONS", PREFLIGHT), ("PUT", CURL), ("DELETE", CURL)],
)  # fmt: skip
def test_whoever_would_lose_a_redirect_gets_401(method: str, headers: dict[str, str] | None) -> None:
    """And no cookie, and nobody is asked."""
    world = SignInWorld()
    reply = visit(world, method=method, headers=headers)

    assert (401, "session_absent") == (reply.status, reply.reason)
    assert not {"Location", "Set-Cookie"} & set(dict(reply.headers))
    assert [] == world.http.calls


@pytest.mark.parametrize(
    ("url", "written"),
    [(f"{ORIGIN}/api/x", {"api_routes": ["^/api/", "^/rpc/"]}), (PAGE, {"force_json_errors": True})],
)
def test_programs_are_told_in_json(url: str, written: dict[str, Any]) -> None:
    """Also where a browser's headers say otherwise."""
    reply = visit(SignInWorld(), url, **written)

    assert (401, "application/json") == (reply.status, dict(reply.headers)["Content-Type"])
    assert "unauthenticated" == json.loads(reply.body)["error"]


def test_other_paths_are_no_api() -> None:
    """The pattern is about paths, not queries."""
    assert 302 == visit(SignInWorld(), f"{ORIGIN}/x?/api/", api_routes="^/api/").status


def test_who_is_signed_in_is_let_through_with_the_id_token() -> None:
    """In Authorization, and nothing else is told."""
    world = SignInWorld()
    visitor = visit_oidc(world)
    reply = run(lambda: visitor.sign_in(PAGE))
    admit = run(lambda: visitor.open(PAGE))

    assert "/headers?x=1" == location_of(reply)
    assert {"authorization"} == set(told(admit))
    assert told(admit)["authorization"].startswith("Bearer eyJ")
    assert admit.principal is not None
    assert "user-1" == admit.principal.subject


def test_the_secret_goes_in_the_body() -> None:
    """As the document's own request has it."""
    world = SignInWorld()
    visitor = visit_oidc(world)
    run(lambda: visitor.sign_in(PAGE))
    [call] = [call for call in world.http.calls if call.url == TOKEN_ENDPOINT]

    assert CLIENT_SECRET == dict(parse_qsl(call.body.decode()))["client_secret"]
    assert "Authorization" not in dict(call.headers)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ({"pass_authorization_header": False}, set()),
        ({"pass_access_token": True}, {"authorization", "x-forwarded-access-token"}),
        ({"pass_user_headers": True}, {"authorization", "x-forwarded-user", "x-forwarded-email"}),
    ],
)
def test_the_upstream_is_told_what_is_configured(written: dict[str, Any], names: set[str]) -> None:
    """No more, and no less."""
    world = SignInWorld()
    world.claim_changes |= {"email": "alice@bar.com"}
    visitor = visit_oidc(world, **written)
    run(lambda: visitor.sign_in(PAGE))

    assert names == set(told(run(lambda: visitor.open(PAGE))))


@pytest.mark.parametrize(
    ("match_type", "path", "reason"),
    [("whitelist", "/foo/bar", "match_list"), ("whitelist", "/headers", "login_started"),
     ("blacklist", "/foo/bar", "login_started"), ("blacklist", "/headers", "match_list")],
)  # fmt: skip
def test_the_list_says_who_needs_to_sign_in(match_type: str, path: str, reason: str) -> None:
    """And whoever does not is let through as nobody."""
    settled = visit(SignInWorld(), ORIGIN + path, match_type=match_type, match_list=RULE)

    assert reason == settled.reason
    if isinstance(settled, Admit):
        assert settled.principal is None


@pytest.mark.parametrize("path", ["start", "auth", "userinfo", "callback", "sign_out"])
def test_the_list_never_exempts_the_endpoints(path: str) -> None:
    """Not even when it lets everything through."""
    everything = {"match_rule_domain": "*", "match_rule_path": "/", "match_rule_type": "prefix"}

    assert isinstance(visit(SignInWorld(), f"{ORIGIN}/oauth2/{path}", match_list=everything), Reply)


@pytest.mark.parametrize(
    "path", ["/oauth2", "/oauth2/", "/oauth2/start/", "/oauth2/Start", "/oauth2/sign_in", "/oauth2-x"]
)
def test_the_rest_below_the_prefix_is_a_path_like_any_other(path: str) -> None:
    """It needs a session, and goes upstream with one."""
    world = SignInWorld()
    visitor = visit_oidc(world)

    assert "login_started" == run(lambda: visitor.open(ORIGIN + path)).reason
    run(lambda: visitor.sign_in(PAGE))
    assert isinstance(run(lambda: visitor.open(ORIGIN + path)), Admit)


@pytest.mark.parametrize(
    ("method", "headers", "skips", "status"),
    [("OPTIONS", PREFLIGHT, True, None), ("OPTIONS", PREFLIGHT, False, 401), ("OPTIONS", {}, True, 401),
     ("GET", {**PREFLIGHT, **XHR}, True, 401)],
)  # fmt: skip
def test_preflights_pass_where_they_should(method: str, headers: Any, skips: bool, status: int | None) -> None:
    """And nothing else with them."""
    settled = visit(SignInWorld(), method=method, headers=headers, skip_auth_preflight=skips)

    assert status == getattr(settled, "status", None)
    assert status is not None or (isinstance(settled, Admit) and settled.principal is None)


@pytest.mark.parametrize("path", ["/headers", "/oauth2/start"])
def test_while_the_provider_is_away_nobody_is_let_through(path: str) -> None:
    """The fault is the gateway's to answer: 503."""
    world = SignInWorld()
    world.take_down()

    with pytest.raises(ProviderFault):
        visit(world, ORIGIN + path)


def test_while_the_provider_is_away_a_session_goes_on() -> None:
    """What was verified is."""
    world = SignInWorld()
    visitor = visit_oidc(world)
    run(lambda: visitor.sign_in(PAGE))
    world.take_down()

    assert isinstance(run(lambda: visitor.open(PAGE)), Admit)


def test_a_session_is_renewed_when_its_tokens_are_over() -> None:
    """By the refresh token, and the browser gets a new cookie."""
    world = SignInWorld()
    visitor = visit_oidc(world)
    run(lambda: visitor.sign_in(PAGE))
    first = told(run(lambda: visitor.open(PAGE)))
    world.clock.advance(301)
    admit = run(lambda: visitor.open(PAGE))

    assert 1 == world.refreshes
    assert any(cookie.startswith("_oauth2_proxy=") for cookie in admit.set_cookies)
    assert first != told(admit)


def test_cookie_refresh_renews_earlier() -> None:
    """After that time, and not before it."""
    world = SignInWorld()
    visitor = visit_oidc(world, cookie_refresh="1m")
    run(lambda: visitor.sign_in(PAGE))

    for passed, refreshes in ((30, 0), (31, 1)):
        world.clock.advance(passed)
        run(lambda: visitor.open(PAGE))
        assert refreshes == world.refreshes


def test_without_a_refresh_token_people_are_sent_to_the_provider() -> None:
    """When their tokens are over; a script is told that the session is."""
    world = SignInWorld()
    world.token_changes["refresh_token"] = None
    visitor = visit_oidc(world)
    run(lambda: visitor.sign_in(PAGE))
    world.clock.advance(301)

    assert (401, "session_expired") == (
        (refused := run(lambda: visitor.open(PAGE, headers=XHR))).status, json.loads(refused.body)["error"]
    )  # fmt: skip
    assert "login_started" == run(lambda: visitor.open(PAGE)).reason


def test_start_begins_a_sign_in() -> None:
    """Whatever `match_list` says, and also with a session."""
    world = SignInWorld()
    visitor: Visitor = visit_oidc(world)
    run(lambda: visitor.sign_in(PAGE))
    reply = run(lambda: visitor.open(f"{ORIGIN}/oauth2/start?rd=/foo"))
    back = world.authorize(location_of(reply))

    assert "/foo" == location_of(run(lambda: visitor.open(back)))


def test_another_instance_with_the_same_configuration_decides_alike() -> None:
    """And one with another does not."""
    world = SignInWorld()

    assert build_oidc(world).fingerprint == build_oidc(world).fingerprint
    assert build_oidc(world).fingerprint != build_oidc(world, scope="openid").fingerprint


@pytest.mark.parametrize(("seconds", "code"), [(660, "flow_elsewhere"), (900, "flow_stale")])
def test_how_long_a_sign_in_may_take_is_what_was_written(seconds: int, code: str) -> None:
    """`cookie_csrf_expire`, fifteen minutes by itself; before that it was not time that made it fail."""

    async def come_back() -> Any:
        world = SignInWorld()
        visitor = visit_oidc(world)
        back = world.authorize(location_of(await visitor.open(PAGE)))
        world.clock.advance(seconds)
        return await visitor.open(back, cookie="theme=dark")

    assert code == run(come_back).reason


@pytest.mark.parametrize(
    ("back", "cookie", "code", "name"),
    [
        ("/oauth2/callback", None, "callback_state_missing", "redirect_url"),
        ("/oauth2/callback?state=s&code=c", "theme=dark", "flow_elsewhere", "cookie_csrf_per_request"),
        ("/oauth2/callback?state=s&code=c", "_oauth2_proxy_csrf=x", "flow_broken", "cookie_secret"),
    ],
)
def test_the_log_names_options_of_this_plugin(back: str, cookie: str | None, code: str, name: str) -> None:
    """Not those of another that signs people in likewise."""
    world = SignInWorld()
    run(lambda: visit_oidc(world).open(f"{ORIGIN}{back}", cookie=cookie))

    [event] = world.log.events
    assert code == event.code
    assert name in str(event.fields["remedy"])


def test_a_redirect_url_that_is_the_routes_own_page_is_called_so() -> None:
    """Nobody has to know another plugin's word for it."""
    world = SignInWorld()
    place = Place(id="app", hosts=("foo.bar.com",), uris=("/headers",))
    with pytest.raises(OperatorFault, match="redirect_url has the path /headers"):
        plugin_type.build(make_oidc(redirect_url=f"{ORIGIN}/headers"), world.services(place))


@pytest.mark.parametrize(
    ("before", "after"), [({}, {"cookie_domains": ".bar.com"}), ({"cookie_domains": ".bar.com"}, {})]
)
def test_people_stay_out_of_circles_when_cookie_domains_changes(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The cookie of before goes when its session is over; beside a new one it would make no session for a week."""

    async def live_on() -> list[str]:
        world = SignInWorld()
        world.token_changes["refresh_token"] = None
        visitor = visit_oidc(world, **before)
        await visitor.open(world.authorize(location_of(await visitor.open(PAGE))))
        visitor.plugin = build_oidc(world, **after)
        world.clock.advance(301)
        started = await visitor.open(PAGE)
        finished = await visitor.open(world.authorize(location_of(started)))
        return [each.reason for each in (started, finished, await visitor.open(PAGE)) if not isinstance(each, Pass)]

    assert ["login_started", "login_finished", "session"] == run(live_on)


def test_a_cookie_that_somebody_else_set_beside_ours_leads_into_no_circle() -> None:
    """For a path of its own, say: nobody is signed in by it, and a page says so in place of the provider's."""

    async def come_in() -> Any:
        world = SignInWorld()
        visitor = visit_oidc(world)
        await visitor.open(world.authorize(location_of(await visitor.open(PAGE))))
        sent = visitor.jar.header(urlsplit(PAGE), world.clock.now())
        return await visitor.open(PAGE, cookie=f"_oauth2_proxy=of-an-attacker; {sent}")

    assert "session_cookie_lost" == run(come_in).reason


@pytest.mark.parametrize(
    ("had", "wanted", "reason"),
    [
        ("silver", "gold", "login_started"),
        (None, "gold", "login_started"),
        ("gold", "platinum gold", "session"),
        ("silver", "", "session"),
    ],
)
def test_a_session_of_a_weaker_sign_in_is_not_enough(had: str | None, wanted: str, reason: str) -> None:
    """Where `acr_values` asks for more than another route of the same client, whose session comes along."""

    async def step_up() -> Any:
        world = SignInWorld()
        world.claim_changes["acr"] = had
        visitor = visit_oidc(world)
        await visitor.sign_in(PAGE)
        visitor.plugin = build_oidc(world, acr_values=wanted)
        return await visitor.open(PAGE), await visitor.open(f"{ORIGIN}/oauth2/auth")

    page, asked = run(step_up)
    assert reason == page.reason
    assert (202 if reason == "session" else 401) == asked.status


def test_a_stronger_sign_in_serves_every_route() -> None:
    """Once it was done, and also after a refresh that says nothing about it."""

    async def step_up() -> list[str]:
        world = SignInWorld()
        world.claim_changes["acr"] = "gold"
        visitor = visit_oidc(world, acr_values="gold")
        await visitor.sign_in(PAGE)
        world.claim_changes["acr"] = None
        world.clock.advance(301)
        reasons = []
        for written in ({"acr_values": "gold"}, {}, {"acr_values": "gold"}):
            visitor.plugin = build_oidc(world, **written)
            verdict = await visitor.open(PAGE)
            assert isinstance(verdict, Admit)
            reasons.append(verdict.reason)
        return reasons

    assert ["session"] * 3 == run(step_up)
