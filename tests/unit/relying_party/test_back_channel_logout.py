"""The back-channel logout endpoint: whom a logout token signs out, and what is answered to everything else."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from ostiary.errors import ProviderFault, StoreFault
from ostiary.identity.session_lifetime import SessionLimits
from ostiary.plugin import Admit, Pending, Reply
from ostiary.providers.directory import ProviderDirectory
from ostiary.relying_party.settings import LogoutSettings
from ostiary.store_settings import StoreSettings
from tests.fakes.issuer import JWKS_URI, answer_keys, logout_claims, make_key, publish, sign
from tests.fakes.relying_parties import ORIGIN
from tests.fakes.sign_in import Visitor
from tests.fakes.signed import PAGE, XHR, Signed, both, play

ENDPOINT = f"{ORIGIN}/backchannel"
ON = LogoutSettings(back_channel_path="/backchannel")
FORM = "application/x-www-form-urlencoded"
LONG = SessionLimits(absolute_s=86_400.0)


class Elsewhere(Signed):
    """Somebody who signed in here, and a provider that can say that they left."""

    def __init__(self, store: StoreSettings | None = None, **changes: Any) -> None:
        """Give sign-ins the provider's session `session-1`."""
        super().__init__(store, logout=ON, **changes)
        self.world.claim_changes = {"sid": "session-1"}

    async def tell(self, visitor: Visitor | None = None, key: Any = None, **changes: Any) -> Reply:
        """Post a logout token to a worker; `changes` are those of its claims."""
        claims = logout_claims(self.world.clock.now(), **changes)
        return await self.post(f"logout_token={sign(claims, key)}", visitor)

    async def post(self, form: str, visitor: Visitor | None = None, content_type: str = FORM) -> Reply:
        """Post a form to a worker, without a cookie."""
        settled = await (visitor or self.other()).post(ENDPOINT, form, cookie="", content_type=content_type)
        assert isinstance(settled, Reply)
        return settled

    async def is_in(self, visitor: Visitor | None = None, cookie: str | None = None) -> bool:
        """Say whether the person is still signed in, at a worker."""
        return isinstance(await (visitor or self.visitor).open(PAGE, headers=XHR, cookie=cookie), Admit)


def scene(work: Callable[[Elsewhere], Awaitable[None]], store: StoreSettings | None = None, **changes: Any) -> None:
    """Sign somebody in and play a scene; their token outlives the session."""

    async def run() -> None:
        it = Elsewhere(store, **changes)
        it.world.token_changes = {"expires_in": 86_400}
        await it.enter()
        assert await it.is_in()
        await work(it)
        await it.world.spawner.settle()

    play(run())


def assert_refused(reply: Reply, reason: str) -> None:
    """It is Back-Channel Logout §2.8's answer, and does not depend on what was sent."""
    assert (reply.status, reply.reason) == (400, reason)
    said = msgspec.json.decode(reply.body)
    assert said.pop("error") == "invalid_request"
    assert list(said) == ["error_description"]
    assert said["error_description"] in {
        "the request is not a form with exactly one logout_token", "the logout token was used before",
        "the logout token is not accepted",
    }  # fmt: skip
    assert ("Cache-Control", "no-store") in reply.headers
    assert ("Content-Type", "application/json") in reply.headers


@both
@pytest.mark.parametrize("changes", [{"sub": None}, {"sid": None}, {}], ids=["sid", "sub", "both"])
def test_a_logout_token_ends_the_session_on_every_worker_within_a_second(
    store: StoreSettings | None, changes: dict[str, Any]
) -> None:
    """At once at the worker that was told, elsewhere at its next look."""

    async def work(it: Elsewhere) -> None:
        told, there, cookie = it.other(), it.other(), it.cookie
        assert await it.is_in(told)
        assert await it.is_in(there)
        reply = await it.tell(told, **changes)

        assert (reply.status, reply.body, reply.reason) == (200, b"", "provider_logout")
        assert reply.headers == (("Cache-Control", "no-store"),)
        assert not await it.is_in(told, cookie)
        assert await it.is_in(there, cookie)
        it.world.clock.advance(1)
        for visitor in (told, there, it.other(), it.visitor):
            assert not await it.is_in(visitor, cookie)
        by = [event.fields["by"] for event in it.world.log.events if event.code == "provider_logout"]
        assert by == ["sub" if "sid" in changes else "sid"]

    scene(work, store)


@both
@pytest.mark.parametrize(
    "changes", [{"sid": "session-2"}, {"sub": "user-2", "sid": None}, {"sid": "session-2", "sub": None}]
)
def test_other_peoples_sessions_go_on(store: StoreSettings | None, changes: dict[str, Any]) -> None:
    """Another session of the same person, too."""

    async def work(it: Elsewhere) -> None:
        assert (await it.tell(**changes)).status == 200
        it.world.clock.advance(1)
        assert await it.is_in()

    scene(work, store)


