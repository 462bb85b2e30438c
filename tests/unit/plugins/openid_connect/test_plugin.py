"""`openid-connect`: the decision table."""

import json
from typing import Any

import pytest

from ostiary.errors import OperatorFault, ProviderFault
from ostiary.plugin import Admit, Claim, Pass, Place, Reply
from ostiary.plugins.openid_connect import plugin_type
from ostiary.plugins.openid_connect.plugin import OpenIdConnect
from tests.fakes.issuer import CLIENT_ID, DISCOVERY, INTROSPECTION, access_claims, sign
from tests.fakes.sign_in import CLIENT_SECRET, SECRET, SignInWorld, Visitor, location_of, run

PAGE = "http://localhost:9080/anything/test?x=1"
CALLBACK = "http://localhost:9080/anything/callback"
SESSION: dict[str, Any] = {"session": {"secret": SECRET}, "redirect_uri": CALLBACK}
XHR = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
CURL = {"Accept": "*/*"}
Settled = Reply | Admit | Pass


def build(world: SignInWorld, place: Place | None = None, **attributes: Any) -> OpenIdConnect:
    """Build an instance."""
    written = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "discovery": DISCOVERY, **attributes}
    return plugin_type.build(plugin_type.config.model_validate(written), world.services(place))


def visit(
    world: SignInWorld, *, headers: dict[str, str] | None = None, method: str = "GET", **attributes: Any
) -> Settled:
    """Send one request to an instance; a navigation unless `headers` say otherwise."""
    settled: Settled = run(lambda: Visitor(world, build(world, **attributes)).open(PAGE, method, headers))
    return settled


def bearer(token: str, **headers: str) -> dict[str, str]:
    """Return the headers of a program that shows a token."""
    return {**CURL, "Authorization": f"Bearer {token}", **headers}


def challenge_of(settled: Settled) -> str | None:
    """Return the WWW-Authenticate header of a refusal."""
    assert isinstance(settled, Reply)
    return dict(settled.headers).get("WWW-Authenticate")


def test_the_type_is_registered_under_its_name() -> None:
    """APISIX's name and priority."""
    assert (plugin_type.name, plugin_type.priority) == ("openid-connect", 2599)


def test_building_asks_nobody() -> None:
    """No network, whatever is configured."""
    world = SignInWorld()
    for attributes in (SESSION, {"use_jwks": True}, {"bearer_only": True}, {}):
        assert build(world, **attributes).authenticates
    assert world.http.calls == []


# --- without a token


@pytest.mark.parametrize("attributes", [{"bearer_only": True}, {"use_jwks": True}, {"bearer_only": True, **SESSION},
                                        {"bearer_only": True, "unauth_action": "pass"}])  # fmt: skip
@pytest.mark.parametrize("headers", [None, CURL])
def test_bearer_only_without_a_token_is_401_with_a_challenge(
    attributes: dict[str, Any], headers: dict[str, str] | None
) -> None:
    """Also to browsers, also with `unauth_action: pass`, and also where only the missing session says so."""
    refused = visit(SignInWorld(), headers=headers, **attributes)

    assert isinstance(refused, Reply)
    assert refused.status == 401
    assert challenge_of(refused) == 'Bearer realm="apisix"'


def test_a_navigation_is_sent_to_sign_in() -> None:
    """302 to the provider."""
    assert location_of(visit(SignInWorld(), **SESSION)).startswith("https://issuer.example/")


def test_without_session_and_verifier_a_generated_secret_signs_people_in() -> None:
    """The tutorial's first route; the notice says so."""
    world = SignInWorld()
    plugin = build(world, redirect_uri=CALLBACK)

    assert any("generated secret" in notice for notice in plugin.notices)
    assert run(lambda: Visitor(world, plugin).sign_in(PAGE)).reason == "login_finished"


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", CURL), ("GET", XHR), ("GET", {}), ("POST", None), ("OPTIONS", None), ("PUT", CURL), ("DELETE", XHR)],
)
def test_what_is_no_navigation_gets_401_and_no_redirect(method: str, headers: dict[str, str] | None) -> None:
    """Nothing is sent to the provider and no login is started; programs read JSON."""
    world = SignInWorld()
    refused = visit(world, method=method, headers=headers, **SESSION)

    assert isinstance(refused, Reply)
    assert (refused.status, refused.reason) == (401, "session_absent")
    assert not {"Location", "Set-Cookie", "WWW-Authenticate"} & set(dict(refused.headers))
    if headers is not None:
        assert json.loads(refused.body)["error"] == "unauthenticated"
    assert world.http.calls == []


