"""The front-channel logout endpoint: a frame of the provider ends the session that a login noted, and nothing else."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from ostiary.errors import ProviderFault, StoreFault
from ostiary.plugin import Admit, Reply
from ostiary.providers.directory import ProviderDirectory
from ostiary.relying_party.settings import LogoutSettings
from ostiary.store_settings import StoreSettings
from tests.fakes.issuer import ISSUER
from tests.fakes.relying_parties import ORIGIN
from tests.fakes.sign_in import END_SESSION_ENDPOINT, Visitor
from tests.fakes.signed import PAGE, XHR, Signed, both, play

ENDPOINT = f"{ORIGIN}/frame"
GOOD = f"{ENDPOINT}?iss={quote(ISSUER, safe='')}&sid=session-1"


class Framed(Signed):
    """Somebody who signed in here, and a provider that shows frames."""

    def __init__(self, store: StoreSettings | None = None, *, session_id: str | None = "session-1") -> None:
        """Give sign-ins the provider's session."""
        super().__init__(store, logout=LogoutSettings(front_channel_path="/frame", revokes_tokens=True))
        self.world.claim_changes = {"sid": session_id}
        self.world.token_changes = {"expires_in": 3600}

    async def show(self, url: str = GOOD, method: str = "GET") -> Reply:
        """Open the frame at another worker, without a cookie."""
        settled = await self.other().open(url, method, cookie="")
        assert isinstance(settled, Reply)
        return settled

    async def is_in(self, visitor: Visitor | None = None) -> bool:
        """Say whether the person is still signed in."""
        return isinstance(await (visitor or self.visitor).open(PAGE, headers=XHR), Admit)

    def writes(self) -> int:
        """Count what was written into the state."""
        return sum(self.state.count(name) for name in ("append", "create", "write", "replace", "delete"))


def scene(work: Callable[[Framed], Awaitable[None]], store: StoreSettings | None = None, **changes: Any) -> None:
    """Sign somebody in and play a scene."""

    async def run() -> None:
        it = Framed(store, **changes)
        await it.enter()
        assert await it.is_in()
        await work(it)
        await it.world.spawner.settle()

    play(run())


@both
def test_a_frame_ends_the_session_everywhere_and_asks_nobody(store: StoreSettings | None) -> None:
    """Within a second; the provider, which knows, is not called, and no token is revoked."""

    async def work(it: Framed) -> None:
        calls = len(it.world.http.calls)
        reply = await it.show()
        it.world.clock.advance(1)

        assert (reply.status, reply.reason) == (200, "provider_logout")
        assert not await it.is_in(it.other())
        assert not await it.is_in()
        await it.world.spawner.settle()
        assert calls == len(it.world.http.calls)

    scene(work, store)


def test_only_the_provider_may_frame_it() -> None:
    """Every origin that its pages come from; nobody keeps the answer."""

    async def work(it: Framed) -> None:
        it.world.publish(
            authorization_endpoint="https://login.example:8443/auth?a=1", end_session_endpoint=END_SESSION_ENDPOINT
        )
        it.world.providers = ProviderDirectory(
            http=it.world.http, clock=it.world.clock, spawner=it.world.spawner, log=it.world.log
        )
        headers = dict((await it.show()).headers)
        framers = "frame-ancestors https://issuer.example https://login.example:8443"
        assert headers["Content-Security-Policy"].endswith(f"; {framers}")
        assert headers["Cache-Control"] == "no-store"
        assert "X-Frame-Options" not in headers

    scene(work)


def test_an_origin_that_would_say_more_in_a_header_is_left_out() -> None:
    """What a provider writes into its metadata does not become a policy."""

    async def work(it: Framed) -> None:
        it.world.publish(issuer=ISSUER, authorization_endpoint="https://a;script-src/auth")
        it.world.providers = ProviderDirectory(
            http=it.world.http, clock=it.world.clock, spawner=it.world.spawner, log=it.world.log
        )
        policy = dict((await it.show()).headers)["Content-Security-Policy"]
        assert policy.endswith("frame-ancestors https://issuer.example")

    scene(work)


