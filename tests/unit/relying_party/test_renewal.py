"""Refreshing: once for everybody, at a provider that rotates refresh tokens and takes a second use for theft."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest

from ostiary.errors import ProviderFault, StoreFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.session_lifetime import RenewalPolicy
from ostiary.plugin import Admit, Reply
from ostiary.relying_party.renewal import PAUSE_AFTER_FAILURE_S, POLL_S, RETRY_S
from ostiary.relying_party.settings import LogoutSettings
from ostiary.store_settings import StoreSettings
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import logout_claims, sign
from tests.fakes.loop_time import SteppedLoop, run_patiently
from tests.fakes.relying_parties import ORIGIN, PartyPlugin
from tests.fakes.sign_in import (
    REVOCATION_ENDPOINT,
    TOKEN_ENDPOINT,
    USERINFO_ENDPOINT,
    Visitor,
    location_of,
)
from tests.fakes.signed import LOGOUT, PAGE, XHR, Signed, both, token_of
from tests.fakes.signed import play as play_out
from tests.fakes.until import until


def play(store: StoreSettings | None, scene: Callable[[Signed], Awaitable[None]], **changes: Any) -> None:
    """Sign somebody in and play a scene, on a loop that jumps over every wait."""

    async def run() -> None:
        await scene(await Signed(store, **changes).enter())

    play_out(run())


@both
def test_an_expired_token_is_renewed_and_nobody_notices(store: StoreSettings | None) -> None:
    """The request itself is let through with the new token, and its answer brings the new cookie."""

    async def scene(it: Signed) -> None:
        before = it.cookie
        settled = await it.visitor.open(PAGE, headers=XHR)

        assert token_of(settled) == "an-access-token-after-1"
        assert it.cookie != before
        assert token_of(await it.visitor.open(PAGE)) == "an-access-token-after-1"
        assert (it.world.refreshes, it.world.reuses) == (1, 0)

    play(store, scene)


@both
def test_two_hundred_requests_at_four_workers_refresh_once(store: StoreSettings | None) -> None:
    """All with the same old cookie, at once: one refresh, two hundred admissions, one new token."""

    async def scene(it: Signed) -> None:
        visitors = [it.other() for _ in range(4)]
        cookie = it.cookie
        settled = await asyncio.gather(
            *(visitors[number % 4].open(PAGE, headers=XHR, cookie=cookie) for number in range(200))
        )

        assert {token_of(each) for each in settled} == {"an-access-token-after-1"}
        assert (it.world.refreshes, it.world.reuses) == (1, 0)

    play(store, scene)


@both
@pytest.mark.parametrize("seconds", [5, 120, 290])
def test_an_answer_that_is_lost_costs_nothing(store: StoreSettings | None, seconds: float) -> None:
    """The response with the new cookie is aborted; the old one comes back later, and is given the same successor."""

    async def scene(it: Signed) -> None:
        old = it.cookie
        request = it.visitor.request(PAGE, headers=XHR)
        assert token_of(await it.visitor.send(request, PAGE, is_lost=True)) == "an-access-token-after-1"
        it.world.clock.advance(seconds)
        for visitor in (it.visitor, it.other()):
            assert token_of(await visitor.open(PAGE, headers=XHR, cookie=old)) == "an-access-token-after-1"
        assert (it.world.refreshes, it.world.reuses) == (1, 0)

    play(store, scene)


@both
def test_an_answer_that_is_lost_costs_nothing_after_half_an_hour(store: StoreSettings | None) -> None:
    """With tokens that live an hour: one refresh, no sign-out."""

    async def scene(it: Signed) -> None:
        it.world.refresh_changes = {"expires_in": 3600}
        old = it.cookie
        await it.visitor.send(it.visitor.request(PAGE, headers=XHR), PAGE, is_lost=True)
        it.world.clock.advance(1800)

        assert token_of(await it.other().open(PAGE, headers=XHR, cookie=old)) == "an-access-token-after-1"
        assert (it.world.refreshes, it.world.reuses) == (1, 0)

    play(store, scene)


@both
def test_a_program_that_keeps_its_first_cookie_stays_signed_in(store: StoreSettings | None) -> None:
    """Eleven refreshes on, the first cookie leads to the newest tokens, and no refresh token is used twice."""

    async def scene(it: Signed) -> None:
        old = it.cookie
        for number in range(1, 11):
            settled = await it.other().open(PAGE, headers=XHR, cookie=old)
            assert token_of(settled) == f"an-access-token-after-{number}"
            it.world.clock.advance(300)
        assert (it.world.refreshes, it.world.reuses) == (10, 0)

    play(store, scene)


@both
def test_the_old_cookie_is_over_a_minute_after_the_new_one_was_shown(store: StoreSettings | None) -> None:
    """Requests that were on their way are served; whoever stole the old cookie gains nothing, and asks nobody."""

    async def scene(it: Signed) -> None:
        old = it.cookie
        await it.visitor.open(PAGE, headers=XHR)
        assert isinstance(await it.other().open(PAGE, headers=XHR), Admit)
        await it.world.spawner.settle()
        it.world.clock.advance(59)
        assert isinstance(await it.other().open(PAGE, headers=XHR, cookie=old), Admit)
        it.world.clock.advance(2)
        late = Visitor(it.world, it.worker())
        settled = await late.open(PAGE, headers=XHR, cookie=old)
        assert not isinstance(settled, Admit)
        assert isinstance(late.plugin, PartyPlugin)
        assert late.plugin.missed == ["session_replaced"]
        assert isinstance(await it.other().open(PAGE, headers=XHR), Admit)
        assert (it.world.refreshes, it.world.reuses) == (1, 0)

    play(store, scene)


@both
def test_a_refresh_that_ends_after_a_logout_brings_nothing_back(store: StoreSettings | None) -> None:
    """The person signs out while the provider is being asked: neither the old cookie nor the new one counts."""

    async def scene(it: Signed) -> None:
        it.world.http.hold()
        refreshing = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=it.cookie))
        await until(lambda: it.world.http.in_the_air > 0)
        leaving = it.other()
        left = asyncio.create_task(leaving.open(LOGOUT, headers={**XHR, "Accept": "text/html"}))
        await until(left.done)
        cookie = it.cookie
        it.world.http.release()
        assert not isinstance(await refreshing, Admit)
        await left
        it.world.clock.advance(1)
        for each in (cookie, it.cookie):
            assert not isinstance(await it.other().open(PAGE, headers=XHR, cookie=each), Admit)

    play(store, scene)


@both
def test_who_waited_for_a_refresh_hears_of_a_logout_too(store: StoreSettings | None) -> None:
    """Another worker waits for the result, which is there seconds after the logout: nobody is let in with it."""

    async def scene(it: Signed) -> None:
        cookie = it.cookie
        it.world.http.hold()
        refreshing = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=cookie))
        await until(lambda: it.world.http.in_the_air > 0)
        state = it.world.stores.shared if store is None else it.world.stores.open(store)
        tries = state.count("create")
        waiting = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=cookie))
        await until(lambda: state.count("create") > tries)
        left = asyncio.create_task(it.other().open(LOGOUT, headers={**XHR, "Accept": "text/html"}))
        await until(left.done)
        it.world.clock.advance(3)
        it.world.http.release()
        for settled in await asyncio.gather(refreshing, waiting):
            assert not isinstance(settled, Admit)

    play(store, scene)


@both
def test_a_refresh_that_ends_after_a_logout_elsewhere_brings_nothing_back(store: StoreSettings | None) -> None:
    """The provider tells another worker while it is being asked: who refreshes and who waits both hear of it."""

    async def scene(it: Signed) -> None:
        cookie = it.cookie
        it.world.http.hold()
        refreshing = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=cookie))
        await until(lambda: it.world.http.in_the_air > 0)
        tries = it.state.count("create")
        waiting = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=cookie))
        await until(lambda: it.state.count("create") > tries)
        told = await it.other().post(f"{ORIGIN}/bye", f"logout_token={sign(logout_claims(it.world.clock.now()))}")
        assert isinstance(told, Reply)
        assert told.status == 200
        it.world.clock.advance(3)
        it.world.http.release()
        for settled in await asyncio.gather(refreshing, waiting):
            assert isinstance(settled, Reply)
        for visitor in (it.visitor, it.other()):
            assert not isinstance(await visitor.open(PAGE, headers=XHR, cookie=cookie), Admit)

    play(store, scene, logout=LogoutSettings(back_channel_path="/bye"))


@both
def test_a_result_that_could_not_be_kept_at_once_keeps_its_lock(store: StoreSettings | None) -> None:
    """One command fails, the next one works: another worker that waits does not use the old refresh token again."""

    async def scene(it: Signed) -> None:
        state = it.world.stores.shared if store is None else it.world.stores.open(store)
        failed: list[str] = []

        async def fail_once(name: str, key: str) -> None:
            if name == "create" and key.startswith("renewed:") and not failed:
                failed.append(key)
                raise StoreFault("store_unavailable", "this command only")

        state.before = fail_once
        cookie = it.cookie
        settled = await asyncio.gather(
            *(it.other().open(PAGE, headers=XHR, cookie=cookie) for _ in range(2)), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in settled) == ["Admit", "StoreFault"]
        assert token_of(await it.other().open(PAGE, headers=XHR, cookie=cookie)) == "an-access-token-after-1"
        assert (it.world.refreshes, it.world.reuses) == (1, 0)

    play(store, scene)


@both
def test_a_refresh_token_that_is_refused_ends_the_session(store: StoreSettings | None) -> None:
    """`invalid_grant` is final: everybody hears it, the provider is asked once, and a navigation signs in again."""

    async def scene(it: Signed) -> None:
        it.world.refresh_refusal = "invalid_grant"
        visitors = [it.other() for _ in range(4)]
        cookie = it.cookie
        settled = await asyncio.gather(*(visitor.open(PAGE, cookie=cookie) for visitor in visitors))

        assert it.world.refreshes == 1
        assert all(location_of(each).startswith("https://issuer.example/") for each in settled)
        assert "refresh_refused" in it.world.log.codes
        assert "invalid_grant" in it.world.log.text

    play(store, scene)


@both
@pytest.mark.parametrize("status", [500, 503, 429, 404])
def test_a_provider_that_stumbles_ends_nothing(store: StoreSettings | None, status: int) -> None:
    """503 while the token is over, not a sign-out; after half a minute it is tried again."""

    async def scene(it: Signed) -> None:
        works = it.world.http.answers[TOKEN_ENDPOINT]
        it.world.http.answers[TOKEN_ENDPOINT] = answer_json({}, status)
        for _ in range(3):
            with pytest.raises(ProviderFault):
                await it.visitor.open(PAGE, headers=XHR)
        assert it.world.http.count(TOKEN_ENDPOINT) == 2  # the login's, and one refresh
        it.world.http.answers[TOKEN_ENDPOINT] = works
        it.world.clock.advance(PAUSE_AFTER_FAILURE_S)
        assert token_of(await it.visitor.open(PAGE, headers=XHR)) == "an-access-token-after-1"

    play(store, scene)


@both
def test_with_a_leeway_a_provider_that_stumbles_is_not_even_noticed(store: StoreSettings | None) -> None:
    """The token that is still good goes on until its own end."""

    async def run() -> None:
        it = Signed(store, renewal=RenewalPolicy(leeway_s=60))
        await it.visitor.sign_in(PAGE)
        it.world.clock.advance(241)
        works = it.world.http.answers[TOKEN_ENDPOINT]
        it.world.http.answers[TOKEN_ENDPOINT] = answer_json({}, 500)
        assert token_of(await it.visitor.open(PAGE, headers=XHR)) == "an-access-token"
        it.world.http.answers[TOKEN_ENDPOINT] = works
        it.world.clock.advance(PAUSE_AFTER_FAILURE_S)
        assert token_of(await it.visitor.open(PAGE, headers=XHR)) == "an-access-token-after-1"

    run_patiently(run())


@pytest.mark.parametrize("claims", [{"sub": "somebody-else"}, {"iss": "https://other.example"}, {"aud": "other"}])
@both
def test_a_new_id_token_of_somebody_else_ends_the_session(store: StoreSettings | None, claims: dict[str, str]) -> None:
    """OpenID Connect Core §12.2: the same issuer, subject and audience as at sign-in."""

    async def scene(it: Signed) -> None:
        it.world.refreshed_claims = claims
        visitor = it.other()
        assert not isinstance(await visitor.open(PAGE, headers=XHR), Admit)
        assert isinstance(visitor.plugin, PartyPlugin)
        assert visitor.plugin.missed == ["refresh_refused"]

    play(store, scene)


@both
def test_what_was_refreshed_is_not_lost_with_the_store(store: StoreSettings | None) -> None:
    """The store goes away while the provider is asked: 503, then the same successor, and no second use."""

    async def scene(it: Signed) -> None:
        state = it.world.stores.shared if store is None else it.world.stores.open(store)
        works = it.world.http.answers[TOKEN_ENDPOINT]
        assert callable(works)

        def answer_and_take_down(request: Any) -> Any:
            state.is_down = True
            return works(request)

        it.world.http.answers[TOKEN_ENDPOINT] = answer_and_take_down
        with pytest.raises(StoreFault):
            await it.visitor.open(PAGE, headers=XHR)
        it.world.http.answers[TOKEN_ENDPOINT] = works
        await asyncio.sleep(2.5 * RETRY_S)  # two tries
        state.is_down = False
        with pytest.raises(StoreFault):  # it is not written down yet
            await it.visitor.open(PAGE, headers=XHR)
        await it.world.spawner.settle()
        assert token_of(await it.visitor.open(PAGE, headers=XHR)) == "an-access-token-after-1"
        assert (it.world.refreshes, it.world.reuses) == (1, 0)

    play(store, scene)


@both
def test_a_session_that_nothing_renews_goes_on_without_its_token(store: StoreSettings | None) -> None:
    """`renew_access_token_on_expiry: false`: the upstream is told who is there, and given no token that is over."""

    async def scene(it: Signed) -> None:
        settled = await it.visitor.open(PAGE, headers=XHR)

        assert isinstance(settled, Admit)
        assert settled.edits is not None
        assert b"X-Access-Token" not in settled.edits.block
        assert b"X-ID-Token" in settled.edits.block
        assert it.world.refreshes == 0

    play(store, scene, renewal=RenewalPolicy(renew_on_expiry=False))


@both
def test_an_interval_is_kept_by_the_refresh_token(store: StoreSettings | None) -> None:
    """`refresh_session_interval`: the provider is asked although the access token is still good."""

    async def run() -> None:
        it = Signed(store, renewal=RenewalPolicy(interval_s=100))
        await it.visitor.sign_in(PAGE)
        for number in range(1, 4):
            it.world.clock.advance(100)
            assert token_of(await it.visitor.open(PAGE, headers=XHR)) == f"an-access-token-after-{number}"

    run_patiently(run())


@both
@pytest.mark.parametrize("is_refused", [False, True], ids=["renewed", "refused"])
def test_whoever_was_overtaken_follows(store: StoreSettings | None, is_refused: bool) -> None:
    """A lock ran out and somebody else was faster: their result counts, whatever one's own is."""

    async def scene(it: Signed) -> None:
        state = it.world.stores.shared if store is None else it.world.stores.open(store)
        cookie = it.cookie
        tokens = dict(it.world.refresh_tokens)  # this provider lets them be used again
        it.world.refresh_refusal = "invalid_grant" if is_refused else None

        async def overtake(name: str, key: str) -> None:
            if name == "create" and key.startswith("renewed:"):
                state.before = None
                it.world.refresh_refusal = None
                it.world.refresh_tokens = tokens
                it.world.clock.advance(60)
                assert token_of(await it.other().open(PAGE, headers=XHR, cookie=cookie)) == "an-access-token-after-2"

        state.before = overtake
        assert token_of(await it.other().open(PAGE, headers=XHR, cookie=cookie)) == "an-access-token-after-2"
        assert it.world.refreshes == 2

    play(store, scene)