def test_where_tokens_are_accepted_the_401_says_so() -> None:
    """A session route that verifies bearer tokens challenges for one."""
    assert challenge_of(visit(SignInWorld(), headers=CURL, use_jwks=True, **SESSION)) == 'Bearer realm="apisix"'


@pytest.mark.parametrize("headers", [None, CURL])
def test_deny_is_401_for_all(headers: dict[str, str] | None) -> None:
    """No redirect for anybody, and no advice that would lead nowhere."""
    refused = visit(SignInWorld(), headers=headers, unauth_action="deny", **SESSION)

    assert isinstance(refused, Reply)
    assert refused.status == 401
    assert challenge_of(refused) is None
    assert b"sign_in_elsewhere" in refused.body


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_pass_lets_through_as_nobody(method: str) -> None:
    """Deliberately anonymous: admitted, without a principal and without edits."""
    admitted = visit(SignInWorld(), method=method, unauth_action="pass", **SESSION)

    assert isinstance(admitted, Admit)
    assert (admitted.principal, admitted.edits, admitted.reason) == (None, None, "anonymous")


# --- with a token


@pytest.mark.parametrize(
    "attributes", [{"use_jwks": True}, {"use_jwks": True, **SESSION}, {"use_jwks": True, "bearer_only": True}]
)
def test_a_valid_token_is_admitted(attributes: dict[str, Any]) -> None:
    """With or without sessions beside."""
    world = SignInWorld()
    admitted = visit(world, headers=bearer(sign(access_claims(world.clock.now()))), **attributes)

    assert isinstance(admitted, Admit)
    assert admitted.principal is not None
    assert admitted.principal.subject == "user-1"


@pytest.mark.parametrize("attributes", [{"use_jwks": True}, {"use_jwks": True, "unauth_action": "pass", **SESSION}])
def test_an_invalid_token_is_final(attributes: dict[str, Any]) -> None:
    """Never a fall-back to the session, to sign-in or to nobody."""
    refused = visit(SignInWorld(), headers=bearer("invalid-access-token"), **attributes)

    assert isinstance(refused, Reply)
    assert refused.status == 401
    assert 'error="invalid_token"' in str(challenge_of(refused))


def test_an_invalid_token_beats_a_valid_session() -> None:
    """Whoever shows a token is judged by it."""
    world = SignInWorld()

    async def conversation() -> tuple[Settled, Settled]:
        visitor = Visitor(world, build(world, use_jwks=True, **SESSION))
        await visitor.sign_in(PAGE)
        return await visitor.open(PAGE, headers=CURL), await visitor.open(PAGE, headers=bearer("invalid"))

    with_session, with_token = run(conversation)
    assert isinstance(with_session, Admit)
    assert isinstance(with_token, Reply)
    assert with_token.status == 401


def test_without_a_verifier_tokens_are_not_looked_at() -> None:
    """A browser with one is sent to sign in all the same."""
    world = SignInWorld()
    token = sign(access_claims(world.clock.now()))
    headers = {"Accept": "text/html", "Authorization": f"Bearer {token}"}

    assert location_of(visit(world, headers=headers, **SESSION)).startswith("https://issuer.example/")


def test_another_scheme_is_no_token() -> None:
    """Basic is somebody else's business: the session decides."""
    basic = {**CURL, "Authorization": "Basic dTpw"}

    assert challenge_of(visit(SignInWorld(), headers=basic, use_jwks=True)) == 'Bearer realm="apisix"'


def test_introspection_is_asked_where_it_is_configured() -> None:
    """By the endpoint of the metadata with bearer_only alone."""
    world = SignInWorld()
    world.http.answers[INTROSPECTION] = ProviderFault("provider_timeout")
    with pytest.raises(ProviderFault):
        visit(world, headers=bearer("opaque"), bearer_only=True)
    assert world.http.count(INTROSPECTION) == 1


# --- callback and session


