"""Starting a login."""

from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ostiary.errors import ProviderFault
from ostiary.identity.login_flow import build_state
from ostiary.plugin import Admit, Pending, Place, Reply
from ostiary.relying_party.client_cookies import MAX_MOVES
from ostiary.relying_party.occasion import Occasion
from ostiary.relying_party.settings import CookieSettings
from tests.fakes.issuer import DISCOVERY, ISSUER
from tests.fakes.relying_parties import CALLBACK, ORIGIN, PartyPlugin
from tests.fakes.sign_in import SignInWorld, Visitor, location_of, run

PAGE = f"{ORIGIN}/anything/test?x=1"


def start(world: SignInWorld, url: str = PAGE, visits: int = 1, **changes: Any) -> Reply:
    """Open a page and return the last answer."""

    async def conversation() -> Reply:
        visitor = Visitor(world, PartyPlugin(world, **changes))
        for _ in range(visits - 1):
            await visitor.open(url)
        settled = await visitor.open(url)
        assert isinstance(settled, Reply)
        return settled

    reply: Reply = run(conversation)
    return reply


def asked(reply: Reply) -> dict[str, str]:
    """Return the parameters of an authorization request, each of which came once."""
    pairs = parse_qsl(urlsplit(location_of(reply)).query, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def test_a_person_is_sent_to_the_provider() -> None:
    """302, kept by nobody, with a state, a nonce and a challenge that are new each time."""
    world = SignInWorld()
    first, second = start(world), start(world)

    assert first.status == 302
    assert first.reason == "login_started"
    assert dict(first.headers)["Cache-Control"] == "no-store"
    assert location_of(first).startswith(f"{ISSUER}/authorize?")
    assert asked(first)["redirect_uri"] == CALLBACK
    assert asked(first)["scope"] == "openid"
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked(first)[name]) >= 43
        assert asked(first)[name] != asked(second)[name]


def test_the_state_begins_with_the_time_and_goes_on_with_dice() -> None:
    """32 bytes of them."""
    world = SignInWorld()
    dice = SignInWorld().dice.token_bytes(108)

    assert asked(start(world))["state"] == build_state(dice[:32], world.clock.now())


@pytest.mark.parametrize(
    ("methods", "use_pkce", "used"),
    [
        (["S256"], False, True),
        (["plain"], False, False),
        (None, False, False),
        (None, True, True),
        (["plain"], True, True),
    ],
)
def test_pkce_is_used_where_it_is_offered_or_asked_for(
    methods: list[str] | None, *, use_pkce: bool, used: bool
) -> None:
    """S256 or nothing; the nonce goes along always."""
    world = SignInWorld()
    world.publish(code_challenge_methods_supported=methods)
    parameters = asked(start(world, use_pkce=use_pkce))

    assert ("code_challenge" in parameters) == used
    assert parameters.get("code_challenge_method") == ("S256" if used else None)
    assert "nonce" in parameters


def test_the_provider_is_asked_once() -> None:
    """Afterwards a login starts from memory, without waiting."""
    world = SignInWorld()

    async def conversation() -> None:
        plugin = PartyPlugin(world)
        visitor = Visitor(world, plugin)
        assert isinstance(plugin.decide(visitor.request(PAGE), None, world.clock.now()), Pending)
        await visitor.open(PAGE)
        assert isinstance(plugin.decide(visitor.request(PAGE), None, world.clock.now()), Reply)

    run(conversation)
    assert world.http.count(DISCOVERY) == 1


def test_a_provider_that_is_down_is_a_fault() -> None:
    """The host answers it with 503 and Retry-After."""
    world = SignInWorld()
    world.take_down()

    with pytest.raises(ProviderFault) as fault:
        start(world)
    assert fault.value.passing


def test_a_provider_without_sign_in_is_a_fault_that_does_not_pass() -> None:
    """Its metadata name no authorization endpoint."""
    world = SignInWorld()
    world.publish(authorization_endpoint=None)

    with pytest.raises(ProviderFault, match="provider_without_authorization"):
        start(world)


def test_extra_parameters_go_along() -> None:
    """As configured."""
    assert asked(start(SignInWorld(), authorization_parameters={"prompt": "login"}))["prompt"] == "login"


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        (None, "login_started"),
        ([], "login_started"),
        (["query", "form_post"], "login_started"),
        (["query", "fragment"], "response_mode_unsupported"),
    ],
)
def test_a_provider_that_cannot_answer_by_form_is_not_asked_to(offered: list[str] | None, reason: str) -> None:
    """A page and a log line that names the attribute; whoever says nothing may well have it; `query` has everybody."""
    world = SignInWorld()
    world.publish(response_modes_supported=offered)
    reply = start(world, response_mode="form_post")

    assert reply.reason == reason
    assert start(world).reason == "login_started"
    assert world.log.codes == ([] if reason == "login_started" else [reason])
    if reason != "login_started":
        assert (reply.status, "response_mode: query" in world.log.text) == (502, True)
        assert "Set-Cookie" not in dict(reply.headers)


