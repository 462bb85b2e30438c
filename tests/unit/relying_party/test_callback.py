"""The callback: from what the provider sent back to a session, check by check."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import OctKey

from ostiary.errors import ProviderFault, StoreFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.identity.members import MemberRule
from ostiary.identity.session_lifetime import RenewalPolicy, SessionLimits
from ostiary.plugin import Admit, Pending, Reply
from ostiary.relying_party.settings import CookieSettings, IdTokenSettings, SessionHeaders
from ostiary.store_settings import SqliteSettings
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import ISSUER, JWKS_URI, answer_keys, make_key, publish, sign
from tests.fakes.relying_parties import ORIGIN, PartyPlugin
from tests.fakes.sign_in import (
    CLIENT_SECRET,
    TOKEN_ENDPOINT,
    USERINFO_ENDPOINT,
    SignInWorld,
    Visitor,
    location_of,
    run,
)

PAGE = f"{ORIGIN}/anything/test?x=1"
XHR = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
both = pytest.mark.parametrize("store", [None, SqliteSettings(path="sessions")], ids=["cookie", "store"])


def finish(
    world: SignInWorld, before: Callable[[Visitor, str], str] | None = None, **changes: Any
) -> tuple[Reply, Visitor]:
    """Sign in; `before` may change the world and the callback's address on the way. The flow's cookie always goes."""

    async def conversation() -> tuple[Reply, Visitor]:
        visitor = Visitor(world, PartyPlugin(world, **changes))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        settled = await visitor.open(before(visitor, back) if before is not None else back)
        assert isinstance(settled, Reply)
        return settled, visitor

    reply, visitor = run(conversation)
    assert not any(name.startswith("ostiary_login_") for name in visitor.cookie_names)
    return reply, visitor


def refused(world: SignInWorld, **changes: Any) -> tuple[int, str]:
    """Sign in, and return status and reason of a refusal, after which nobody is signed in."""
    reply, visitor = finish(world, **changes)
    assert visitor.cookie_names == []
    return reply.status, reply.reason


def test_a_finished_login_leads_back_with_a_session() -> None:
    """303 to the page that was wanted; the session's cookie comes, the flow's goes, and nobody keeps the answer."""
    world = SignInWorld()
    reply, visitor = finish(world)

    assert (reply.status, reply.reason, location_of(reply)) == (303, "login_finished", "/anything/test?x=1")
    assert dict(reply.headers)["Cache-Control"] == "no-store"
    assert [name[:16] for name in visitor.cookie_names] == ["ostiary_session_"]
    (session,) = (each for each in visitor.jar.live(world.clock.now()) if not each.name.endswith("_done"))
    assert session.is_http_only
    assert session.expires_at == world.clock.now() + 3600


def test_the_session_admits_and_tells_who_signed_in() -> None:
    """What the provider said is what the upstream is told."""
    world = SignInWorld()
    _, visitor = finish(world)
    admit = run(lambda: visitor.open(PAGE))

    assert isinstance(admit, Admit)
    assert admit.principal is not None
    assert admit.edits is not None
    assert (admit.principal.issuer, admit.principal.subject) == (ISSUER, "user-1")
    assert b"X-Access-Token: an-access-token\r\n" in admit.edits.block
    assert b"X-Userinfo: " in admit.edits.block


def test_the_session_ends_with_its_access_token_or_its_lifetime() -> None:
    """Whichever is first, where nothing renews; an hour where the provider does not say how long a token lives.

    "Zero seconds" says nothing either: the token would be over before the browser came back with it.
    """
    for said, lifetime_s, seconds in ((300, 3600, 300), (None, 9000, 3600), (0, 9000, 3600), (300, 60, 60)):
        world = SignInWorld()
        world.token_changes = {"expires_in": said, "refresh_token": None}
        _, visitor = finish(world, limits=SessionLimits(absolute_s=lifetime_s))
        cookie = visitor.request(PAGE).cookie.decode()
        world.clock.advance(seconds - 1)
        assert isinstance(run(partial(visitor.open, PAGE, cookie=cookie)), Admit)
        world.clock.advance(1)
        assert isinstance(run(partial(visitor.open, PAGE, cookie=cookie)), Reply)
        assert isinstance(visitor.plugin, PartyPlugin)
        assert visitor.plugin.missed[-1] == "session_expired"


def test_the_code_goes_to_the_token_endpoint_once_with_everything_that_belongs_to_it() -> None:
    """Client authentication, redirect URI, verifier."""
    world = SignInWorld()
    finish(world)
    (call,) = (call for call in world.http.calls if call.url == TOKEN_ENDPOINT)
    form = dict(parse_qsl(call.body.decode()))

    assert call.method == "POST"
    assert dict(call.headers)["Authorization"].startswith("Basic ")
    assert set(form) == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert CLIENT_SECRET not in call.body.decode()


@pytest.mark.parametrize(
    ("offered", "in_body"),
    [
        (None, False),
        (["client_secret_basic", "client_secret_post"], False),
        (["private_key_jwt", "client_secret_post"], True),
        (["private_key_jwt"], False),
    ],
)
def test_the_client_says_who_it_is_as_the_provider_can_take_it(offered: list[str] | None, *, in_body: bool) -> None:
    """As configured; where that is not offered, the first offered method that is supported."""
    world = SignInWorld()
    world.publish(token_endpoint_auth_methods_supported=offered)
    finish(world)
    (call,) = (call for call in world.http.calls if call.url == TOKEN_ENDPOINT)

    assert (b"client_secret=" in call.body) == in_body
    assert ("Authorization" in dict(call.headers)) != in_body


def test_a_silent_answer_by_form_that_says_no_ends_a_session_that_it_did_not_bring() -> None:
    """The cookie of the session stayed behind: it goes nevertheless, or the next page would ask silently again."""
    world = SignInWorld()
    world.token_changes = {"refresh_token": None}

    async def conversation() -> list[str]:
        renewal = RenewalPolicy(interval_s=60.0)
        plugin = PartyPlugin(world, response_mode="form_post", renewal=renewal)
        visitor = Visitor(world, plugin)

        async def answer(started: Any) -> Reply:
            address, _, form = world.authorize(location_of(started)).partition("?")
            settled = await visitor.post(address, form)
            assert isinstance(settled, Reply)
            return settled

        reasons = [(await answer(await visitor.open(PAGE))).reason]
        world.clock.advance(100)
        world.callback_changes = {"code": None, "error": "login_required"}
        silent = await visitor.open(PAGE)
        assert "prompt=none" in location_of(silent)
        reasons.append((await answer(silent)).reason)
        assert visitor.cookie_names == []
        assert "prompt=none" not in location_of(await visitor.open(PAGE))
        return reasons

    assert run(conversation) == ["login_finished", "silent_login_refused"]


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS"])
def test_answers_come_by_get(method: str) -> None:
    """Anything else is 405, before anything is read."""
    world = SignInWorld()

    async def conversation() -> Reply:
        visitor = Visitor(world, PartyPlugin(world))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        settled = await visitor.open(back, method)
        assert isinstance(settled, Reply)
        return settled

    reply: Reply = run(conversation)
    assert (reply.status, reply.reason, dict(reply.headers)["Allow"]) == (405, "callback_method", "GET")
    assert world.http.count(TOKEN_ENDPOINT) == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "callback_issuer_differs"),
        ({"code": None}, "callback_code_missing"),
        ({"code": "c" * 5000}, "callback_code_too_large"),
    ],
)
def test_an_answer_that_fails_a_check_is_refused_before_the_code_is_sent(
    changes: dict[str, str | None], reason: str
) -> None:
    """400, no token call, no session."""
    world = SignInWorld()
    world.callback_changes = changes

    assert refused(world) == (400, reason)
    assert world.http.count(TOKEN_ENDPOINT) == 0


def test_an_issuer_that_was_announced_has_to_come() -> None:
    """RFC 9207: with the right one the login goes on."""
    world = SignInWorld()
    world.publish(authorization_response_iss_parameter_supported=True)

    assert refused(world) == (400, "callback_issuer_missing")
    world.callback_changes = {"iss": ISSUER}
    assert finish(world)[0].reason == "login_finished"


def test_a_repeated_parameter_ends_the_login() -> None:
    """And takes its cookie along, though it stays unclear which value was meant."""
    world = SignInWorld()
    for name in ("code", "state"):
        reply, _ = finish(world, partial(_repeat, name))
        assert (reply.status, reply.reason) == (400, "callback_parameter_repeated")
    assert world.http.count(TOKEN_ENDPOINT) == 0


def _repeat(name: str, visitor: Visitor, back: str) -> str:
    return f"{back}&{name}=other"


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        ("access_denied", 403, "provider_access_denied"),
        ("temporarily_unavailable", 503, "provider_unavailable"),
        ("server_error", 503, "provider_unavailable"),
        ("login_required", 400, "sign_in_refused"),
        ("<script>", 400, "sign_in_refused"),
    ],
)
def test_an_error_of_the_provider_is_shown_escaped(error: str, status: int, reason: str) -> None:
    """With its description, a way to start again, and no redirect that could loop."""
    world = SignInWorld()
    world.callback_changes = {"error": error, "error_description": "<b>no</b>"}
    reply, visitor = finish(world)

    assert (reply.status, reply.reason) == (status, reason)
    assert b"&lt;b&gt;no&lt;/b&gt;" in reply.body
    assert b"<script>" not in reply.body
    assert b'href="/anything/test?x=1"' in reply.body
    assert ("Retry-After" in dict(reply.headers)) == (status == 503)
    assert visitor.cookie_names == []


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"token_type": "mac"}, 502, "token_answer_invalid"),
        ({"access_token": None}, 502, "token_answer_invalid"),
        ({"id_token": None}, 502, "id_token_missing"),
        ({"id_token": "garbage"}, 502, "token_malformed"),
    ],
)
def test_a_token_answer_that_cannot_be_used_ends_the_login(changes: dict[str, Any], status: int, reason: str) -> None:
    """The page says no more than that; the reason is in the log."""
    world = SignInWorld()
    world.token_changes = changes

    assert refused(world) == (status, reason)
    assert reason in world.log.codes


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "token_issuer"),
        ({"aud": "other"}, "token_audience"),
        ({"nonce": "other"}, "token_nonce"),
        ({"exp": 1}, "token_expired"),
        ({"sub": None}, "token_subject"),
    ],
)
def test_every_check_of_the_id_token_is_made(changes: dict[str, Any], reason: str) -> None:
    """They are tried one by one where they are written; here, that they are asked at all."""
    world = SignInWorld()
    world.claim_changes = changes

    assert refused(world) == (502, reason)


def test_an_id_token_without_nonce_is_a_matter_of_configuration() -> None:
    """Refused with `use_nonce`; a wrong one always (above)."""
    world = SignInWorld()
    world.claim_changes = {"nonce": None}

    assert finish(world)[0].reason == "login_finished"
    assert refused(world, id_tokens=IdTokenSettings(require_nonce=True)) == (502, "token_nonce")


def test_a_provider_without_token_endpoint_finishes_no_login() -> None:
    """There is nowhere to redeem the code."""
    world = SignInWorld()
    world.publish(token_endpoint=None)

    assert refused(world) == (502, "provider_without_token_endpoint")


def test_an_id_token_signed_with_the_clients_secret_needs_no_keys() -> None:
    """HS256, where the provider lists it: no key set is asked for."""
    world = SignInWorld()
    world.publish(jwks_uri=None, id_token_signing_alg_values_supported=["HS256"])
    secret = "a-client-secret-of-more-than-32-bytes"
    key = OctKey.import_key(secret.encode())

    def resign(visitor: Visitor, back: str) -> str:
        redeem = world.http.answers[TOKEN_ENDPOINT]
        assert callable(redeem)

        def answer(request: OutboundRequest) -> OutboundResponse:
            tokens = json.loads(redeem(request).body)
            return answer_json(tokens | {"id_token": sign(claims_of(tokens["id_token"]), key, alg="HS256", kid=None)})

        world.http.answers[TOKEN_ENDPOINT] = answer
        return back

    credentials = ClientCredentials(client_id="shop", client_secret=secret)
    assert finish(world, resign, credentials=credentials)[0].reason == "login_finished"


def claims_of(token: str) -> dict[str, Any]:
    """Read a token's payload without asking who signed it."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def test_a_key_that_is_new_is_looked_for_once() -> None:
    """The provider rotated its keys after we read them: the second look finds the key."""
    world = SignInWorld()
    finish(world)
    new = make_key("EC", "P-256")
    world.http.answers[JWKS_URI] = answer_keys(publish(make_key()), publish(new, "key-2"))

    def rotate(visitor: Visitor, back: str) -> str:
        redeem = world.http.answers[TOKEN_ENDPOINT]
        assert callable(redeem)

        def answer(request: OutboundRequest) -> OutboundResponse:
            tokens = json.loads(redeem(request).body)
            claims = claims_of(tokens["id_token"])
            return answer_json(tokens | {"id_token": sign(claims, new, alg="ES256", kid="key-2")})

        world.http.answers[TOKEN_ENDPOINT] = answer
        return back

    assert finish(world, rotate)[0].reason == "login_finished"
    assert world.http.count(JWKS_URI) == 2


