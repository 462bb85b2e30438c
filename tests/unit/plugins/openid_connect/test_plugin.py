"""`openid-connect`: the decision table."""

import json
from typing import Any

import pytest

from ostiary.errors import OperatorFault, ProviderFault, StoreFault
from ostiary.plugin import Admit, Claim, Pass, Place, Reply
from ostiary.plugins.openid_connect import plugin_type
from ostiary.plugins.openid_connect.plugin import OpenIdConnect
from tests.fakes.issuer import CLIENT_ID, DISCOVERY, INTROSPECTION, ISSUER, access_claims, logout_claims, sign
from tests.fakes.sign_in import CLIENT_SECRET, FORM_TYPE, SECRET, SignInWorld, Visitor, location_of, run

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


# --- asked again


STORED = {"storage": "sqlite"}
both = pytest.mark.parametrize("kept", [{}, STORED], ids=["cookie", "store"])


def with_session(kept: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """Return attributes of sessions that are kept in cookies or in a store."""
    return {"session": {"secret": SECRET, **kept}, "redirect_uri": CALLBACK, **attributes}


def state_of(world: SignInWorld, plugin: OpenIdConnect) -> Any:
    """Return the store that this instance asks."""
    assert plugin._party is not None
    return plugin._party._callback._store


def silent(settled: Settled) -> bool:
    """Say whether a redirect asks nothing of the person."""
    return "prompt=none" in location_of(settled)


@both
def test_by_force_every_navigation_but_the_returning_one_signs_in_again(kept: dict[str, Any]) -> None:
    """`force_reauthorize`, without a loop: calls use the session, and each sign-in serves one page."""
    world = SignInWorld()

    async def conversation() -> None:
        visitor = Visitor(world, build(world, **with_session(kept, force_reauthorize=True)))
        for _ in range(3):
            started = await visitor.open(PAGE)
            assert not silent(started)
            back = await visitor.open(world.authorize(location_of(started)))
            assert location_of(back) == "/anything/test?x=1"
            assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)
            assert isinstance(await visitor.open(PAGE), Admit)
            assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)
            assert isinstance(await visitor.open(PAGE, "POST", XHR), Admit)

    run(conversation)


@both
def test_by_force_holds_at_every_worker(kept: dict[str, Any]) -> None:
    """The page that was served is noted in the shared state: another worker does not serve a second one."""
    world = SignInWorld()

    async def conversation() -> None:
        attributes = with_session(kept, force_reauthorize=True)
        visitor = Visitor(world, build(world, **attributes))
        await visitor.sign_in(PAGE)
        assert isinstance(await visitor.open(PAGE), Admit)
        visitor.plugin = build(world, **attributes)
        assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)
        assert location_of(await visitor.open(PAGE)).startswith("https://issuer.example/")

    run(conversation)


@both
def test_a_refresh_is_no_way_round(kept: dict[str, Any]) -> None:
    """It is the same sign-in, and that one has served its page."""
    world = SignInWorld()

    async def conversation() -> None:
        visitor = Visitor(world, build(world, **with_session(kept, force_reauthorize=True)))
        await visitor.sign_in(PAGE)
        assert isinstance(await visitor.open(PAGE), Admit)
        world.clock.advance(300)
        assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)
        assert world.refreshes == 1
        assert not isinstance(await visitor.open(PAGE), Admit)

    run(conversation)


class Quiet:
    """Somebody whose session has to be confirmed, and who has no refresh token for it."""

    def __init__(self, kept: dict[str, Any], **attributes: Any) -> None:
        """Build the world."""
        self.world = SignInWorld()
        self.world.token_changes = {"refresh_token": None, "expires_in": 3000}
        self.attributes = with_session(kept, **{"refresh_session_interval": 100, **attributes})
        self.visitor = Visitor(self.world, build(self.world, **self.attributes))

    async def enter(self) -> "Quiet":
        """Sign in, and let the interval pass."""
        await self.visitor.sign_in(PAGE)
        assert isinstance(await self.visitor.open(PAGE), Admit)
        self.world.clock.advance(100)
        return self