def test_a_session_admits_everything_of_its_browser() -> None:
    """Navigations and calls alike; the callback's path is claimed."""
    world = SignInWorld()
    plugin = build(world, **SESSION)

    async def conversation() -> list[Settled]:
        visitor = Visitor(world, plugin)
        await visitor.sign_in(PAGE)
        return [await visitor.open(PAGE, method, headers) for method, headers in (("GET", None), ("POST", XHR))]

    assert all(isinstance(settled, Admit) for settled in run(conversation))
    assert plugin.claims == (Claim("/anything/callback", "callback"),)


def test_bearer_only_claims_nothing() -> None:
    """It has no callback."""
    assert build(SignInWorld(), bearer_only=True, **SESSION).claims == ()


def test_a_session_that_is_over_is_said_so() -> None:
    """401 to a call, a new login to a navigation."""
    world = SignInWorld()

    async def conversation() -> tuple[Settled, Settled]:
        world.token_changes = {"refresh_token": None}
        visitor = Visitor(world, build(world, **SESSION))
        await visitor.sign_in(PAGE)
        world.clock.advance(300)
        return await visitor.open(PAGE, headers=XHR), await visitor.open(PAGE)

    call, navigation = run(conversation)
    assert isinstance(call, Reply)
    assert (call.status, call.reason, json.loads(call.body)["error"]) == (401, "session_expired", "session_expired")
    assert location_of(navigation).startswith("https://issuer.example/")


def test_the_callback_is_answered_whatever_unauth_action_says() -> None:
    """A login that is on its way is finished."""
    world = SignInWorld()

    async def conversation() -> Settled:
        visitor = Visitor(world, build(world, **SESSION))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        visitor.plugin = build(world, unauth_action="deny", **SESSION)
        return await visitor.open(back)

    settled = run(conversation)
    assert isinstance(settled, Reply)
    assert settled.reason == "login_finished"


def test_the_default_callback_of_an_exact_route_is_claimed() -> None:
    """Which APISIX answers with 404."""
    world = SignInWorld()
    place = Place(id="r1", uris=("/hello",))
    plugin = build(world, place, session={"secret": SECRET})

    assert plugin.claims == (Claim("/hello/.apisix/redirect", "callback", typed=False),)
    assert run(lambda: Visitor(world, plugin).sign_in("http://localhost:9080/hello")).reason == "login_finished"


def test_a_redirect_uri_that_is_the_protected_page_is_found_at_build() -> None:
    """The commonest mistake of all."""
    with pytest.raises(OperatorFault, match="redirect_uri_invalid"):
        build(SignInWorld(), Place(id="r1", uris=("/anything/callback",)), **SESSION)


def test_the_provider_being_down_stops_new_logins_only() -> None:
    """A navigation without session is a fault (503 at the host), one with a session goes through."""
    world = SignInWorld()

    async def conversation() -> Settled:
        visitor = Visitor(world, build(world, **SESSION))
        await visitor.sign_in(PAGE)
        world.take_down()
        return await visitor.open(PAGE)

    assert isinstance(run(conversation), Admit)
    down = SignInWorld()
    down.take_down()
    with pytest.raises(ProviderFault):
        visit(down, **SESSION)


def test_required_scopes_hold_for_sessions() -> None:
    """As for tokens: 403."""
    world = SignInWorld()

    async def conversation() -> Settled:
        visitor = Visitor(world, build(world, required_scopes=["admin"], **SESSION))
        await visitor.sign_in(PAGE)
        return await visitor.open(PAGE, headers=XHR)

    refused = run(conversation)
    assert isinstance(refused, Reply)
    assert (refused.status, json.loads(refused.body)) == (403, {"error": "required scopes admin not present"})


def test_its_cookies_stay_at_the_gateway() -> None:
    """Every name that a sign-in leaves is among the owned ones."""
    world = SignInWorld()
    plugin = build(world, **SESSION)

    async def conversation() -> list[str]:
        visitor = Visitor(world, plugin)
        await visitor.open(PAGE)
        started = visitor.cookie_names
        await visitor.sign_in(PAGE)
        return [*started, *visitor.cookie_names]

    prefixes = tuple(name.removesuffix("*") for name in plugin.cookie_names)
    names = run(conversation)
    assert len(names) >= 2
    assert all(name.startswith(prefixes) for name in names)
