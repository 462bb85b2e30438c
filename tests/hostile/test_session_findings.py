"""Sessions where a browser, an application or a provider does what nobody planned for.

Nobody is signed out by it, no copy of a cookie outlives its session, and nothing goes round in circles.
"""

from typing import Any
from urllib.parse import urlsplit

import pytest

from ostiary.errors import ProviderFault
from ostiary.plugin import Admit, Pass, Place, Reply
from ostiary.plugins.openid_connect import plugin_type
from ostiary.plugins.openid_connect.plugin import OpenIdConnect
from tests.fakes.issuer import CLIENT_ID, DISCOVERY, ISSUER
from tests.fakes.sign_in import (
    CLIENT_SECRET,
    PAGE_HEADERS,
    SECRET,
    TOKEN_ENDPOINT,
    SignInWorld,
    Visitor,
    location_of,
    run,
)

PAGE = "http://localhost:9080/anything/test?x=1"
CALLBACK = "http://localhost:9080/anything/callback"
LOGOUT = "http://localhost:9080/logout"
XHR = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
both = pytest.mark.parametrize("kept", [{}, {"storage": "sqlite"}], ids=["cookie", "store"])


def build(world: SignInWorld, session: dict[str, Any], place: Place | None = None, **attributes: Any) -> OpenIdConnect:
    """Build an instance whose sessions are as `session` says."""
    written = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "discovery": DISCOVERY,
        "redirect_uri": CALLBACK,
        "session": {"secret": SECRET, **session},
        **attributes,
    }
    return plugin_type.build(plugin_type.config.model_validate(written), world.services(place))


async def enter(world: SignInWorld, session: dict[str, Any], **attributes: Any) -> Visitor:
    """Return somebody who signed in, and saw the page."""
    visitor = Visitor(world, build(world, session, **attributes))
    await visitor.sign_in(PAGE)
    assert isinstance(await visitor.open(PAGE), Admit)
    return visitor


async def start_silently(world: SignInWorld, kept: dict[str, Any]) -> tuple[Visitor, str]:
    """Return somebody who is being confirmed without a refresh token, and where the provider sends them back to."""
    world.token_changes = {"refresh_token": None, "expires_in": 3000}
    visitor = await enter(world, kept, refresh_session_interval=100)
    world.clock.advance(100)
    started = location_of(await visitor.open(PAGE))
    assert "prompt=none" in started
    return visitor, started


def cookie_of(visitor: Visitor) -> str:
    """Return what the browser sends now."""
    return visitor.request(PAGE).cookie.decode()


def reason_of(settled: Reply | Admit | Pass) -> str:
    """Return the code of an answer that the gateway gave itself."""
    assert isinstance(settled, Reply), settled
    return settled.reason


# --- nobody is signed out


@both
@pytest.mark.parametrize("action", ["deny", "pass"])
def test_where_no_sign_in_starts_force_takes_no_session_away(kept: dict[str, Any], action: str) -> None:
    """`force_reauthorize` with an `unauth_action` that sends nobody anywhere: a session serves every page."""

    async def conversation() -> None:
        world = SignInWorld()
        visitor = await enter(world, kept)
        visitor.plugin = build(world, kept, force_reauthorize=True, unauth_action=action)
        for _ in range(3):
            admitted = await visitor.open(PAGE)
            assert isinstance(admitted, Admit)
            assert admitted.principal is not None

    run(conversation)


@both
@pytest.mark.parametrize("name", ["shop_theme", "shop_", "shop_8", "shop_01", "shop2"])
def test_an_applications_cookie_of_a_like_name_is_its_own(kept: dict[str, Any], name: str) -> None:
    """`session.cookie_name: shop`: the session counts beside it, and neither sign-in nor logout deletes it."""

    async def conversation() -> None:
        world = SignInWorld()
        visitor = await enter(world, {"cookie_name": "shop", **kept})
        visitor.jar.store(f"{name}=dark; Path=/", urlsplit(PAGE), world.clock.now())
        assert isinstance(await visitor.open(PAGE), Admit)
        left = await visitor.open(LOGOUT, headers={**PAGE_HEADERS, "Sec-Fetch-Site": "same-origin"})
        assert reason_of(left) == "signed_out"
        assert visitor.cookie_names == [name]
        await visitor.sign_in(PAGE)
        assert visitor.cookie_names == sorted(["shop", name])
        assert isinstance(await visitor.open(PAGE), Admit)

    run(conversation)