@pytest.mark.parametrize(
    "query",
    [
        "", "?", "?iss={iss}", "?iss=&sid=session-1", "?iss={iss}/&sid=session-1",
        "?iss={iss}&sid=session-1&sid=session-1",
        "?iss={iss}&iss={iss}&sid=session-1", "?iss=https%3A%2F%2Fevil.example&sid=session-1",
        "?iss={iss}&sid=session-1&" + "&".join(["a=1"] * 20),
    ],
)  # fmt: skip
def test_it_says_which_exactly_once_and_nobody_else(query: str) -> None:
    """Anything else is refused, and nothing is looked up."""

    async def work(it: Framed) -> None:
        reads = it.state.count("read")
        reply = await it.show(ENDPOINT + query.format(iss=quote(ISSUER, safe="")))
        assert (reply.status, reply.reason) == (400, "front_channel_refused")
        assert "frame-ancestors https://issuer.example" in dict(reply.headers)["Content-Security-Policy"]
        assert reads == it.state.count("read")
        it.world.clock.advance(1)
        assert await it.is_in()

    scene(work)


def test_an_unknown_session_is_answered_alike_and_changes_nothing() -> None:
    """Nobody learns whether a session exists, and nobody can fill the list of ended ones."""

    async def work(it: Framed) -> None:
        writes = it.writes()
        unknown = [await it.show(GOOD.replace("session-1", f"guess-{number}")) for number in range(50)]
        assert writes == it.writes()
        known = await it.show()
        assert {(known.status, known.headers, known.body)} == {
            (each.status, each.headers, each.body) for each in unknown
        }

    scene(work)


def test_a_frame_that_comes_again_writes_nothing_more() -> None:
    """At no worker: the note of the login served once."""

    async def work(it: Framed) -> None:
        await it.show()
        writes = it.writes()
        for _ in range(3):
            assert (await it.show()).status == 200
        assert writes == it.writes()

    scene(work)


def test_a_provider_that_leaves_iss_out_is_understood() -> None:
    """Some do, and `sid` is all that counts: nobody else's session has a note here."""

    async def work(it: Framed) -> None:
        assert (await it.show(f"{ENDPOINT}?sid=session-1")).status == 200
        it.world.clock.advance(1)
        assert not await it.is_in()

    scene(work)


@both
def test_whoever_signs_in_again_stays(store: StoreSettings | None) -> None:
    """Even by the same session of the provider; and a later frame ends that, too."""

    async def work(it: Framed) -> None:
        await it.show()
        it.world.clock.advance(1)
        assert not await it.is_in()
        await it.visitor.sign_in(PAGE)
        it.world.clock.advance(1)
        assert await it.is_in()
        await it.show()
        it.world.clock.advance(1)
        assert not await it.is_in()

    scene(work, store)


def test_a_session_of_a_provider_that_names_none_is_not_ended() -> None:
    """It left no note."""

    async def work(it: Framed) -> None:
        await it.show()
        it.world.clock.advance(1)
        assert await it.is_in()

    scene(work, session_id=None)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS"])
def test_it_takes_gets_alone(method: str) -> None:
    """And says so."""

    async def work(it: Framed) -> None:
        reply = await it.show(method=method)
        assert (reply.status, reply.headers) == (405, (("Allow", "GET"),))
        it.world.clock.advance(1)
        assert await it.is_in()

    scene(work)


def test_what_cannot_be_done_is_a_fault() -> None:
    """The store, or the provider's metadata, are away: 503."""

    async def work(it: Framed) -> None:
        it.state.is_down = True
        with pytest.raises(StoreFault):
            await it.show()
        it.state.is_down = False
        it.world.take_down()
        it.world.providers = ProviderDirectory(
            http=it.world.http, clock=it.world.clock, spawner=it.world.spawner, log=it.world.log
        )
        with pytest.raises(ProviderFault):
            await it.show()

    scene(work)