def test_a_signature_of_nobody_is_refused() -> None:
    """A key id that no key set has, also after a second look."""
    world = SignInWorld()
    world.http.answers[JWKS_URI] = answer_keys(publish(make_key(number=1), "key-1"))

    assert refused(world) == (502, "token_signature")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (ProviderFault("provider_timeout", "3 s"), 503),
        (ProviderFault("provider_answer_too_large", "", passing=False), 502),
    ],
)
def test_a_token_endpoint_that_does_not_answer_ends_the_login_with_a_way_back(
    fault: ProviderFault, status: int
) -> None:
    """Its cookie goes too: the code may have been used."""
    world = SignInWorld()
    world.http.answers[TOKEN_ENDPOINT] = fault
    reply, visitor = finish(world)

    assert (reply.status, reply.reason) == (status, fault.code)
    assert b'href="/anything/test?x=1"' in reply.body
    assert visitor.cookie_names == []


def test_a_code_that_the_provider_does_not_redeem_ends_the_login() -> None:
    """502, and the log has the provider's error code but not the code itself."""
    world = SignInWorld()

    def spend(visitor: Visitor, back: str) -> str:
        world.codes.clear()
        return back

    reply, _ = finish(world, spend)

    assert (reply.status, reply.reason) == (502, "token_refused")
    assert "invalid_grant" in world.log.text
    assert "code-0" not in world.log.text


