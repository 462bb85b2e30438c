"""From a session cookie to who is there: what can be said at once, what is asked first, and what is said then."""

import asyncio
from typing import Any

import pytest

from ostiary.errors import ProviderFault, StoreFault
from ostiary.identity.claim_schema import compile_claim_schema
from ostiary.identity.session import Session
from ostiary.identity.session_lifetime import RenewalPolicy, SessionLimits
from ostiary.plugin import Admit
from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.client_cookies import ClientCookies, digest_client
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.renewal import PAUSE_AFTER_FAILURE_S, Renewal
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.session_resolution import REPLACED_S, NoSession, Resolved, SessionResolution
from ostiary.relying_party.settings import SessionHeaders
from ostiary.store_settings import SqliteSettings
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import CLIENT_ID, NOW
from tests.fakes.relying_parties import make_settings
from tests.fakes.sessions import make_session
from tests.fakes.sign_in import TOKEN_ENDPOINT, SignInWorld

STORED = SqliteSettings(path="sessions")
both = pytest.mark.parametrize("store", [None, STORED], ids=["cookie", "store"])
Chunks = tuple[bytes, ...]


class Resolving:
    """A resolution under http, and what it is made of."""

    def __init__(self, world: SignInWorld | None = None, **changes: Any) -> None:
        """Make one that knows nothing yet."""
        self.world = world or SignInWorld()
        self.settings = make_settings(**changes)
        services = self.world.services()
        provider = self.world.providers.provider(ProviderSettings(discovery=self.settings.discovery))
        calls = ProviderCalls(self.settings, provider, services)
        self.keeper = SessionKeeper(self.settings, ClientCookies(self.settings, secure=False), services)
        self.revocations = Revocations(
            find_state(self.settings, services), f"revoked:{digest_client(self.settings)}", self.settings.revalidate_s,
            services.clock, services.spawner,
        )  # fmt: skip
        self.renewal = Renewal(self.settings, calls, self.keeper, self.revocations, services)
        self.resolution = SessionResolution(self.settings, self.keeper, self.renewal, self.revocations, services)

    @property
    def state(self) -> Any:
        """The store that is asked."""
        store = self.settings.store
        return self.world.stores.shared if store is None else self.world.stores.open(store)

    async def keep(self, record: Session) -> Chunks:
        """Keep a session, let the provider know its refresh token, and return its cookie."""
        if record.refresh_token is not None:
            self.world.refresh_tokens[record.refresh_token] = CLIENT_ID
        await self.keeper.save(record)
        return self.read(self.keeper.write_cookie(record, []))

    def read(self, written: tuple[str, ...]) -> Chunks:
        """Return what a browser sends back."""
        pairs = [line.partition(";")[0].partition("=") for line in written]
        return self.keeper.cookie.collect([(name.encode(), value.encode()) for name, _, value in pairs if value]) or ()

    def at_once(self, chunks: Chunks) -> Resolved | NoSession | None:
        """Resolve without asking anybody."""
        return self.resolution.resolve_now(chunks, [], self.world.clock.now())

    async def resolve(self, chunks: Chunks, present: list[tuple[bytes, bytes]] | None = None) -> Resolved:
        """Resolve a session that counts."""
        resolved = await self.resolution.resolve(chunks, present or [])
        assert isinstance(resolved, Resolved), resolved.reason
        return resolved

    async def refusal(self, chunks: Chunks) -> str:
        """Say why a session does not count."""
        resolved = await self.resolution.resolve(chunks, [])
        assert isinstance(resolved, NoSession), resolved
        return resolved.reason


def tell(admit: Admit) -> dict[str, str]:
    """Return the headers that the upstream gets."""
    assert admit.edits is not None
    return dict(line.split(": ", 1) for line in admit.edits.block.decode().splitlines())


# --- at once