@both
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Site": "none"},
        {"Sec-Purpose": "prefetch", "Sec-Fetch-Site": "same-origin"},
        {"Purpose": "prefetch", "Referer": PAGE},
    ],
)
def test_a_page_that_is_fetched_ahead_signs_nobody_out(kept: dict[str, Any], headers: dict[str, str]) -> None:
    """A browser guesses that the person may click on "sign out": it has nobody's word for it."""

    async def conversation() -> None:
        visitor = await enter(SignInWorld(), kept)
        ahead = await visitor.open(LOGOUT, headers={**PAGE_HEADERS, **headers})
        assert reason_of(ahead) == "logout_unconfirmed"
        assert isinstance(await visitor.open(PAGE, headers=XHR), Admit)

    run(conversation)


@both
@pytest.mark.parametrize(
    "failure", [ProviderFault("provider_timeout", "3 s"), ProviderFault("token_refused", "invalid_grant")], ids=str
)
def test_a_silent_sign_in_that_fails_at_the_token_endpoint_leaves_the_session(
    kept: dict[str, Any], failure: ProviderFault
) -> None:
    """The person is back on their page, and sees nothing of it."""

    async def conversation() -> None:
        world = SignInWorld()
        visitor, started = await start_silently(world, kept)
        world.http.answers[TOKEN_ENDPOINT] = failure
        assert location_of(await visitor.open(world.authorize(started))) == "/anything/test?x=1"
        assert isinstance(await visitor.open(PAGE), Admit)

    run(conversation)


@both
def test_a_late_401_takes_no_newer_session_away(kept: dict[str, Any]) -> None:
    """A poll of the old session is answered after the person has signed in again in another tab."""

    async def conversation() -> None:
        world = SignInWorld()
        world.token_changes = {"refresh_token": None}
        visitor = await enter(world, kept)
        world.clock.advance(300)
        refused = await visitor.send(visitor.request(PAGE, headers=XHR), PAGE, is_lost=True)
        assert isinstance(refused, Reply)
        assert refused.status == 401
        await visitor.sign_in(PAGE)
        visitor.keep_cookies(refused, PAGE)
        assert isinstance(await visitor.open(PAGE), Admit)

    run(conversation)


# --- no copy outlives its session


@both
@pytest.mark.parametrize("error", ["login_required", "interaction_required"])
def test_whom_the_provider_no_longer_knows_has_no_session_left(kept: dict[str, Any], error: str) -> None:
    """It ends everywhere, and not only in the browser that was asked."""

    async def conversation() -> None:
        world = SignInWorld()
        visitor, started = await start_silently(world, kept)
        copy = cookie_of(visitor)
        world.callback_changes = {"code": None, "error": error}
        await visitor.open(world.authorize(started))
        world.clock.advance(2)
        visitor.plugin = build(world, kept)
        assert not isinstance(await visitor.open(PAGE, headers=XHR, cookie=copy), Admit)

    run(conversation)


@both
def test_a_sign_in_by_force_ends_the_session_before(kept: dict[str, Any]) -> None:
    """Of the same person too: `force_reauthorize` wants a new session, and a copy of the old one is worth nothing."""

    async def conversation() -> None:
        world = SignInWorld()
        visitor = await enter(world, kept, force_reauthorize=True)
        copy = cookie_of(visitor)
        back = world.authorize(location_of(await visitor.open(PAGE)))
        assert isinstance(await visitor.open(PAGE, headers=XHR, cookie=copy), Admit)
        await visitor.open(back)
        world.clock.advance(2)
        assert not isinstance(await visitor.open(PAGE, headers=XHR, cookie=copy), Admit)
        assert isinstance(await visitor.open(PAGE), Admit)

    run(conversation)


# --- nothing goes round in circles


@both
@pytest.mark.parametrize(
    "session", [{"cookie_secure": True}, {"cookie_same_site": "None"}, {"cookie_name": "__Host-shop"}]
)
def test_a_browser_that_keeps_no_session_is_told_so(kept: dict[str, Any], session: dict[str, Any]) -> None:
    """Attributes that no browser takes over http: one sign-in, then a page instead of the next; then a new try."""

    async def conversation() -> None:
        world = SignInWorld()
        page = "http://shop.lan/anything/test"
        place = Place(id="r1", hosts=("shop.lan",), uris=("/anything/*",))
        uri = "http://shop.lan/anything/callback"
        visitor = Visitor(world, build(world, {**session, **kept}, place, redirect_uri=uri))
        for _ in range(2):
            started = location_of(await visitor.open(page))
            assert started.startswith(ISSUER)
            assert reason_of(await visitor.open(world.authorize(started))) == "login_finished"
            told = await visitor.open(page)
            assert isinstance(told, Reply)
            assert (told.status, told.reason) == (400, "session_cookie_lost")
            assert "session_cookie_lost" in world.log.codes

    run(conversation)