def test_an_answer_by_form_to_plain_http_is_never_begun() -> None:
    """The browser would not send the note along with the form; the page names what the operator can set."""
    place = Place(id="r1", hosts=("shop.example",), uris=("/anything/*",))

    for url, mode, reason in (
        ("http://shop.example/anything/test", "form_post", "login_needs_https"),
        ("http://shop.example/anything/test", "query", "login_started"),
        ("https://shop.example/anything/test", "form_post", "login_started"),
        (PAGE, "form_post", "login_started"),
    ):
        world = SignInWorld()
        plugin = PartyPlugin(world, place, redirect_uri=None, response_mode=mode)
        reply = run(partial(Visitor(world, plugin).open, url))
        assert isinstance(reply, Reply)
        assert reply.reason == reason
        assert (b"gateway.public_url" in reply.body) == (reason == "login_needs_https")


def test_another_host_is_moved_to_the_redirect_uris_first() -> None:
    """Same path and query, at the redirect URI's scheme, host and port; no login is started yet."""
    moved = start(SignInWorld(), "http://127.0.0.1:9080/anything/test?x=1")

    assert (moved.status, moved.reason) == (302, "login_moved")
    assert location_of(moved) == PAGE
    assert all("ostiary_login_moves" in value for name, value in moved.headers if name == "Set-Cookie")


def test_another_port_is_no_other_host() -> None:
    """Cookies do not know ports."""
    assert start(SignInWorld(), "http://localhost:1234/anything/test").reason == "login_started"


def test_moves_do_not_go_round_in_circles() -> None:
    """A proxy that changes the host would send people to and fro: after a few moves a page says so."""
    world = SignInWorld()
    url = "http://127.0.0.1:9080/anything/test"

    assert start(world, url, visits=MAX_MOVES).reason == "login_moved"
    stopped = start(world, url, visits=MAX_MOVES + 1)
    assert (stopped.status, stopped.reason) == (400, "login_other_host")
    assert b"127.0.0.1:9080" in stopped.body
    assert b"http://localhost:9080" in stopped.body


def test_where_the_other_host_does_not_lead_here_a_page_names_both() -> None:
    """No redirect into somebody else's site."""
    world = SignInWorld()
    world.reachable = False
    page = start(world, "http://127.0.0.1:9080/anything/test?x=\\")

    assert (page.status, page.reason) == (400, "login_other_host")
    assert b"127.0.0.1:9080" in page.body
    assert b"http://localhost:9080" in page.body


def test_a_derived_redirect_uri_follows_the_route() -> None:
    """Below the requested path, at the host that was opened."""
    parameters = asked(start(SignInWorld(), redirect_uri=None))

    assert parameters["redirect_uri"] == f"{ORIGIN}/anything/test/.apisix/redirect"


def test_a_host_that_nobody_vouches_for_starts_no_login() -> None:
    """The page names the settings that would help."""
    page = start(SignInWorld(), "http://evil.example/anything/test", redirect_uri=None)

    assert (page.status, page.reason) == (400, "login_host_unknown")
    assert b"gateway.public_url" in page.body
    assert b"evil.example" in page.body


def test_the_public_address_vouches_for_all() -> None:
    """A request by another name is moved there first."""
    world = SignInWorld()
    moved = start(world, "http://10.0.0.1/anything/test", redirect_uri=None, public_url="https://shop.example")

    assert location_of(moved) == "https://shop.example/anything/test"
    assert asked(start(world, location_of(moved), redirect_uri=None, public_url="https://shop.example"))[
        "redirect_uri"
    ] == ("https://shop.example/anything/test/.apisix/redirect")


def test_an_address_that_is_too_long_comes_back_without_its_query() -> None:
    """The login matters more than the query; an address that no cookie can hold starts none."""
    world = SignInWorld()
    long = start(world, f"{ORIGIN}/anything/test?x={'a' * 4000}")
    longest = start(world, f"{ORIGIN}/anything/{'a' * 4000}", redirect_uri=None)

    assert long.reason == "login_started"
    assert (longest.status, longest.reason) == (414, "login_address_too_long")


def test_what_is_left_of_an_old_session_goes() -> None:
    """It is deleted before the new login starts, surplus chunks included."""
    world = SignInWorld()

    async def conversation() -> list[str]:
        visitor = Visitor(world, PartyPlugin(world))
        await visitor.sign_in(PAGE)
        (name,) = visitor.cookie_names
        for chunk in (name, f"{name}_1"):
            visitor.jar.store(f"{chunk}=garbage; Path=/", urlsplit(PAGE), world.clock.now())
        await visitor.open(PAGE)
        return visitor.cookie_names

    names: list[str] = run(conversation)
    assert len(names) == 1
    assert names[0].startswith("ostiary_login_")