def test_userinfo_of_somebody_else_ends_the_login() -> None:
    """OpenID Connect Core §5.3.4."""
    world = SignInWorld()
    world.userinfo = {"sub": "mallory"}

    assert refused(world) == (502, "userinfo_subject_mismatch")


@pytest.mark.parametrize("answer", [ProviderFault("provider_timeout"), answer_json({}, 500), answer_json([])])
def test_without_userinfo_the_login_goes_on(answer: Any) -> None:
    """It is logged, and the upstream is not told what is not known."""
    world = SignInWorld()
    world.http.answers[USERINFO_ENDPOINT] = answer
    reply, visitor = finish(world)
    admit = run(lambda: visitor.open(PAGE))

    assert reply.reason == "login_finished"
    assert "userinfo_missing" in world.log.codes
    assert isinstance(admit, Admit)
    assert admit.edits is not None
    assert b"X-Userinfo" not in admit.edits.block


def test_userinfo_is_asked_for_when_it_is_wanted() -> None:
    """With the access token in the header; not at all when no header would carry it."""
    world = SignInWorld()
    finish(world, headers=SessionHeaders(userinfo=False))
    assert world.http.count(USERINFO_ENDPOINT) == 0
    finish(world)
    (call,) = (call for call in world.http.calls if call.url == USERINFO_ENDPOINT)
    assert dict(call.headers)["Authorization"] == "Bearer an-access-token"
    assert not urlsplit(call.url).query