def test_a_sealed_session_is_resolved_at_once() -> None:
    """When it is known which ones were revoked a moment ago; the answer is the same that would be awaited."""

    async def visit() -> None:
        it = Resolving()
        chunks = await it.keep(make_session())
        assert it.at_once(chunks) is None
        awaited = await it.resolve(chunks)
        now = it.at_once(chunks)
        assert isinstance(now, Resolved)
        assert (now.until, now.family, now.session_id) == (awaited.until, awaited.family, awaited.session_id)
        assert tell(now.admit) == tell(awaited.admit)
        it.world.clock.advance(1)
        assert it.at_once(chunks) is None

    asyncio.run(visit())


def test_a_stored_session_never_is() -> None:
    """The store has to be asked."""

    async def visit() -> None:
        it = Resolving(store=STORED)
        chunks = await it.keep(make_session())
        await it.resolve(chunks)
        assert it.at_once(chunks) is None

    asyncio.run(visit())


def test_what_is_due_is_awaited() -> None:
    """A refresh asks the provider; an end does not."""

    async def visit() -> None:
        it = Resolving()
        due = await it.keep(make_session(subject="user-1", refresh_token="r"))
        over = await it.keep(make_session())
        it.world.clock.advance(300)
        await it.revocations.refresh()
        assert it.at_once(due) is None
        ended = it.at_once(over)
        assert isinstance(ended, NoSession)
        assert ended.reason == "session_expired"

    asyncio.run(visit())


def test_what_no_seal_of_ours_holds_is_refused_at_once() -> None:
    """Once revocations are known: broken, foreign, revoked, over."""

    async def visit() -> None:
        it = Resolving()
        await it.revocations.refresh()
        other = Resolving(client_id="other")
        family = make_session().family
        cases = {
            "session_broken": (b"garbage",),
            "session_foreign": await it.keep(make_session(client_id="other")),
            "session_expired": await it.keep(make_session(expires_at=NOW)),
        }
        for reason, chunks in cases.items():
            found = it.at_once(chunks)
            assert isinstance(found, NoSession)
            assert (reason, None) == (found.reason, found.fallback)
            assert reason == await it.refusal(chunks)
        assert await it.refusal(await other.keep(make_session(client_id="other"))) == "session_broken"
        await it.revocations.revoke(family, NOW + 3600)
        found = it.at_once(await it.keep(make_session()))
        assert isinstance(found, NoSession)
        assert found.reason == "session_revoked"

    asyncio.run(visit())


# --- for how long


@both
@pytest.mark.parametrize(
    ("changes", "record", "until_s"),
    [
        ({}, {}, 300),
        ({}, {"expires_at": NOW + 200}, 200),
        ({"limits": SessionLimits(absolute_s=100)}, {}, 100),
        ({"limits": SessionLimits(idling_s=100)}, {}, 10),
        ({"limits": SessionLimits(rolling_s=100)}, {}, 75),
        ({"renewal": RenewalPolicy(leeway_s=60)}, {"refresh_token": "r"}, 240),
        ({"renewal": RenewalPolicy(interval_s=50)}, {}, 50),
    ],
)
def test_a_verdict_holds_until_something_is_due(
    store: SqliteSettings | None, changes: dict[str, Any], record: dict[str, Any], until_s: float
) -> None:
    """A limit, a token's end, a use that has to be noted, a question to the provider: whichever is first."""

    async def visit() -> None:
        it = Resolving(store=store, **changes)
        assert NOW + until_s == (await it.resolve(await it.keep(make_session(**record)))).until

    asyncio.run(visit())


@both
def test_a_cookie_that_was_replaced_is_looked_at_again_soon(store: SqliteSettings | None) -> None:
    """It comes a few times more, with requests that were on their way, and brings the new one each time."""

    async def visit() -> None:
        it = Resolving(store=store)
        chunks = await it.keep(make_session(subject="user-1", refresh_token="r"))
        it.world.clock.advance(300)
        resolved = await it.resolve(chunks)
        assert it.world.clock.now() + REPLACED_S == resolved.until
        assert resolved.admit.set_cookies
        assert it.read(resolved.admit.set_cookies) != chunks

    asyncio.run(visit())


# --- what is noted


