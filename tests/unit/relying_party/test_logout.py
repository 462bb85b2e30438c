"""Signing out: here and everywhere at once, at the provider too, and never because another site says so."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ostiary.errors import OperatorFault, ProviderFault, StoreFault
from ostiary.plugin import Admit, Claim, Pass, Place, Reply
from ostiary.relying_party.logout import CONFIRMATION_S
from ostiary.relying_party.settings import CookieSettings, LogoutSettings, SessionContents
from ostiary.store_settings import SqliteSettings, StoreSettings
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import CLIENT_ID, DISCOVERY
from tests.fakes.relying_parties import CALLBACK, ORIGIN, PartyPlugin
from tests.fakes.sign_in import (
    END_SESSION_ENDPOINT,
    PAGE_HEADERS,
    REVOCATION_ENDPOINT,
    SignInWorld,
    Visitor,
    location_of,
)

PAGE = f"{ORIGIN}/anything/test"
LOGOUT = f"{ORIGIN}/logout"
XHR = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
OWN = {**PAGE_HEADERS, "Sec-Fetch-Site": "same-origin"}
FOREIGN = {**PAGE_HEADERS, "Sec-Fetch-Site": "cross-site"}
STORED = SqliteSettings(path="sessions")
both = pytest.mark.parametrize("store", [None, STORED], ids=["cookie", "store"])
Settled = Reply | Admit | Pass


class Signed:
    """Somebody who signed in at a provider that knows of logout and revocation."""

    def __init__(self, store: StoreSettings | None = None, **changes: Any) -> None:
        """Build the world; `changes` are those of the settings, `published` those of the provider's metadata."""
        self.world = SignInWorld()
        self.world.publish(
            **{
                "end_session_endpoint": END_SESSION_ENDPOINT,
                "revocation_endpoint": REVOCATION_ENDPOINT,
                **changes.pop("published", {}),
            }
        )
        self.settings = {"store": store, **changes}
        self.visitor = Visitor(self.world, self.worker())

    @property
    def state(self) -> Any:
        """The store that logouts stand in."""
        store = self.settings["store"]
        return self.world.stores.shared if store is None else self.world.stores.open(store)

    @property
    def cookie(self) -> str:
        """What the browser sends now."""
        return self.visitor.request(PAGE).cookie.decode()

    def worker(self) -> PartyPlugin:
        """Return another process of the gateway."""
        return PartyPlugin(self.world, **self.settings)

    async def shows(self, cookie: str) -> Settled:
        """Show a cookie at another process."""
        return await Visitor(self.world, self.worker()).open(PAGE, headers=XHR, cookie=cookie)

    async def leave(self, headers: dict[str, str] | None = None, url: str = LOGOUT, method: str = "GET") -> Reply:
        """Ask to be signed out; from this site unless `headers` say otherwise."""
        settled = await self.visitor.open(url, method, OWN if headers is None else headers)
        assert isinstance(settled, Reply)
        return settled


def play(it: Signed, scene: Callable[[Signed], Awaitable[None]]) -> None:
    """Sign in, and play a scene."""

    async def run() -> None:
        await it.visitor.sign_in(PAGE)
        await scene(it)
        await it.world.spawner.settle()

    asyncio.run(run())