@both
def test_claims_that_cannot_be_kept_end_the_session(store: StoreSettings | None) -> None:
    """A number beyond 64 bits: the refresh token is used up, and nothing else came of it."""

    async def scene(it: Signed) -> None:
        body = b'{"sub":"user-1","n":%d}' % 2**70
        it.world.http.answers[USERINFO_ENDPOINT] = OutboundResponse(status=200, body=body)
        visitor = it.other()
        await visitor.open(PAGE, headers=XHR)
        assert isinstance(visitor.plugin, PartyPlugin)
        assert visitor.plugin.missed == ["refresh_refused"]
        assert "claims_unusable" in it.world.log.text

    play(store, scene)


@both
def test_a_lock_that_cannot_be_let_go_runs_out(store: StoreSettings | None) -> None:
    """The result stands: everybody has it, and the log tells of the lock."""

    async def scene(it: Signed) -> None:
        state = it.world.stores.shared if store is None else it.world.stores.open(store)

        async def fail(name: str, key: str) -> None:
            if name == "delete" and key.startswith("renewing:"):
                raise StoreFault("store_unavailable", "this command only")

        state.before = fail
        cookie = it.cookie
        for _ in range(2):
            settled = await it.other().open(PAGE, headers=XHR, cookie=cookie)
            assert token_of(settled) == "an-access-token-after-1"
        assert it.world.log.codes.count("store_unavailable") == 1

    play(store, scene)