def test_a_session_that_is_too_large_is_refused_with_its_sizes() -> None:
    """Never cut, never kept in part; the log says which part is how large and holds none of it."""
    world = SignInWorld()
    world.token_changes = {"access_token": "a" * 30_000}

    assert refused(world) == (502, "session_too_large")
    event = world.log.events[-1]
    assert event.code == "session_too_large"
    assert event.fields["access_token_bytes"] == 30_000
    assert "aaa" not in world.log.text


@pytest.mark.parametrize(("number", "reason"), [(2**63, "login_finished"), (2**70, "claims_unusable")])
def test_claims_that_cannot_be_kept_end_the_login(number: int, reason: str) -> None:
    """A number beyond 64 bits has no place in a session."""
    world = SignInWorld()
    userinfo = b'{"sub":"user-1","n":%d}' % number
    world.http.answers[USERINFO_ENDPOINT] = OutboundResponse(status=200, body=userinfo)

    assert finish(world)[0].reason == reason


def test_nothing_secret_reaches_the_log() -> None:
    """Over a login that works and several that do not."""
    world = SignInWorld()
    states = []

    def remember(visitor: Visitor, back: str) -> str:
        states.append(dict(parse_qsl(urlsplit(back).query))["state"])
        return back

    finish(world, remember)
    world.claim_changes = {"nonce": "other"}
    finish(world, remember)
    world.token_changes = {"token_type": "mac"}
    finish(world, remember)

    assert len(states) == 3
    for secret in ("an-access-token", "a-refresh-token", "code-", CLIENT_SECRET, *states):
        assert secret not in world.log.text