def parameters_of(reply: Reply) -> dict[str, str]:
    """Return what the provider is told, each parameter once."""
    pairs = parse_qsl(urlsplit(location_of(reply)).query, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def link_of(reply: Reply) -> str:
    """Return where the page's link leads."""
    found = re.search(rb'href="([^"]+)"', reply.body)
    assert found is not None
    return unescape(found[1].decode())


# --- here


@both
def test_whoever_signs_out_is_signed_out_everywhere(store: StoreSettings | None) -> None:
    """In this browser, with a copy of its cookie, at this process at once and at the others within a second."""

    async def scene(it: Signed) -> None:
        copy = it.cookie
        assert isinstance(await it.shows(copy), Admit)
        elsewhere = Visitor(it.world, it.worker())
        assert isinstance(await elsewhere.open(PAGE, headers=XHR, cookie=copy), Admit)
        assert (await it.leave()).reason == "signed_out"

        assert it.visitor.cookie_names == []
        assert not isinstance(await it.visitor.open(PAGE, headers=XHR, cookie=copy), Admit)
        it.world.clock.advance(1)
        assert not isinstance(await elsewhere.open(PAGE, headers=XHR, cookie=copy), Admit)
        assert not isinstance(await it.shows(copy), Admit)

    play(Signed(store), scene)


def test_a_store_keeps_nothing_of_who_left() -> None:
    """The record is gone, not only revoked."""

    async def scene(it: Signed) -> None:
        await it.leave()
        assert it.state.count("delete") == 1
        (key,) = (key for name, key in it.state.calls if name == "delete")
        assert key.startswith("session:")
        assert await it.state.memory.read(key) is None

    play(Signed(STORED), scene)


@both
@pytest.mark.parametrize(
    ("url", "cookie", "name"),
    [
        (ORIGIN, CookieSettings(), "ostiary_session_"),
        (ORIGIN, CookieSettings(name="shop"), "shop"),
        (ORIGIN, CookieSettings(http_only=False, same_site=None), "ostiary_session_"),
        ("https://shop.example", CookieSettings(), "__Host-ostiary_session_"),
        ("https://shop.example", CookieSettings(domains=("shop.example",)), "__Secure-ostiary_session_"),
        ("https://shop.example", CookieSettings(same_site="None"), "__Host-ostiary_session_"),
    ],
)
def test_a_cookie_goes_as_it_came(store: StoreSettings | None, url: str, cookie: CookieSettings, name: str) -> None:
    """Deleted with its own path, domain and flags: a browser takes anything else for another cookie."""
    it = Signed(
        store, cookie=cookie, redirect_uri=f"{url}/anything/callback",
        place=Place(id="r1", hosts=("shop.example",), uris=("/anything/*",)),
    )  # fmt: skip

    async def run() -> None:
        finished = await it.visitor.sign_in(f"{url}/anything/test")
        cookies = (value for key, value in finished.headers if key == "Set-Cookie" and "_done=" not in value)
        (set_line,) = (value for value in cookies if "Max-Age=0" not in value)
        left = await it.leave(url=f"{url}/logout")
        (deleted,) = (value for key, value in left.headers if key == "Set-Cookie" and "_done=" not in value)
        assert set_line.startswith(name)
        assert deleted.partition("=")[0] == set_line.partition("=")[0]
        assert _attributes_of(deleted) == _attributes_of(set_line)
        assert deleted.partition(";")[0].endswith("=")
        assert "Max-Age=0" in deleted

    asyncio.run(run())
    assert it.visitor.cookie_names == []


def _attributes_of(line: str) -> set[str]:
    return {part.strip() for part in line.split(";")[1:] if not part.strip().startswith("Max-Age")}


def test_a_path_of_its_own_is_deleted_as_such() -> None:
    """`cookie_path`: where the logout lies below it."""
    it = Signed(
        cookie=CookieSettings(path="/anything"), logout=LogoutSettings(path="/anything/out", is_path_typed=True)
    )

    async def scene(it: Signed) -> None:
        left = await it.leave(url=f"{ORIGIN}/anything/out")
        (deleted,) = (value for key, value in left.headers if key == "Set-Cookie" and "_done=" not in value)
        assert "; Path=/anything;" in deleted
        assert it.visitor.cookie_names == []

    play(it, scene)


def test_every_chunk_goes() -> None:
    """A large session takes several cookies, and leaves none."""
    it = Signed()
    it.world.token_changes = {"access_token": "a" * 9000}

    async def scene(it: Signed) -> None:
        assert len(it.visitor.cookie_names) > 2
        await it.leave()
        assert it.visitor.cookie_names == []

    play(it, scene)


@both
def test_a_successor_that_was_not_shown_yet_ends_too(store: StoreSettings | None) -> None:
    """The answer of a refresh was lost, and the old cookie signs out: tokens and record of the new one go."""

    async def scene(it: Signed) -> None:
        it.world.clock.advance(300)
        it.world.stores.shared.calls.clear()
        aborted = await it.visitor.send(it.visitor.request(PAGE, headers=XHR), PAGE, is_lost=True)
        assert isinstance(aborted, Admit)
        (newer, *_) = [line.partition(";")[0] for line in aborted.set_cookies]
        await it.leave()
        await it.world.spawner.settle()
        assert ("refresh_token", "a-refresh-token-1") in it.world.revoked
        assert ("access_token", "an-access-token-after-1") in it.world.revoked
        it.world.clock.advance(1)
        for each in (newer, it.cookie):
            assert not isinstance(await it.shows(each), Admit)
        if store is not None:
            assert sum(name == "delete" and key.startswith("session:") for name, key in it.state.calls) == 2

    play(Signed(store, logout=LogoutSettings(revokes_tokens=True)), scene)


@both
def test_a_store_that_is_down_signs_nobody_out(store: StoreSettings | None) -> None:
    """A fault, so that it can be tried again: the cookie stays, because a copy of it would still count."""

    async def scene(it: Signed) -> None:
        before = it.visitor.cookie_names
        it.state.is_down = True
        for _ in range(2):
            with pytest.raises(StoreFault, match="store_unavailable"):
                await it.leave()
        assert before == it.visitor.cookie_names
        it.state.is_down = False
        it.world.clock.advance(1)
        assert isinstance(await it.shows(it.cookie), Admit)
        assert (await it.leave()).reason == "signed_out"

    play(Signed(store), scene)


@both
@pytest.mark.parametrize("cookie", ["", "other=1", "NAME=garbage", "NAME=a; NAME=a"])
def test_whoever_is_not_signed_in_is_signed_out_all_the_same(store: StoreSettings | None, cookie: str) -> None:
    """To the provider, without a hint; a cookie that means nothing goes, and no store is bothered."""
    it = Signed(store)
    name = it.visitor.plugin.party.cookie_names[-2]  # type: ignore[attr-defined]
    left = asyncio.run(it.visitor.open(LOGOUT, headers=OWN, cookie=cookie.replace("NAME", name)))

    assert isinstance(left, Reply)
    assert parameters_of(left) == {"client_id": CLIENT_ID}
    assert any(key == "Set-Cookie" for key, _ in left.headers) == ("NAME" in cookie)
    assert it.state.calls == []


# --- at the provider


@both
def test_the_provider_is_told_who_leaves(store: StoreSettings | None) -> None:
    """RP-Initiated Logout §2: the ID token as a hint, and the client; nothing else unless configured."""

    async def scene(it: Signed) -> None:
        left = await it.leave()
        assert (left.status, left.reason) == (302, "signed_out")
        assert location_of(left).startswith(f"{END_SESSION_ENDPOINT}?")
        assert dict(left.headers)["Cache-Control"] == "no-store"
        told = parameters_of(left)
        assert told.pop("id_token_hint").count(".") == 2
        assert told == {"client_id": CLIENT_ID}

    play(Signed(store), scene)


def test_an_id_token_that_is_not_kept_is_no_hint() -> None:
    """`session_contents` without `enc_id_token`."""

    async def scene(it: Signed) -> None:
        assert parameters_of(await it.leave()) == {"client_id": CLIENT_ID}

    play(Signed(contents=SessionContents(raw_id_token=False)), scene)


def test_an_endpoint_with_a_query_keeps_it() -> None:
    """Joined with an ampersand."""

    async def scene(it: Signed) -> None:
        assert parameters_of(await it.leave())["tenant"] == "1"

    play(Signed(published={"end_session_endpoint": f"{END_SESSION_ENDPOINT}?tenant=1"}), scene)


@pytest.mark.parametrize(
    ("landing", "address"),
    [
        ("https://www.example.com/bye?a=1&b=2", "https://www.example.com/bye?a=1&b=2"),
        ("/bye", f"{ORIGIN}/bye"),
    ],
)
def test_people_end_up_where_the_operator_wants(landing: str, address: str) -> None:
    """A URL as it is, a path at the origin that sign-ins return to; by way of the provider, or at once without one."""

    async def by_provider(it: Signed) -> None:
        assert parameters_of(await it.leave())["post_logout_redirect_uri"] == address

    async def at_once(it: Signed) -> None:
        assert location_of(await it.leave()) == address

    logout = LogoutSettings(landing=landing)
    play(Signed(logout=logout), by_provider)
    play(Signed(logout=logout, published={"end_session_endpoint": None}), at_once)


def test_nothing_that_a_request_brings_decides_where_it_ends() -> None:
    """RFC 9700 §4.11: neither its query, nor its Host, nor a header about either."""
    it = Signed(
        redirect_uri="/anything/callback", logout=LogoutSettings(landing="/bye"),
        published={"end_session_endpoint": None},
    )  # fmt: skip

    async def scene(it: Signed) -> None:
        query = "?post_logout_redirect_uri=https://evil.example/&rd=//evil.example&redirect=https://evil.example"
        headers = {**OWN, "Host": "evil.example", "X-Forwarded-Host": "evil.example", "Origin": "http://evil.example"}
        for left in (await it.leave(url=LOGOUT + query), await it.leave(headers)):
            assert "evil.example" not in dict(left.headers).get("Location", "")
            assert b"evil.example" not in left.body

    play(it, scene)


def test_without_anywhere_to_go_a_page_of_ours_says_it() -> None:
    """No end_session_endpoint and no landing: 200, with a way to sign in again."""

    async def scene(it: Signed) -> None:
        left = await it.leave()
        assert (left.status, left.reason) == (200, "signed_out")
        assert b"You are signed out" in left.body
        assert link_of(left) == "/anything/"
        assert it.visitor.cookie_names == []

    play(Signed(published={"end_session_endpoint": None}), scene)


@both
def test_a_provider_that_is_down_keeps_nobody_here(store: StoreSettings | None) -> None:
    """Signed out at the gateway, whatever becomes of the rest; a 503 page says what is not known."""
    it = Signed(store)

    async def run() -> None:
        await it.visitor.sign_in(PAGE)
        copy = it.cookie
        it.visitor.plugin = it.worker()
        it.world.providers = type(it.world.providers)(
            http=it.world.http, clock=it.world.clock, spawner=it.world.spawner, log=it.world.log
        )
        it.visitor.plugin = it.worker()  # a process that never met the provider
        it.world.take_down()
        left = await it.leave()
        assert (left.status, left.reason) == (503, "logout_incomplete")
        assert "Retry-After" in dict(left.headers)
        assert b"signed out of this application" in left.body
        assert "logout_incomplete" in it.world.log.codes
        assert it.visitor.cookie_names == []
        it.world.clock.advance(1)
        it.world.publish()
        assert not isinstance(await it.shows(copy), Admit)

    asyncio.run(run())


@both
def test_tokens_are_revoked_where_that_is_wished(store: StoreSettings | None) -> None:
    """RFC 7009 §2.1: the refresh token first, then the access token."""

    async def scene(it: Signed) -> None:
        await it.leave()
        await it.world.spawner.settle()
        assert it.world.revoked == [("refresh_token", "a-refresh-token-0"), ("access_token", "an-access-token")]

    async def unwished(it: Signed) -> None:
        await it.leave()
        await it.world.spawner.settle()
        assert it.world.revoked == []

    play(Signed(store, logout=LogoutSettings(revokes_tokens=True)), scene)
    play(Signed(store), unwished)


@pytest.mark.parametrize("published", [{"revocation_endpoint": None}, {}])
def test_tokens_that_are_not_kept_or_cannot_be_revoked_are_passed_over(published: dict[str, Any]) -> None:
    """Without an endpoint nobody is asked; a session without a refresh token has its access token revoked."""
    it = Signed(logout=LogoutSettings(revokes_tokens=True), published=published)
    it.world.token_changes = {"refresh_token": None}

    async def scene(it: Signed) -> None:
        assert (await it.leave()).reason == "signed_out"
        await it.world.spawner.settle()
        assert it.world.revoked == ([] if published else [("access_token", "an-access-token")])
        assert "revocation_failed" not in it.world.log.codes

    play(it, scene)


@pytest.mark.parametrize(
    "answer", [ProviderFault("provider_timeout", "3 s"), answer_json({}, 503), answer_json({}, 400)]
)
def test_a_revocation_that_fails_is_only_logged(answer: Any) -> None:
    """The person does not wait for it, and the second token is tried all the same."""

    async def scene(it: Signed) -> None:
        it.world.http.answers[REVOCATION_ENDPOINT] = answer
        it.world.http.hold()
        assert (await it.leave()).reason == "signed_out"
        it.world.http.release()
        await it.world.spawner.settle()
        assert it.world.log.codes.count("revocation_failed") == 2
        assert "a-refresh-token" not in it.world.log.text
        assert "an-access-token" not in it.world.log.text

    play(Signed(logout=LogoutSettings(revokes_tokens=True)), scene)


# --- who asks


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Referer": "https://evil.example/"},
        {"Origin": ORIGIN},
        {"Referer": f"{ORIGIN}/anything/test"},
        {"Origin": "HTTP://LOCALHOST:9080"},
        {"Accept": "application/json"},
        {"Accept": "*/*"},
    ],
)
def test_this_site_and_programs_are_obeyed(headers: dict[str, str]) -> None:
    """A person who typed the address too. A program says nothing of the kind, and no other site can use it."""

    async def scene(it: Signed) -> None:
        left = await it.leave({"Accept": "text/html", **headers})
        assert left.reason == "signed_out"
        assert it.visitor.cookie_names == []

    play(Signed(), scene)


