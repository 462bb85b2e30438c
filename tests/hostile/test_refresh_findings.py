"""Refreshing when everything comes late, in the wrong order or not at all: no second use, nobody locked out."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from ostiary.errors import ProviderFault, StoreFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.session_cookie import MAX_HEADER_BYTES
from ostiary.identity.session_lifetime import SessionLimits
from ostiary.plugin import Admit, Pass, Reply
from ostiary.relying_party.replacements import GRACE_S
from ostiary.relying_party.settings import LogoutSettings
from ostiary.store_settings import SqliteSettings, StoreSettings
from tests.fakes.http_client import answer_json
from tests.fakes.relying_parties import PartyPlugin
from tests.fakes.sign_in import (
    PAGE_HEADERS,
    REVOCATION_ENDPOINT,
    TOKEN_ENDPOINT,
    USERINFO_ENDPOINT,
)
from tests.fakes.signed import LOGOUT, PAGE, XHR, Signed, both, play, token_of
from tests.fakes.until import until

OWN = {**PAGE_HEADERS, "Sec-Fetch-Site": "same-origin"}
# A provider may take this long for each call: metadata, tokens, keys, new keys and userinfo.
CALL_S = 3.0
SLOWEST_S = 5 * CALL_S
LONGER_THAN_ANY_LOCK_S = 60.0


class Late(Signed):
    """Somebody whose refreshes come late, or in the wrong order."""

    @property
    def uses(self) -> tuple[int, int]:
        """How often refresh tokens were used, and how often one that had been used before."""
        return self.world.refreshes, self.world.reuses

    def crowd(self) -> None:
        """Fill what is left of the Cookie header with other cookies."""
        for number in range(10):
            room = MAX_HEADER_BYTES - 32 - len(self.cookie) - len("; app0=")
            line = f"app{number}={'x' * min(room, 3600)}; Path=/"
            self.visitor.jar.store(line, urlsplit(PAGE), self.world.clock.now())
            if room <= 3600:
                return

    def find_token_endpoint(self) -> Callable[[OutboundRequest], OutboundResponse]:
        """Return what the token endpoint does when nothing is changed."""
        works = self.world.http.answers[TOKEN_ENDPOINT]
        assert callable(works)
        return works


@both
def test_a_use_that_does_not_fit_into_cookies_locks_nobody_out(store: StoreSettings | None) -> None:
    """Other cookies fill the header: the session goes on as it is, at every look and at every worker."""

    async def scene() -> None:
        it = Late(store, limits=SessionLimits(idling_s=1000))
        it.world.token_changes = {"access_token": "a" * 5000}
        await it.visitor.sign_in(PAGE)
        it.world.clock.advance(120)
        it.crowd()
        before = it.cookie
        for visitor in (it.visitor, it.visitor, it.other()):
            assert token_of(await visitor.open(PAGE, headers=XHR)) == "a" * 5000
        assert before == it.cookie

    play(scene())


@both
def test_the_lock_outlasts_the_slowest_refresh(store: StoreSettings | None) -> None:
    """Every call to the provider takes all the time that it has: whoever comes meanwhile waits."""

    async def scene() -> None:
        it = await Late(store).enter()
        cookie, works = it.cookie, it.find_token_endpoint()

        def hold_what_follows(request: OutboundRequest) -> OutboundResponse:
            it.world.http.hold()
            return works(request)

        it.world.http.answers[TOKEN_ENDPOINT] = hold_what_follows
        first = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=cookie))
        await until(lambda: it.world.refreshes == 1 and it.world.http.in_the_air == 1)
        it.world.http.answers[TOKEN_ENDPOINT] = works
        it.world.clock.advance(SLOWEST_S)
        tries = it.state.count("create")
        second = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=cookie))
        await until(lambda: it.state.count("create") > tries + 1)
        it.world.http.release()
        for settled in await asyncio.gather(first, second):
            assert token_of(settled) == "an-access-token-after-1"
        assert it.uses == (1, 0)

    play(scene())


@both
def test_a_refusal_never_takes_the_place_of_a_result(store: StoreSettings | None) -> None:
    """A lock ran out while its owner wrote the result down: who came second is refused, and follows the first."""

    async def scene() -> None:
        it = await Late(store).enter()
        cookie = it.cookie
        is_written = asyncio.Event()
        late: list[asyncio.Task[Reply | Admit | Pass]] = []

        async def be_overtaken(name: str, key: str) -> None:
            if name == "create" and key.startswith("renewed:"):
                it.state.before = wait_for_the_first
                it.world.clock.advance(LONGER_THAN_ANY_LOCK_S)
                late.append(asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=cookie)))
                await until(lambda: it.world.reuses == 1)

        async def wait_for_the_first(name: str, key: str) -> None:
            if name in {"create", "write"} and key.startswith("renewed:") and asyncio.current_task() not in late:
                await is_written.wait()

        it.state.before = be_overtaken
        first = await it.other().open(PAGE, headers=XHR, cookie=cookie)
        is_written.set()
        for settled in (first, await late[0], await it.other().open(PAGE, headers=XHR, cookie=cookie)):
            assert token_of(settled) == "an-access-token-after-1"

    play(scene())


@both
def test_claims_that_cannot_be_kept_use_no_refresh_token_twice(store: StoreSettings | None) -> None:
    """A number beyond 64 bits comes with the new tokens: the session is over, for whoever asks next too."""

    async def scene() -> None:
        it = await Late(store).enter()
        body = b'{"sub":"user-1","n":%d}' % 2**70
        it.world.http.answers[USERINFO_ENDPOINT] = OutboundResponse(status=200, body=body)
        cookie = it.cookie
        for _ in range(2):
            visitor = it.other()
            await visitor.open(PAGE, headers=XHR, cookie=cookie)
            assert isinstance(visitor.plugin, PartyPlugin)
            assert visitor.plugin.missed == ["refresh_refused"]
        assert it.uses == (1, 0)

    play(scene())


@both
def test_a_success_elsewhere_counts_more_than_a_failure_here(store: StoreSettings | None) -> None:
    """A worker that failed does not wait out its half minute when another one has the new tokens."""

    async def scene() -> None:
        it = await Late(store).enter()
        cookie, works = it.cookie, it.find_token_endpoint()
        unlucky = it.other()
        it.world.http.answers[TOKEN_ENDPOINT] = answer_json({}, 503)
        with pytest.raises(ProviderFault):
            await unlucky.open(PAGE, headers=XHR, cookie=cookie)
        it.world.http.answers[TOKEN_ENDPOINT] = works
        for visitor in (it.other(), unlucky):
            assert token_of(await visitor.open(PAGE, headers=XHR, cookie=cookie)) == "an-access-token-after-1"
        assert it.uses == (1, 0)

    play(scene())


@both
def test_a_store_that_is_away_longer_than_any_lock_loses_no_result(store: StoreSettings | None) -> None:
    """It went while the provider was asked: the worker keeps the result, and writes it down when the store is back."""

    async def scene() -> None:
        it = await Late(store).enter()
        works = it.find_token_endpoint()

        def answer_and_take_down(request: OutboundRequest) -> OutboundResponse:
            it.state.is_down = True
            return works(request)

        it.world.http.answers[TOKEN_ENDPOINT] = answer_and_take_down
        cookie = it.cookie
        with pytest.raises(StoreFault):
            await it.visitor.open(PAGE, headers=XHR)
        it.world.http.answers[TOKEN_ENDPOINT] = works
        it.world.clock.advance(LONGER_THAN_ANY_LOCK_S)
        asked = len(it.state.calls)
        await until(lambda: len(it.state.calls) > asked + 2)
        with pytest.raises(StoreFault):
            await it.visitor.open(PAGE, headers=XHR)
        it.state.is_down = False
        with pytest.raises(StoreFault):  # the lock has run out: it is the result's keeper that says no
            await it.visitor.open(PAGE, headers=XHR)
        await it.world.spawner.settle()
        for visitor in (it.visitor, it.other()):
            assert token_of(await visitor.open(PAGE, headers=XHR, cookie=cookie)) == "an-access-token-after-1"
        assert it.uses == (1, 0)

    play(scene())


@both
def test_tokens_that_come_after_a_logout_are_revoked_too(store: StoreSettings | None) -> None:
    """`revoke_tokens_on_logout`: the ones that a refresh under way still brought do not outlive the session."""

    async def scene() -> None:
        it = Late(store, logout=LogoutSettings(revokes_tokens=True))
        it.world.publish(revocation_endpoint=REVOCATION_ENDPOINT)
        await it.enter()
        it.world.http.hold()
        refreshing = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=it.cookie))
        await until(lambda: it.world.http.in_the_air > 0)
        await it.visitor.open(LOGOUT, headers=OWN)
        it.world.http.release()
        assert not isinstance(await refreshing, Admit)
        await it.world.spawner.settle()
        assert ("refresh_token", "a-refresh-token-1") in it.world.revoked

    play(scene())


@pytest.mark.parametrize(
    ("store", "calls"),
    [(None, ["read_series"]), (SqliteSettings(path="sessions"), ["read_series", "read"])],
    ids=["cookie", "store"],
)
def test_a_session_that_was_refreshed_asks_its_store_no_more_than_before(
    store: StoreSettings | None, calls: list[str]
) -> None:
    """That its cookie was shown is noted once, and not again when the old cookie's last minute is over."""

    async def scene() -> None:
        it = Late(store)
        it.world.refresh_changes = {"expires_in": 3000}

        async def ask() -> list[str]:
            it.world.clock.advance(1)
            it.state.calls.clear()
            assert isinstance(await it.visitor.open(PAGE, headers=XHR), Admit)
            await it.world.spawner.settle()
            return [name for name, _ in it.state.calls]

        await it.visitor.sign_in(PAGE)
        assert calls == await ask()
        it.world.clock.advance(300)
        for _ in range(2):  # it is refreshed, and its new cookie is shown
            await ask()
        for seconds in (0.0, GRACE_S, GRACE_S):
            it.world.clock.advance(seconds)
            assert calls == await ask()
        assert it.uses == (1, 0)

    play(scene())