@both
def test_a_session_is_confirmed_without_anybody_noticing(kept: dict[str, Any]) -> None:
    """`refresh_session_interval`: the navigation goes by way of the provider, keeps its session, and gets a new one."""

    async def conversation() -> None:
        it = await Quiet(kept).enter()
        session_names = it.visitor.cookie_names
        before = it.visitor.request(PAGE).cookie
        assert isinstance(await it.visitor.open(PAGE, headers=XHR), Admit)
        started = await it.visitor.open(PAGE)
        assert silent(started)
        assert set(session_names) < set(it.visitor.cookie_names)
        assert isinstance(await it.visitor.open(PAGE, headers=XHR), Admit)
        finished = await it.visitor.open(it.world.authorize(location_of(started)))
        assert location_of(finished) == "/anything/test?x=1"
        assert it.visitor.request(PAGE).cookie != before
        assert isinstance(await it.visitor.open(PAGE), Admit)
        it.world.clock.advance(99)
        assert isinstance(await it.visitor.open(PAGE), Admit)

    run(conversation)


@both
def test_it_is_tried_once_in_half_a_minute(kept: dict[str, Any]) -> None:
    """By whichever worker and however many tabs: until then the session serves every navigation."""

    async def conversation() -> None:
        it = await Quiet(kept).enter()
        assert silent(await it.visitor.open(PAGE))
        for seconds in (0, 15, 14):
            it.world.clock.advance(seconds)
            it.visitor.plugin = build(it.world, **it.attributes)
            assert isinstance(await it.visitor.open(PAGE), Admit)
        it.world.clock.advance(1)
        assert silent(await it.visitor.open(PAGE))

    run(conversation)


@both
@pytest.mark.parametrize("error", ["login_required", "interaction_required", "consent_required"])
def test_whom_the_provider_no_longer_knows_signs_in(kept: dict[str, Any], error: str) -> None:
    """The answer to `prompt=none` is an ordinary sign-in, and no page of errors."""

    async def conversation() -> None:
        it = await Quiet(kept).enter()
        started = await it.visitor.open(PAGE)
        it.world.callback_changes = {"code": None, "error": error}
        denied = await it.visitor.open(it.world.authorize(location_of(started)))
        assert location_of(denied) == "/anything/test?x=1"
        assert it.visitor.cookie_names == []
        it.world.callback_changes = {}
        again = await it.visitor.open(PAGE)
        assert not silent(again)
        await it.visitor.open(it.world.authorize(location_of(again)))
        assert isinstance(await it.visitor.open(PAGE), Admit)

    run(conversation)


@both
@pytest.mark.parametrize("error", ["temporarily_unavailable", "server_error", "access_denied"])
def test_a_silent_sign_in_that_stumbles_leaves_the_session(kept: dict[str, Any], error: str) -> None:
    """The person goes on, and is asked again after half a minute: nothing goes round in circles."""

    async def conversation() -> None:
        it = await Quiet(kept).enter()
        started = await it.visitor.open(PAGE)
        it.world.callback_changes = {"code": None, "error": error}
        denied = await it.visitor.open(it.world.authorize(location_of(started)))
        assert location_of(denied) == "/anything/test?x=1"
        assert isinstance(await it.visitor.open(PAGE), Admit)

    run(conversation)


@both
def test_a_provider_that_is_down_is_waited_for_with_the_session(kept: dict[str, Any]) -> None:
    """A worker that never met it cannot send anybody there: the session goes on."""

    async def conversation() -> None:
        it = await Quiet(kept).enter()
        it.world.take_down()
        it.world.providers = type(it.world.providers)(
            http=it.world.http, clock=it.world.clock, spawner=it.world.spawner, log=it.world.log
        )
        it.visitor.plugin = build(it.world, **it.attributes)
        assert isinstance(await it.visitor.open(PAGE), Admit)
        assert isinstance(await it.visitor.open(PAGE, headers=XHR), Admit)

    run(conversation)