@both
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "something-new"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9081"},
        {"Origin": "http://localhost.evil.example:9080"},
        {"Referer": "https://evil.example/?http://localhost:9080"},
        {"Referer": "http://localhost:9080@evil.example/"},
        {"Referer": "http://[::1"},
        {},
    ],
)
def test_another_site_is_not_obeyed(store: StoreSettings | None, headers: dict[str, str], method: str) -> None:
    """Nothing is done and nothing is asked of anybody; a page asks the person. So it does where nothing is said."""

    async def scene(it: Signed) -> None:
        calls = len(it.world.http.calls)
        it.state.calls.clear()
        asked = await it.leave({"Accept": "text/html", **headers}, method=method)
        assert (asked.status, asked.reason) == (403, "logout_unconfirmed")
        assert not {"Set-Cookie", "Location"} & set(dict(asked.headers))
        assert (it.state.calls, len(it.world.http.calls)) == ([], calls)
        assert isinstance(await it.shows(it.cookie), Admit)

    play(Signed(store), scene)


@both
def test_the_person_may_say_yes(store: StoreSettings | None) -> None:
    """The link works in this browser, although the browser says that another site began the way."""

    async def scene(it: Signed) -> None:
        link = link_of(await it.leave(FOREIGN))
        assert link.startswith("/logout?confirm=")
        it.world.clock.advance(CONFIRMATION_S - 1)
        assert (await it.leave(FOREIGN, ORIGIN + link)).reason == "signed_out"
        assert it.visitor.cookie_names == []

    play(Signed(store), scene)