@both
def test_a_session_of_a_route_with_a_longer_limit_does_not_come_back(store: StoreSettings | None) -> None:
    """One route of the client is told; a session that began at another one outlives what the first one lets last."""

    async def work(it: Elsewhere) -> None:
        it.settings["limits"] = SessionLimits(absolute_s=3600.0)
        assert (await it.tell()).status == 200
        it.settings["limits"] = LONG
        for _ in range(3):
            it.world.clock.advance(6000)
            assert not await it.is_in(it.other())

    scene(work, store, limits=LONG)


@both
def test_whoever_signs_in_again_stays(store: StoreSettings | None) -> None:
    """What was issued after the logout is not ended by it, nor by its mark, nor when it is told once more."""

    async def work(it: Elsewhere) -> None:
        claims: dict[str, Any] = {"sid": None, "iat": int(it.world.clock.now())}
        await it.tell(**claims)
        it.world.clock.advance(1)
        assert not await it.is_in()
        await it.visitor.sign_in(PAGE)
        assert await it.is_in()
        assert (await it.tell(**claims, jti="logout-2")).status == 200
        it.world.clock.advance(1)
        assert await it.is_in()
        assert await it.is_in(it.other())

    scene(work, store)


@both
def test_a_provider_whose_clock_stands_still_sends_nobody_round_in_circles(store: StoreSettings | None) -> None:
    """It signs in at once who is sent to it, and says that this was before its logout token."""

    async def work(it: Elsewhere) -> None:
        now = int(it.world.clock.now())
        await it.tell(sid=None, iat=now + 60)
        it.world.clock.advance(1)
        await it.visitor.sign_in(PAGE)
        assert await it.is_in()

    scene(work, store)


@both
def test_a_login_that_was_under_way_is_ended_too(store: StoreSettings | None) -> None:
    """Its ID token was issued before the logout: the session that comes of it counts nowhere."""

    async def work(it: Elsewhere) -> None:
        issued_at = int(it.world.clock.now())
        it.world.claim_changes = {"sid": "session-2", "iat": issued_at}
        late = Visitor(it.world, it.worker())
        callback = await late.start_sign_in(PAGE)
        it.world.clock.advance(2)
        await it.tell(sid="session-2")
        await late.open(callback)
        assert not await it.is_in(late)

    scene(work, store)


def test_a_token_works_once() -> None:
    """At every worker, for as long as it would be accepted otherwise; another of its kind is another."""

    async def work(it: Elsewhere) -> None:
        now = int(it.world.clock.now())
        assert (await it.tell(iat=now, exp=now + 900)).status == 200
        it.world.clock.advance(400)
        assert_refused(await it.tell(iat=now, exp=now + 900), "logout_token_replayed")
        assert_refused(await it.tell(iat=now, exp=now + 900, sid="session-2"), "logout_token_replayed")
        assert (await it.tell(iat=now, exp=now + 900, jti="logout-2")).status == 200
        it.world.clock.advance(100)
        assert_refused(await it.tell(iat=now, exp=now + 900), "token_issued_at")

    scene(work)


def test_of_one_token_at_two_workers_at_once_one_is_a_replay() -> None:
    """Both ended the session: that does no harm."""

    async def work(it: Elsewhere) -> None:
        others: list[str] = []

        async def meddle(name: str, key: str) -> None:
            if name == "append" and not others:
                others.append(key)
                assert (await it.tell()).status == 200

        it.state.before = meddle
        assert_refused(await it.tell(), "logout_token_replayed")
        it.world.clock.advance(1)
        assert not await it.is_in()

    scene(work)


@pytest.mark.parametrize("failing", ["read", "append", "create"])
@both
def test_what_could_not_be_done_may_be_told_again(store: StoreSettings | None, failing: str) -> None:
    """The store is away at any step: a fault (503), and the same token works when it is back."""

    async def work(it: Elsewhere) -> None:
        async def fail(name: str, key: str) -> None:
            if name == failing:
                raise StoreFault("store_unavailable", "the test took it away")

        it.state.before = fail
        with pytest.raises(StoreFault):
            await it.tell()
        it.state.before = None
        assert (await it.tell()).status == 200
        it.world.clock.advance(1)
        assert not await it.is_in()

    scene(work, store)