@both
@pytest.mark.parametrize("action", ["deny", "pass"])
def test_where_no_sign_in_starts_the_session_goes_on(kept: dict[str, Any], action: str) -> None:
    """`unauth_action` deny and pass: the person is known, and nobody is sent anywhere."""

    async def conversation() -> None:
        it = await Quiet(kept).enter()
        it.visitor.plugin = build(it.world, **{**it.attributes, "unauth_action": action})
        for _ in range(3):
            admitted = await it.visitor.open(PAGE)
            assert isinstance(admitted, Admit)
            assert admitted.principal is not None
            it.world.clock.advance(31)

    run(conversation)


@both
def test_somebody_else_who_is_signed_in_at_the_provider_takes_over(kept: dict[str, Any]) -> None:
    """The silent sign-in found another person: the first one's session is over, copies included."""

    async def conversation() -> None:
        it = await Quiet(kept).enter()
        copy = it.visitor.request(PAGE).cookie.decode()
        started = await it.visitor.open(PAGE)
        it.world.claim_changes = {"sub": "user-2"}
        it.world.userinfo = {"sub": "user-2"}
        await it.visitor.open(it.world.authorize(location_of(started)))
        admitted = await it.visitor.open(PAGE)
        assert isinstance(admitted, Admit)
        assert admitted.principal is not None
        assert admitted.principal.subject == "user-2"
        it.world.clock.advance(1)
        assert not isinstance(await it.visitor.open(PAGE, headers=XHR, cookie=copy), Admit)

    run(conversation)


# --- stores that are down


@both
@pytest.mark.parametrize("action", ["auth", "deny", "pass"])
@pytest.mark.parametrize("headers", [None, XHR])
def test_a_store_that_is_down_is_never_anonymous(
    kept: dict[str, Any], action: str, headers: dict[str, str] | None
) -> None:
    """Neither signed out nor let through as nobody: a fault, which the host answers with 503."""
    world = SignInWorld()

    async def conversation() -> None:
        attributes = with_session(kept)
        visitor = Visitor(world, build(world, **attributes))
        await visitor.sign_in(PAGE)
        names = visitor.cookie_names
        visitor.plugin = build(world, **{**attributes, "unauth_action": action})
        store = state_of(world, visitor.plugin)
        store.is_down = True
        for _ in range(2):
            with pytest.raises(StoreFault, match="store_unavailable"):
                await visitor.open(PAGE, headers=headers)
        assert names == visitor.cookie_names
        store.is_down = False
        admitted = await visitor.open(PAGE, headers=headers)
        assert isinstance(admitted, Admit)
        assert admitted.principal is not None

    run(conversation)


@both
def test_a_store_that_is_down_finishes_no_sign_in(kept: dict[str, Any]) -> None:
    """The code is not spent, and the same address works when the store is back."""
    world = SignInWorld()

    async def conversation() -> None:
        visitor = Visitor(world, build(world, **with_session(kept)))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        store = state_of(world, visitor.plugin)  # type: ignore[arg-type]
        store.is_down = True
        with pytest.raises(StoreFault):
            await visitor.open(back)
        assert world.http.count(f"{ISSUER}/token") == 0
        store.is_down = False
        finished = await visitor.open(back)
        assert isinstance(finished, Reply)
        assert finished.reason == "login_finished"

    run(conversation)


# --- names


def test_a_cookie_of_another_name_stays_at_the_gateway_too() -> None:
    """`session.cookie_name`: what the upstream is not sent is named after it, chunks included."""
    world = SignInWorld()
    world.token_changes = {"access_token": "a" * 9000}
    plugin = build(world, **with_session({"cookie_name": "shop"}))

    async def conversation() -> list[str]:
        visitor = Visitor(world, plugin)
        await visitor.sign_in(PAGE)
        assert isinstance(await visitor.open(PAGE), Admit)
        return visitor.cookie_names

    names = run(conversation)
    assert {"shop", "shop_1", "shop_2"} <= set(names)
    for name in names:
        assert any(
            name == owned or (owned.endswith("*") and name.startswith(owned[:-1])) for owned in plugin.cookie_names
        )