def test_a_yes_is_over_after_five_minutes() -> None:
    """Then it is asked again."""

    async def scene(it: Signed) -> None:
        link = link_of(await it.leave(FOREIGN))
        it.world.clock.advance(CONFIRMATION_S)
        assert (await it.leave(FOREIGN, ORIGIN + link)).reason == "logout_unconfirmed"

    assert CONFIRMATION_S == 300
    play(Signed(), scene)


@both
def test_a_yes_of_another_browser_is_none(store: StoreSettings | None) -> None:
    """The attacker's own link, or one that was made for nobody, signs no victim out."""

    async def scene(it: Signed) -> None:
        attacker = Visitor(it.world, it.visitor.plugin)
        nobodys = await attacker.open(LOGOUT, headers=FOREIGN)
        await attacker.sign_in(PAGE)
        theirs = await attacker.open(LOGOUT, headers=FOREIGN)
        for page in (nobodys, theirs):
            assert isinstance(page, Reply)
            assert (await it.leave(FOREIGN, ORIGIN + link_of(page))).reason == "logout_unconfirmed"
        assert isinstance(await it.shows(it.cookie), Admit)

    play(Signed(store), scene)


@pytest.mark.parametrize(
    "query", ["?confirm=", "?confirm=x", "?confirm=%C3%A9", "?confirm=LINK&confirm=LINK", "?confirm=LINKx"]
)
def test_a_yes_that_was_altered_is_none(query: str) -> None:
    """Nor is one that comes twice, and none of them raises."""

    async def scene(it: Signed) -> None:
        word = link_of(await it.leave(FOREIGN)).partition("confirm=")[2]
        assert (await it.leave(FOREIGN, LOGOUT + query.replace("LINK", word))).reason == "logout_unconfirmed"

    play(Signed(), scene)