def test_over_https_cookies_have_their_prefix() -> None:
    """Whether the request says so or the redirect URI does."""
    world = SignInWorld()
    place = Place(id="r1", hosts=("shop.example",), uris=("/*",))
    by_request = start(world, "https://shop.example/a", redirect_uri=None, place=place)
    by_setting = start(world, "http://shop.example/a", redirect_uri="https://shop.example/cb", place=place)

    for reply in (by_request, by_setting):
        cookie = dict(reply.headers)["Set-Cookie"]
        assert cookie.startswith("__Host-ostiary_login_")
        assert "; Secure" in cookie


def test_a_silent_sign_in_asks_nothing_of_the_person() -> None:
    """`prompt=none` whatever the operator's parameters say, with the session's cookies left alone meanwhile."""
    world = SignInWorld()

    async def conversation() -> tuple[Reply, Reply]:
        plugin = PartyPlugin(world, authorization_parameters={"prompt": "login", "audience": "api"})
        visitor = Visitor(world, plugin)
        await visitor.sign_in(PAGE)
        replies = []
        for occasion in (Occasion.SILENT, Occasion.NOBODY):
            started = plugin.party.start_sign_in(visitor.request(PAGE), world.clock.now(), occasion)
            assert isinstance(started, Reply)
            replies.append(started)
        return replies[0], replies[1]

    silent, ordinary = run(conversation)
    assert (asked(silent)["prompt"], asked(silent)["audience"]) == ("none", "api")
    assert (asked(ordinary)["prompt"], asked(ordinary)["audience"]) == ("login", "api")
    for reply, goes in ((silent, False), (ordinary, True)):
        written = [value for name, value in reply.headers if name == "Set-Cookie"]
        assert any(line.startswith("ostiary_session_") for line in written) == goes
        assert any(line.startswith("ostiary_login_") for line in written)


def test_by_force_the_session_stays_until_the_person_is_back() -> None:
    """An ordinary sign-in whose flow is not silent; calls of an open page go on with the session meanwhile."""
    world = SignInWorld()

    async def conversation() -> Reply:
        plugin = PartyPlugin(world, authorization_parameters={"prompt": "login"})
        visitor = Visitor(world, plugin)
        await visitor.sign_in(PAGE)
        (session,) = visitor.cookie_names
        started = plugin.party.start_sign_in(visitor.request(PAGE), world.clock.now(), Occasion.FORCED)
        assert isinstance(started, Reply)
        visitor.keep_cookies(started, PAGE)
        assert session in visitor.cookie_names
        assert isinstance(await visitor.open(PAGE), Admit)
        world.callback_changes = {"code": None, "error": "login_required"}
        denied = await visitor.open(world.authorize(location_of(started)))
        assert isinstance(denied, Reply)
        assert denied.status >= 400  # a silent one would go on without a word
        return started

    assert asked(run(conversation))["prompt"] == "login"


@pytest.mark.parametrize("occasion", [Occasion.FORCED, Occasion.SILENT])
def test_whoever_has_a_session_is_not_told_that_it_was_lost(occasion: Occasion) -> None:
    """The note of a login that has just ended well is forgotten with the next one, and stops only who has nothing."""
    world = SignInWorld()

    async def conversation() -> None:
        plugin = PartyPlugin(world)
        visitor = Visitor(world, plugin)
        await visitor.sign_in(PAGE)
        (session,) = visitor.cookie_names
        visitor.jar.remove(session)
        request = visitor.request(PAGE)
        started = plugin.party.start_sign_in(request, world.clock.now(), occasion)
        assert isinstance(started, Reply)
        assert started.reason == "login_started"
        lost = plugin.party.start_sign_in(request, world.clock.now(), Occasion.NOBODY)
        assert isinstance(lost, Reply)
        assert (lost.status, lost.reason) == (400, "session_cookie_lost")
        for reply in (started, lost):
            visitor.keep_cookies(reply, PAGE)
            assert b"_done" not in visitor.request(PAGE).cookie
            await visitor.sign_in(PAGE)
            visitor.jar.remove(session)

    run(conversation)


def test_a_session_cookie_goes_as_it_came() -> None:
    """What is deleted before a login has the session's own name and path, not the flow's."""
    world = SignInWorld()

    async def conversation() -> list[str]:
        cookie = CookieSettings(name="shop", path="/anything")
        visitor = Visitor(world, PartyPlugin(world, cookie=cookie))
        await visitor.sign_in(PAGE)
        assert visitor.cookie_names == ["shop"]
        visitor.plugin = PartyPlugin(world, cookie=cookie, secrets=("another-secret-of-somebody",))
        await visitor.open(PAGE)
        return visitor.cookie_names

    (name,) = run(conversation)
    assert name.startswith("ostiary_login_")