@both
def test_two_clients_side_by_side(kept: dict[str, Any]) -> None:
    """One browser, one host, two clients: both stay signed in, and signing out of one leaves the other."""
    world = SignInWorld()

    async def conversation() -> None:
        one = build(world, **with_session(kept))
        other = build(world, **with_session(kept, client_id="second"))
        visitor = Visitor(world, one)
        await visitor.sign_in(PAGE)
        visitor.plugin = other
        await visitor.sign_in(PAGE)
        for plugin in (one, other, one):
            visitor.plugin = plugin
            assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)
        left = await visitor.open("http://localhost:9080/logout", headers={**XHR, "Sec-Fetch-Site": "same-origin"})
        assert isinstance(left, Reply)
        assert left.reason == "signed_out"
        assert not isinstance(await visitor.open(PAGE, headers=XHR), Admit)
        visitor.plugin = other
        assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)

    run(conversation)


@both
@pytest.mark.parametrize("same_site", ["Strict", "Lax", "None", "Default"])
def test_every_kind_of_cookie_ends_in_a_session(kept: dict[str, Any], same_site: str) -> None:
    """`Strict` by a page that goes on by itself, because a browser would not send it along a redirect from afar."""
    world = SignInWorld()
    page, callback = PAGE.replace("http:", "https:"), CALLBACK.replace("http:", "https:")
    attributes = with_session({"cookie_same_site": same_site, **kept}, redirect_uri=callback)

    async def conversation() -> None:
        visitor = Visitor(world, build(world, **attributes))
        finished = await visitor.sign_in(page)
        cookies = (value for name, value in finished.headers if name == "Set-Cookie" and "_done=" not in value)
        (written,) = (value for value in cookies if "Max-Age=0" not in value)
        assert ("SameSite=" + same_site in written) == (same_site != "Default")
        assert ("SameSite" in written) == (same_site != "Default")
        if same_site == "Strict":
            assert (finished.status, finished.reason) == (200, "login_finished")
            assert b'content="0;url=/anything/test?x=1"' in finished.body
        else:
            assert (finished.status, location_of(finished)) == (303, "/anything/test?x=1")
        assert isinstance(await visitor.open(page), Admit)

    run(conversation)


@both
def test_a_secret_is_changed_in_three_steps_without_signing_anybody_out(kept: dict[str, Any]) -> None:
    """New beside old, new before old, new alone: through a refresh whose answer was lost in between."""
    old, new = "the-old-secret-of-sessions", "the-new-secret-of-sessions"
    world = SignInWorld()

    def instance(*secrets: str) -> OpenIdConnect:
        return build(world, session={"secret": list(secrets), **kept}, redirect_uri=CALLBACK)

    async def conversation() -> None:
        visitor = Visitor(world, instance(old))
        await visitor.sign_in(PAGE)
        world.clock.advance(300)
        first = visitor.request(PAGE).cookie.decode()
        await visitor.send(visitor.request(PAGE, headers=XHR), PAGE, is_lost=True)
        visitor.plugin = instance(new, old)
        assert isinstance(await visitor.open(PAGE, headers=XHR, cookie=first), Admit)
        assert (world.refreshes, world.reuses) == (1, 0)
        world.clock.advance(300)
        assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)
        assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)
        visitor.plugin = instance(new)
        assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)
        assert (world.refreshes, world.reuses) == (2, 0)

    run(conversation)


@both
@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (None, {"X-Access-Token", "X-ID-Token", "X-Userinfo", "X-Refresh-Token", "X-Raw-ID-Token"}),
        ({"access_token": True, "enc_id_token": True}, {"X-Access-Token", "X-Refresh-Token", "X-Raw-ID-Token"}),
        ({"access_token": True, "enc_id_token": True, "user": True, "id_token": True},
         {"X-Access-Token", "X-ID-Token", "X-Userinfo", "X-Refresh-Token", "X-Raw-ID-Token"}),
    ],
)  # fmt: skip
def test_the_upstream_is_told_what_is_kept(
    kept: dict[str, Any], contents: dict[str, bool] | None, told: set[str]
) -> None:
    """With every header switched on."""
    assert told == _list_headers(
        with_session(kept, session_contents=contents, set_refresh_token_header=True, set_raw_id_token_header=True)
    )