def test_a_yes_of_another_client_or_secret_is_none() -> None:
    """It is sealed to this client with this secret."""
    it = Signed()

    async def scene(it: Signed) -> None:
        for changes in ({"client_id": "other"}, {"secrets": ("a-secret-of-somebody-else",)}):
            page = await Visitor(it.world, PartyPlugin(it.world, **changes)).open(
                LOGOUT, headers=FOREIGN, cookie=it.cookie
            )
            assert isinstance(page, Reply)
            assert (await it.leave(FOREIGN, ORIGIN + link_of(page))).reason == "logout_unconfirmed"

    play(it, scene)


# --- where


def test_a_path_that_was_written_is_claimed() -> None:
    """The default one counts inside the route; whatever the query."""
    world = SignInWorld()
    typed = PartyPlugin(world, logout=LogoutSettings(path="/bye", is_path_typed=True)).party
    default = PartyPlugin(world).party

    assert Claim("/bye", "logout") in typed.claims
    assert [claim.purpose for claim in default.claims] == ["callback"]
    visitor = Visitor(world, PartyPlugin(world))
    for party, path in ((typed, "/bye"), (typed, "/bye?x=1"), (default, "/logout?next=/")):
        assert party.is_logout(visitor.request(ORIGIN + path))
    for path in ("/logout", "/bye/", "/bye/x", "/Bye"):
        assert not typed.is_logout(visitor.request(ORIGIN + path))


def test_a_path_that_sign_ins_return_to_is_refused_at_build() -> None:
    """The callback goes first: nobody could ever sign out."""
    with pytest.raises(OperatorFault, match="logout_path_invalid"):
        PartyPlugin(
            SignInWorld(), logout=LogoutSettings(path="/anything/callback", is_path_typed=True), redirect_uri=CALLBACK
        )


def test_nothing_secret_reaches_the_log() -> None:
    """Over a logout that works and one that the provider fails."""

    async def scene(it: Signed) -> None:
        cookie = it.cookie.partition("=")[2]
        link = link_of(await it.leave(FOREIGN)).partition("confirm=")[2]
        it.world.http.answers[REVOCATION_ENDPOINT] = answer_json({}, 500)
        it.world.http.answers[DISCOVERY] = ProviderFault("provider_timeout")
        await it.leave()
        await it.world.spawner.settle()
        for secret in (cookie, link, "a-refresh-token", "an-access-token"):
            assert secret not in it.world.log.text

    play(Signed(logout=LogoutSettings(revokes_tokens=True)), scene)