def test_the_back_button_leads_to_the_page_that_the_login_led_to() -> None:
    """It may pass the provider, which knows the person and answers the old request again: no error, and no call."""
    world = SignInWorld()

    async def conversation() -> tuple[Reply, bytes | None]:
        visitor = Visitor(world, PartyPlugin(world))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        await visitor.open(back)
        settled = await visitor.open(back.replace("code-", "another-"))
        assert isinstance(settled, Reply)
        return settled, await world.stores.shared.read(world.stores.shared.calls[-1][1])

    moved, kept = run(conversation)
    assert (moved.status, moved.reason) == (303, "login_finished_before")
    assert urlsplit(PAGE)._replace(scheme="", netloc="").geturl() == location_of(moved)
    assert world.http.count(TOKEN_ENDPOINT) == 1
    assert kept is not None
    assert b"anything" not in kept


@pytest.mark.parametrize("cookie", ["", "ostiary_session_broken=x"])
def test_a_login_that_has_ended_leads_nobody_on_who_is_not_signed_in(cookie: str) -> None:
    """The address of a finished login is worth nothing."""
    world = SignInWorld()

    async def conversation() -> str:
        visitor = Visitor(world, PartyPlugin(world))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        await visitor.open(back)
        name = visitor.request(PAGE).cookie.partition(b"=")[0].decode()
        settled = await visitor.open(back, cookie=cookie.replace("ostiary_session_broken", name))
        assert isinstance(settled, Reply)
        return settled.reason

    assert run(conversation) == "callback_replayed"


def test_two_callbacks_at_once_redeem_one_code() -> None:
    """The state is used before anybody waits."""
    world = SignInWorld()

    async def conversation() -> list[str]:
        visitor = Visitor(world, PartyPlugin(world))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        settled = await asyncio.gather(visitor.open(back), visitor.open(back))
        return [reply.reason for reply in settled if isinstance(reply, Reply)]

    assert sorted(run(conversation)) == ["callback_replayed", "login_finished"]
    assert world.http.count(TOKEN_ENDPOINT) == 1


def test_a_gateway_that_was_restarted_meanwhile_learns_the_provider_again() -> None:
    """The flow is in the browser, the provider is a call away."""
    world = SignInWorld()

    async def conversation() -> str:
        visitor = Visitor(world, PartyPlugin(world))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        fresh = SignInWorld()
        fresh.codes = world.codes
        visitor.world, visitor.plugin = fresh, PartyPlugin(fresh)
        settled = await visitor.open(back)
        assert isinstance(settled, Reply)
        return settled.reason

    assert run(conversation) == "login_finished"


@both
def test_a_state_serves_once_among_all_workers(store: SqliteSettings | None) -> None:
    """Two of them get the same answer, at once and one after the other: one code is redeemed, one session made."""
    world = SignInWorld()

    async def conversation() -> list[str]:
        visitor = Visitor(world, PartyPlugin(world, store=store))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        answer = visitor.request(back)
        other = Visitor(world, PartyPlugin(world, store=store))
        settled = list(await asyncio.gather(visitor.send(answer, back), other.send(answer, back)))
        settled.append(await other.send(answer, back))
        return [reply.reason for reply in settled if isinstance(reply, Reply)]

    assert sorted(run(conversation)) == ["callback_replayed", "callback_replayed", "login_finished"]
    assert world.http.count(TOKEN_ENDPOINT) == 1


@both
@pytest.mark.parametrize(("subject", "ends"), [("user-2", True), ("user-1", True)])
def test_whoever_signs_in_next_ends_the_session_of_who_was_there(
    store: SqliteSettings | None, subject: str, ends: bool
) -> None:
    """DESIGN.md §9.8: in the same browser the session before is over everywhere, copies of its cookie too."""
    world = SignInWorld()

    async def conversation() -> None:
        visitor = Visitor(world, PartyPlugin(world, store=store))
        await visitor.sign_in(PAGE)
        copy = visitor.request(PAGE).cookie.decode()
        away = Visitor(world, visitor.plugin)
        started = await away.open(PAGE)
        for cookie in away.jar.live(world.clock.now()):
            visitor.jar.store(f"{cookie.name}={cookie.value}; Path=/", urlsplit(PAGE), world.clock.now())
        world.claim_changes = {"sub": subject}
        world.userinfo = {"sub": subject}
        await visitor.open(world.authorize(location_of(started)))
        admitted = await visitor.open(PAGE)
        assert isinstance(admitted, Admit)
        assert admitted.principal is not None
        assert admitted.principal.subject == subject
        world.clock.advance(1)
        again = await Visitor(world, PartyPlugin(world, store=store)).open(PAGE, headers=XHR, cookie=copy)
        assert isinstance(again, Admit) != ends

    run(conversation)