@both
@pytest.mark.parametrize(
    ("contents", "told"),
    [({}, set()), ({"id_token": True}, {"X-ID-Token"}), ({"user": True}, {"X-Userinfo"}),
     ({"enc_id_token": True}, set()),
     ({"access_token": True}, {"X-Access-Token"})],
)  # fmt: skip
def test_each_part_of_a_session_by_itself(kept: dict[str, Any], contents: dict[str, bool], told: set[str]) -> None:
    """`{}` is a person and nothing else, for an hour: without a token nothing runs out, and nothing is renewed."""
    assert told == _list_headers(with_session(kept, session_contents=contents))


def _list_headers(attributes: dict[str, Any]) -> set[str]:
    """Sign in, and return the headers that the upstream gets."""
    world = SignInWorld()

    async def conversation() -> set[str]:
        visitor = Visitor(world, build(world, **attributes))
        await visitor.sign_in(PAGE)
        admitted = await visitor.open(PAGE)
        assert isinstance(admitted, Admit)
        assert admitted.principal is not None
        assert admitted.principal.subject == "user-1"
        assert admitted.edits is not None
        if "access_token" not in (attributes.get("session_contents") or {"access_token": True}):
            world.clock.advance(3599)
            assert isinstance(await visitor.open(PAGE), Admit)
            assert world.refreshes == 0
        return {line.partition(": ")[0] for line in admitted.edits.block.decode().splitlines()}

    names: set[str] = run(conversation)
    return names


ENDPOINTS: dict[str, Any] = {"backchannel_logout_path": "/told", "frontchannel_logout_path": "/framed"}


@pytest.mark.parametrize("bearer", [{}, {"use_jwks": True}, {"introspection_endpoint": INTROSPECTION}])
@pytest.mark.parametrize("unauth_action", ["auth", "deny", "pass"])
def test_the_provider_can_say_that_somebody_left(bearer: dict[str, Any], unauth_action: str) -> None:
    """Whatever else the route does, and whatever the provider sends along; nobody has to be signed in for that."""
    world = SignInWorld()
    world.claim_changes = {"sid": "session-1"}
    world.token_changes = {"expires_in": 3600}

    async def scene() -> None:
        plugin = build(world, **SESSION, **bearer, **ENDPOINTS)
        visitor = Visitor(world, plugin)
        await visitor.sign_in(PAGE)
        assert isinstance(await visitor.open(PAGE), Admit)
        told = Visitor(world, build(world, **SESSION, **bearer, **ENDPOINTS, unauth_action=unauth_action))
        headers = {**CURL, "Host": "localhost:9080", "Authorization": "Bearer x", "Content-Type": FORM_TYPE}
        request = told.request("http://localhost:9080/told", "POST", headers)
        form = f"logout_token={sign(logout_claims(world.clock.now()))}"
        reply = await told.send(request, PAGE, body=form.encode())
        assert isinstance(reply, Reply)
        assert (reply.status, reply.reason) == (200, "provider_logout")
        framed = await told.open(f"http://localhost:9080/framed?iss={ISSUER}&sid=session-1")
        assert isinstance(framed, Reply)
        assert framed.status == 200
        world.clock.advance(1)
        assert not isinstance(await visitor.open(PAGE, headers=XHR), Admit)

    run(scene)


def test_without_such_paths_there_are_no_such_endpoints() -> None:
    """What comes there is a request like any other."""
    world = SignInWorld()
    settled = run(lambda: Visitor(world, build(world, **SESSION)).open("http://localhost:9080/told", headers=XHR))

    assert isinstance(settled, Reply)
    assert settled.status == 401


def test_two_routes_of_one_client_hear_of_each_others_logouts() -> None:
    """Only one of them has the endpoint: the marks stand in the client's series."""
    world = SignInWorld()
    world.token_changes = {"expires_in": 3600}

    async def scene() -> None:
        visitor = Visitor(world, build(world, **SESSION, set_userinfo_header=False))
        await visitor.sign_in(PAGE)
        told = Visitor(world, build(world, **SESSION, **ENDPOINTS))
        form = f"logout_token={sign(logout_claims(world.clock.now(), sid=None))}"
        assert isinstance(await told.post("http://localhost:9080/told", form, cookie=""), Reply)
        world.clock.advance(1)
        assert not isinstance(await visitor.open(PAGE, headers=XHR), Admit)

    run(scene)