def test_a_provider_that_is_away_is_told_to_come_again() -> None:
    """Neither its metadata nor its keys are in memory: a fault (503), not a refusal."""

    async def work(it: Elsewhere) -> None:
        for url in (None, JWKS_URI):
            it.world.publish()
            it.world.providers = ProviderDirectory(
                http=it.world.http, clock=it.world.clock, spawner=it.world.spawner, log=it.world.log
            )
            gone = list(it.world.http.answers) if url is None else [url]
            for each in gone:
                del it.world.http.answers[each]
            with pytest.raises(ProviderFault):
                await it.tell()
        it.world.publish()
        it.world.clock.advance(60)
        assert (await it.tell()).status == 200

    scene(work)


def test_a_new_key_is_looked_for_once() -> None:
    """As for ID tokens; what it does not bring is refused."""

    async def work(it: Elsewhere) -> None:
        newer = make_key(number=1)
        it.world.http.answers[JWKS_URI] = answer_keys(publish(make_key()), publish(newer, "key-2"))
        calls = it.world.http.count(JWKS_URI)
        claims = logout_claims(it.world.clock.now())
        told = await it.post(f"logout_token={sign(claims, newer, kid='key-2')}")
        assert told.status == 200
        assert it.world.http.count(JWKS_URI) == calls + 1
        for number in range(20):
            refused = await it.post(f"logout_token={sign(claims, newer, kid=f'key-{number + 3}')}")
            assert_refused(refused, "token_key_unknown")
        assert it.world.http.count(JWKS_URI) <= calls + 2

    scene(work)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_it_takes_posts_alone(method: str) -> None:
    """And says so."""

    async def work(it: Elsewhere) -> None:
        reply = it.visitor.plugin.decide(it.visitor.request(ENDPOINT, method), None, it.world.clock.now())
        assert isinstance(reply, Reply)
        assert (reply.status, reply.headers) == (405, (("Allow", "POST"),))

    scene(work)


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data; boundary=x", "text/plain", "x"])
def test_it_takes_forms_alone(kind: str) -> None:
    """Before the body is there."""

    async def work(it: Elsewhere) -> None:
        good = f"logout_token={sign(logout_claims(it.world.clock.now()))}"
        assert_refused(await it.post(good, content_type=kind), "logout_request_invalid")
        assert await it.is_in()
        assert (await it.post(good, content_type=f"{FORM.upper()} ;charset=UTF-8")).status == 200

    scene(work)


@pytest.mark.parametrize(
    "form",
    ["", "logout_token", "token=x", "logout_token={0}&logout_token={0}", "logout_token={0}&logout%5ftoken=x",
     "a=1&" * 20 + "logout_token={0}", "a=1&" * 30 + "logout_token={0}"],
)  # fmt: skip
def test_there_is_exactly_one_token_in_a_form(form: str) -> None:
    """However its name is spelled, and not somewhere far behind."""

    async def work(it: Elsewhere) -> None:
        reply = await it.post(form.format(sign(logout_claims(it.world.clock.now()))))
        assert reply.status == 400
        assert await it.is_in()

    scene(work)


def test_a_form_may_have_other_members() -> None:
    """Which mean nothing."""

    async def work(it: Elsewhere) -> None:
        token = sign(logout_claims(it.world.clock.now()))
        assert (await it.post(f"a=1&logout_token={token}&b=2")).status == 200

    scene(work)


def test_the_body_is_bounded() -> None:
    """16 KiB, which the host sees to."""

    async def work(it: Elsewhere) -> None:
        sent = {"Host": "localhost:9080", "Content-Type": FORM}
        request = it.visitor.request(ENDPOINT, "POST", sent, cookie="")
        verdict = it.visitor.plugin.decide(request, None, it.world.clock.now())
        assert isinstance(verdict, Pending)
        assert verdict.body_limit_bytes == 16_384

    scene(work)


def test_a_refusal_says_nothing_of_the_token() -> None:
    """Neither to who sent it, nor to the log, which has the code."""

    async def work(it: Elsewhere) -> None:
        token = sign(logout_claims(it.world.clock.now(), aud="other"))
        assert_refused(await it.post(f"logout_token={token}"), "token_audience")
        assert ("warning", "token_audience") == it.world.log.events[-1][:2]
        assert token not in it.world.log.text
        assert await it.is_in()

    scene(work)


def test_it_needs_neither_a_session_nor_a_provider_session_id() -> None:
    """Whose sessions have no `sid`: a token with both names ends those of the person; one with `sid` alone does not."""

    async def run() -> None:
        it = Elsewhere()
        it.world.claim_changes = {}
        it.world.token_changes = {"expires_in": 3600}
        await it.enter()
        assert (await it.tell(sub=None)).status == 200
        it.world.clock.advance(1)
        assert await it.is_in()
        assert (await it.tell(jti="logout-2")).status == 200
        it.world.clock.advance(1)
        assert not await it.is_in()

    play(run())


def test_without_a_path_there_is_no_endpoint() -> None:
    """The default."""
    assert Signed(None).worker().party.endpoints == {}