@both
def test_a_use_is_noted_when_it_is_time_and_not_before(store: SqliteSettings | None) -> None:
    """In the cookie or in the store, never in both; the id stays."""

    async def visit() -> None:
        it = Resolving(store=store, limits=SessionLimits(idling_s=100))
        chunks = await it.keep(make_session())
        it.world.clock.advance(9)
        early = await it.resolve(chunks)
        assert early.admit.set_cookies == ()
        writes = it.state.count("write")
        it.world.clock.advance(1)
        noted = await it.resolve(chunks)
        assert noted.session_id == early.session_id
        assert bool(noted.admit.set_cookies) == (store is None)
        assert it.state.count("write") == writes + (store is not None)
        newest = it.read(noted.admit.set_cookies) or chunks
        it.world.clock.advance(99)
        assert await it.resolve(newest)
        if store is None:
            it.world.clock.advance(2)
            assert await it.refusal(chunks) == "session_expired"

    asyncio.run(visit())


def test_without_a_limit_from_the_last_use_nothing_is_noted() -> None:
    """A warm session writes nothing."""

    async def visit() -> None:
        it = Resolving(store=STORED)
        chunks = await it.keep(make_session(access_token=None))
        writes = it.state.count("write")
        it.world.clock.advance(3500)
        assert (await it.resolve(chunks)).admit.set_cookies == ()
        assert writes == it.state.count("write")

    asyncio.run(visit())


# --- what the upstream gets


@both
def test_tokens_go_where_they_are_wanted(store: SqliteSettings | None) -> None:
    """`set_refresh_token_header` and `set_raw_id_token_header`; neither by default."""

    async def visit() -> None:
        record = make_session(subject="user-1", refresh_token="r-0")
        usual = Resolving(store=store)
        assert {"X-Refresh-Token", "X-Raw-ID-Token"}.isdisjoint(
            tell((await usual.resolve(await usual.keep(record))).admit)
        )
        wanted = Resolving(store=store, headers=SessionHeaders(refresh_token=True, raw_id_token=True))
        chunks = await wanted.keep(record)
        told = tell((await wanted.resolve(chunks)).admit)
        assert (told["X-Refresh-Token"], told["X-Raw-ID-Token"]) == ("r-0", "raw.id.token")
        wanted.world.clock.advance(300)
        renewed = tell((await wanted.resolve(chunks)).admit)
        assert renewed["X-Refresh-Token"] in wanted.world.refresh_tokens
        assert renewed["X-Raw-ID-Token"] != "raw.id.token"

    asyncio.run(visit())


@both
@pytest.mark.parametrize("refresh_token", [None, "r"])
def test_a_token_that_is_over_is_not_passed_on(store: SqliteSettings | None, refresh_token: str | None) -> None:
    """`renew_access_token_on_expiry: false`: the person stays, the token goes."""

    async def visit() -> None:
        it = Resolving(store=store, renewal=RenewalPolicy(renew_on_expiry=False))
        chunks = await it.keep(make_session(subject="user-1", refresh_token=refresh_token))
        it.world.clock.advance(299)
        assert "X-Access-Token" in tell((await it.resolve(chunks)).admit)
        it.world.clock.advance(1)
        resolved = await it.resolve(chunks)
        assert "X-Access-Token" not in tell(resolved.admit)
        assert "X-ID-Token" in tell(resolved.admit)
        assert it.world.refreshes == 0

    asyncio.run(visit())


@both
def test_not_even_while_a_silent_sign_in_is_due(store: SqliteSettings | None) -> None:
    """Both at once: the interval is over, and so is the token that nothing renews."""

    async def visit() -> None:
        it = Resolving(store=store, renewal=RenewalPolicy(renew_on_expiry=False, interval_s=100))
        chunks = await it.keep(make_session())
        it.world.clock.advance(100)
        due = await it.resolve(chunks)
        assert due.is_silent_due
        assert "X-Access-Token" in tell(due.admit)
        assert NOW + 300 == due.until
        it.world.clock.advance(200)
        over = await it.resolve(chunks)
        assert over.is_silent_due
        assert "X-Access-Token" not in tell(over.admit)

    asyncio.run(visit())


# --- what is not enough