@both
@pytest.mark.parametrize("revokes_tokens", [True, False])
def test_tokens_that_came_after_a_logout_are_revoked_if_so_wished(
    store: StoreSettings | None, revokes_tokens: bool
) -> None:
    """`revoke_tokens_on_logout`: nobody else knows of them."""

    async def scene() -> None:
        it = Signed(store, logout=LogoutSettings(revokes_tokens=revokes_tokens))
        it.world.publish(revocation_endpoint=REVOCATION_ENDPOINT)
        await it.enter()
        it.world.http.hold()
        refreshing = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=it.cookie))
        await until(lambda: it.world.http.in_the_air > 0)
        left = asyncio.create_task(it.other().open(LOGOUT, headers={**XHR, "Accept": "text/html"}))
        await until(left.done)
        it.world.http.release()
        await refreshing
        await it.world.spawner.settle()
        assert (("refresh_token", "a-refresh-token-1") in it.world.revoked) == revokes_tokens

    with closing(SteppedLoop()) as loop:
        loop.run(scene())


@both
@pytest.mark.parametrize("leeway_s", [0.0, 60.0])
def test_nobody_waits_for_ever_for_another_workers_refresh(store: StoreSettings | None, leeway_s: float) -> None:
    """After a call's time and two seconds: a fault, or the token while it is good; the next request tries again."""

    async def scene() -> None:
        it = Signed(store, renewal=RenewalPolicy(leeway_s=leeway_s))
        await it.visitor.sign_in(PAGE)
        it.world.clock.advance(300 - leeway_s)
        cookie = it.cookie
        it.world.http.hold()
        refreshing = asyncio.create_task(it.other().open(PAGE, headers=XHR, cookie=cookie))
        await until(lambda: it.world.http.in_the_air > 0)
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        waiting = it.other()
        if leeway_s:
            assert token_of(await waiting.open(PAGE, headers=XHR, cookie=cookie)) == "an-access-token"
        else:
            with pytest.raises(ProviderFault, match="refresh_timeout") as fault:
                await waiting.open(PAGE, headers=XHR, cookie=cookie)
            assert fault.value.passing
        assert loop.time() - began_at == pytest.approx(5.0, abs=2 * POLL_S)
        it.world.http.release()
        assert token_of(await refreshing) == "an-access-token-after-1"
        it.world.clock.advance(PAUSE_AFTER_FAILURE_S if leeway_s else 0)
        assert token_of(await waiting.open(PAGE, headers=XHR, cookie=cookie)) == "an-access-token-after-1"
        assert (it.world.refreshes, it.world.reuses) == (1, 0)

    with closing(SteppedLoop()) as loop:
        loop.run(scene())