@both
def test_a_store_that_fails_while_a_session_is_kept_is_a_fault(store: SqliteSettings | None) -> None:
    """Nobody is sent on with a cookie that leads nowhere."""
    world = SignInWorld()

    async def conversation() -> None:
        visitor = Visitor(world, PartyPlugin(world, store=store))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        state = world.stores.shared if store is None else world.stores.open(store)

        async def fail(name: str, key: str) -> None:
            if name == ("write" if store is not None else "create"):
                raise StoreFault("store_unavailable", "this call only")

        state.before = fail
        with pytest.raises(StoreFault):
            await visitor.open(back)
        assert not any(name.startswith("ostiary_session_") for name in visitor.cookie_names)

    run(conversation)


def test_a_session_that_other_cookies_leave_no_room_for_is_refused() -> None:
    """A page and a log line, and no Cookie header that the gateway would answer with 431."""
    world = SignInWorld()
    world.token_changes = {"access_token": "a" * 9_000}

    async def conversation() -> Reply:
        visitor = Visitor(world, PartyPlugin(world))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        for number in range(5):
            visitor.jar.store(f"app{number}={'x' * 3900}; Path=/", urlsplit(PAGE), world.clock.now())
        settled = await visitor.open(back)
        assert isinstance(settled, Reply)
        return settled

    reply: Reply = run(conversation)
    assert (reply.status, reply.reason) == (502, "session_too_large")
    event = world.log.events[-1]
    assert event.fields["wanted_bytes"] > event.fields["allowed_bytes"]  # type: ignore[operator]


@both
def test_what_a_store_takes_needs_no_room_in_cookies(store: SqliteSettings | None) -> None:
    """30 KiB of tokens: refused in a cookie, kept in a store."""
    world = SignInWorld()
    world.token_changes = {"access_token": "a" * 20_000, "refresh_token": "r" * 10_000}

    assert finish(world, store=store)[0].reason == ("session_too_large" if store is None else "login_finished")


def test_a_strict_cookie_is_reached_by_a_page_that_goes_on() -> None:
    """`SameSite=Strict`: a redirect that began at the provider would leave the cookie behind, again and again."""
    world = SignInWorld()
    reply, visitor = finish(world, cookie=CookieSettings(same_site="Strict"))

    assert (reply.status, reply.reason) == (200, "login_finished")
    assert b'content="0;url=/anything/test?x=1"' in reply.body
    assert "default-src 'none'" in dict(reply.headers)["Content-Security-Policy"]
    assert isinstance(run(lambda: visitor.open(PAGE)), Admit)


def test_who_is_no_member_gets_a_page_and_no_session() -> None:
    """The provider signed them in; this application is not for them."""
    assert (403, "membership_refused") == refused(SignInWorld(), members=MemberRule(groups=("staff",)))


def test_a_login_may_lead_to_another_host_that_is_allowed() -> None:
    """Judged when it starts, and again when it ends."""

    async def conversation(world: SignInWorld, allowed: tuple[str, ...]) -> Reply:
        plugin = PartyPlugin(world, follows_rd=True, allowed_redirects=("app.example.com",))
        later = PartyPlugin(world, follows_rd=True, allowed_redirects=allowed)
        visitor = Visitor(world, plugin)
        target = "https://app.example.com/x?y"
        request = visitor.request(PAGE)
        started = plugin.party.start_at(request, world.clock.now(), target)
        settled = await started.settle() if isinstance(started, Pending) else started
        assert isinstance(settled, Reply)
        visitor.keep_cookies(settled, PAGE)
        visitor.plugin = later
        ended = await visitor.open(world.authorize(location_of(settled)))
        assert isinstance(ended, Reply)
        return ended

    assert "https://app.example.com/x?y" == location_of(run(partial(conversation, SignInWorld(), ("app.example.com",))))
    assert "/" == location_of(run(partial(conversation, SignInWorld(), ())))