@both
def test_what_a_route_requires_is_required_of_sessions(store: SqliteSettings | None) -> None:
    """Scopes, and a schema of what is kept; the place of a fault is for the log, the claim is not."""

    async def visit() -> None:
        scopes = Resolving(store=store, required_scopes=("profile", "email"))
        assert await scopes.refusal(await scopes.keep(make_session())) == "scope_missing"
        assert await scopes.resolve(await scopes.keep(make_session(scope="email profile")))
        schema = compile_claim_schema(
            {
                "type": "object",
                "required": ["id_token", "user"],
                "properties": {"id_token": {"properties": {"sub": {"const": "alice"}}}},
            }
        )
        claims = Resolving(store=store, claim_schema=schema)
        assert await claims.refusal(await claims.keep(make_session())) == "claims_refused"
        user = {"sub": "alice"}
        assert await claims.resolve(await claims.keep(make_session(userinfo=user)))
        mallory = {"sub": "a-secret-name"}
        refused = await claims.resolution.resolve(
            await claims.keep(make_session(userinfo=user, id_token_claims=mallory)), []
        )
        assert isinstance(refused, NoSession)
        assert refused.detail
        assert "a-secret-name" not in refused.detail

    asyncio.run(visit())


@both
def test_a_refreshed_session_is_measured_again(store: SqliteSettings | None) -> None:
    """The provider granted less this time."""

    async def visit() -> None:
        it = Resolving(store=store, required_scopes=("profile",))
        chunks = await it.keep(make_session(subject="user-1", refresh_token="r"))
        it.world.refresh_changes = {"scope": "openid"}
        assert await it.resolve(chunks)
        it.world.clock.advance(300)
        assert await it.refusal(chunks) == "scope_missing"

    asyncio.run(visit())


# --- renewal


@both
def test_a_provider_that_is_down_is_not_noticed_before_the_token_is_over(store: SqliteSettings | None) -> None:
    """The session goes on; it is asked again after half a minute, and no dead token is passed on meanwhile."""

    async def visit() -> None:
        it = Resolving(store=store, renewal=RenewalPolicy(leeway_s=60))
        chunks = await it.keep(make_session(subject="user-1", refresh_token="r"))
        works = it.world.http.answers[TOKEN_ENDPOINT]
        it.world.http.answers[TOKEN_ENDPOINT] = answer_json({}, 500)
        it.world.clock.advance(241)
        early = await it.resolve(chunks)
        assert NOW + 241 + PAUSE_AFTER_FAILURE_S == early.until
        it.world.clock.advance(49)
        late = await it.resolve(chunks)
        assert NOW + 300 == late.until
        it.world.clock.advance(10)
        with pytest.raises(ProviderFault):
            await it.resolve(chunks)
        it.world.http.answers[TOKEN_ENDPOINT] = works
        it.world.clock.advance(PAUSE_AFTER_FAILURE_S)
        assert tell((await it.resolve(chunks)).admit)["X-Access-Token"] == "an-access-token-after-1"

    asyncio.run(visit())


@both
def test_where_nothing_is_renewed_on_expiry_an_interval_that_fails_leaves_the_session(
    store: SqliteSettings | None,
) -> None:
    """The token is over and left out; the person is not thrown out because the provider is away."""

    async def visit() -> None:
        it = Resolving(store=store, renewal=RenewalPolicy(renew_on_expiry=False, interval_s=400))
        chunks = await it.keep(make_session(subject="user-1", refresh_token="r"))
        it.world.http.answers[TOKEN_ENDPOINT] = answer_json({}, 500)
        it.world.clock.advance(400)
        assert "X-Access-Token" not in tell((await it.resolve(chunks)).admit)

    asyncio.run(visit())


def test_a_refreshed_session_that_no_longer_fits_is_told_with_its_sizes() -> None:
    """No lock-out and no loop: there is no session, and the log names the remedy."""

    async def visit() -> None:
        it = Resolving()
        chunks = await it.keep(make_session(subject="user-1", refresh_token="r"))
        it.world.refresh_changes = {"access_token": "a" * 30_000}
        it.world.clock.advance(300)
        assert await it.refusal(chunks) == "session_too_large"
        (event,) = [event for event in it.world.log.events if event.code == "session_too_large"]
        assert "session_contents" in str(event.fields["remedy"])
        assert event.fields["wanted_bytes"] > event.fields["allowed_bytes"]  # type: ignore[operator]

    asyncio.run(visit())


def test_so_is_one_that_other_cookies_leave_no_room_for() -> None:
    """32 KiB for the Cookie header, whoever filled it."""

    async def visit() -> None:
        it = Resolving()
        chunks = await it.keep(make_session(subject="user-1", refresh_token="r"))
        it.world.refresh_changes = {"access_token": "a" * 3_000}
        it.world.clock.advance(300)
        others = [(b"app", b"x" * 28_000)]
        crowded = await it.resolution.resolve(chunks, others)
        assert isinstance(crowded, NoSession)
        assert crowded.reason == "session_too_large"
        assert it.world.refreshes == 1
        assert await it.resolve(chunks)  # the crowd has gone: nothing was lost
        assert it.world.refreshes == 1

    asyncio.run(visit())


@both
def test_a_successor_whose_limits_are_over_is_none(store: SqliteSettings | None) -> None:
    """The provider took longer than the session had left."""

    async def visit() -> None:
        it = Resolving(store=store)
        chunks = await it.keep(make_session(subject="user-1", refresh_token="r", expires_at=NOW + 301))
        works = it.world.http.answers[TOKEN_ENDPOINT]
        assert callable(works)

        def dawdle(request: Any) -> Any:
            it.world.clock.advance(2)
            return works(request)

        it.world.http.answers[TOKEN_ENDPOINT] = dawdle
        it.world.clock.advance(300)
        assert await it.refusal(chunks) in {"session_expired", "session_replaced"}

    asyncio.run(visit())


# --- stores


@pytest.mark.parametrize("refresh_token", [None, "r"])
@both
def test_a_store_that_is_down_is_neither_yes_nor_no(store: SqliteSettings | None, refresh_token: str | None) -> None:
    """A fault, whatever the session's standing."""

    async def visit() -> None:
        it = Resolving(store=store)
        chunks = await it.keep(make_session(subject="user-1", refresh_token=refresh_token))
        it.world.clock.advance(300 if refresh_token else 0)
        it.state.is_down = True
        for _ in range(2):
            with pytest.raises(StoreFault, match="store_unavailable"):
                await it.resolution.resolve(chunks, [])
        assert it.at_once(chunks) is None
        assert it.world.refreshes == 0

    asyncio.run(visit())


@pytest.mark.parametrize("moment", ["read", "write", "create", "delete", "read_series"])
@both
def test_whichever_call_fails_nobody_becomes_anonymous(store: SqliteSettings | None, moment: str) -> None:
    """One operation after the other fails during a refresh with a use to be noted: a fault, or the session."""

    async def visit() -> None:
        it = Resolving(store=store, limits=SessionLimits(idling_s=1000))
        chunks = await it.keep(make_session(subject="user-1", refresh_token="r"))
        it.world.clock.advance(300)

        async def fail(name: str, key: str) -> None:
            if name == moment:
                raise StoreFault("store_unavailable", "this call only")

        it.state.before = fail
        try:
            resolved = await it.resolution.resolve(chunks, [])
        except StoreFault:
            return
        assert isinstance(resolved, Resolved)

    asyncio.run(visit())


def test_a_ticket_whose_record_is_gone_leads_to_its_successor_or_nowhere() -> None:
    """`session_gone`: whoever deletes it from the store has signed the person out."""

    async def visit() -> None:
        it = Resolving(store=STORED)
        record = make_session(subject="user-1", refresh_token="r")
        chunks = await it.keep(record)
        it.world.clock.advance(300)
        renewed = await it.resolve(chunks)
        await it.keeper.remove(record.id)
        followed = await it.resolve(chunks)
        assert followed.session_id == renewed.session_id
        assert followed.admit.set_cookies
        alone = await it.keep(make_session(id="another-id"))
        await it.keeper.remove("another-id")
        assert await it.refusal(alone) == "session_gone"

    asyncio.run(visit())
