"""The session stage: who the session cookie says is there, proven once, and asked again when it is time."""

import asyncio
from typing import Any

import pytest

from ostiary.errors import StoreFault
from ostiary.identity.session import Session, encode_session
from ostiary.plugin import Admit, Reply
from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.client_cookies import ClientCookies, digest_client
from ostiary.relying_party.logout_marks import Mark, find_handles
from ostiary.relying_party.party import RelyingParty
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.session_resolution import NoSession
from ostiary.relying_party.session_stage import PendingSession
from ostiary.store_settings import SqliteSettings
from tests.fakes.issuer import NOW
from tests.fakes.relying_parties import make_settings
from tests.fakes.requests import make_request
from tests.fakes.sessions import make_session
from tests.fakes.sign_in import SignInWorld

STORED = SqliteSettings(path="sessions")


class Stage:
    """A session stage under http, and what it is made of."""

    def __init__(self, world: SignInWorld | None = None, *, secure: bool = False, **changes: Any) -> None:
        """Make one that remembers nothing."""
        self.world = world or SignInWorld()
        self.settings = make_settings(**{"redirect_uri": "/anything/callback", **changes})
        provider = self.world.providers.provider(ProviderSettings(discovery=self.settings.discovery))
        services = self.world.services()
        self.party = RelyingParty(self.settings, provider, services)
        self.secure = secure
        self.cookies = ClientCookies(self.settings, secure=secure)
        self.keeper = SessionKeeper(self.settings, self.cookies, services)

    def seal(self, record: Session) -> str:
        """Return the Cookie header of a session that is kept in cookies."""
        return join(self.cookies.session.write(encode_session(record), bytes(12), []))

    async def keep(self, record: Session) -> str:
        """Keep a session wherever these settings say, and return its Cookie header."""
        await self.keeper.save(record)
        return join(self.keeper.write_cookie(record, []))

    def look(self, header: str, headers: dict[str, str] | None = None) -> Admit | Reply | NoSession | PendingSession:
        """Ask without waiting."""
        sent = {**({"Cookie": header} if header else {}), **(headers or {})}
        request = make_request(headers=sent, scheme="https" if self.secure else "http")
        return self.party.find_session(request, self.world.clock.now())

    async def find(self, header: str, headers: dict[str, str] | None = None) -> Admit | Reply | str:
        """Ask for a session, and wait for what is pending; why there is none is told as text."""
        found = self.look(header, headers)
        if isinstance(found, PendingSession):
            found = await found.settle()
        return found.reason if isinstance(found, NoSession) else found


def join(written: tuple[str, ...]) -> str:
    """Return what a browser sends back."""
    return "; ".join(line.partition(";")[0] for line in written)


def test_a_good_session_admits_its_person() -> None:
    """From one cookie, or from several chunks, among others."""

    async def visit() -> None:
        for access_token in ("token", "a" * 9000):
            stage = Stage()
            found = await stage.find(f"a=1; {stage.seal(make_session(access_token=access_token))}; b=2")

            assert isinstance(found, Admit)
            assert found.principal is not None
            assert found.principal.subject == "alice"

    asyncio.run(visit())


def test_a_session_is_opened_once() -> None:
    """Every later request gets the very same verdict, and nobody waits for it."""

    async def visit() -> None:
        stage = Stage()
        header = stage.seal(make_session())

        assert await stage.find(header) is stage.look(f"x=1; {header}")

    asyncio.run(visit())


def test_what_is_remembered_with_a_header_section_is_of_one_client_only() -> None:
    """Routes of two clients take turns on one connection: neither takes the other's session for its own."""

    async def visit() -> None:
        world = SignInWorld()
        one, other = Stage(world), Stage(world, client_id="other-client")
        header = one.seal(make_session())
        request = make_request(headers={"Cookie": header}, scheme="http")
        now = world.clock.now()
        first = await one.find(header)
        assert isinstance(first, Admit)

        for _ in range(3):
            assert one.party.find_session(request, now) is first
            found = other.party.find_session(request, now)
            assert isinstance(found, NoSession)

    asyncio.run(visit())


def test_a_remembered_session_ends_when_it_ends() -> None:
    """Each hit looks at the clock: first the access token that nothing renews, or the session."""

    async def visit() -> None:
        stage = Stage()
        header = stage.seal(make_session())

        assert isinstance(await stage.find(header), Admit)
        stage.world.clock.advance(299)
        assert isinstance(await stage.find(header), Admit)
        stage.world.clock.advance(1)
        assert await stage.find(header) == "session_expired"
        assert await stage.find(stage.seal(make_session(expires_at=stage.world.clock.now()))) == "session_expired"

    asyncio.run(visit())


def test_every_reason_has_its_name() -> None:
    """Absent, broken, foreign, expired, revoked."""

    async def visit() -> None:
        stage = Stage()
        record = make_session()
        good = stage.seal(record)
        name = stage.cookies.session.name
        foreign = ClientCookies(make_settings(client_id="other"), secure=False)
        theirs = join(foreign.session.write(encode_session(record), bytes(12), []))

        assert await stage.find("") == "session_absent"
        assert await stage.find("other=1") == "session_absent"
        assert await stage.find(theirs) == "session_absent"
        assert await stage.find(f"{name}=garbage") == "session_broken"
        assert await stage.find(f"{good}; {good}") == "session_broken"
        assert await stage.find(f"{good}; {name}_1=x") == "session_broken"
        assert await Stage(secrets=("another-secret-of-somebody",)).find(good) == "session_broken"
        assert await stage.find(f"{name}={theirs.partition('=')[2]}") == "session_broken"
        assert await stage.find(stage.seal(make_session(client_id="other"))) == "session_foreign"
        assert await stage.find(stage.seal(make_session(expires_at=stage.world.clock.now()))) == "session_expired"

    asyncio.run(visit())


@pytest.mark.parametrize("store", [None, STORED], ids=["cookie", "store"])
@pytest.mark.parametrize("kind", ["session_key", "subject_key"])
def test_a_remembered_session_ends_when_the_provider_says_so(store: SqliteSettings | None, kind: str) -> None:
    """Without being looked up again; one of another person, or of a later login, is still remembered."""

    async def visit() -> None:
        stage = Stage(store=store)
        record = make_session(provider_session_id="session-1")
        others = [
            make_session(id=text * 43, subject=subject, provider_session_id="session-1", id_token_issued_at=issued_at)
            for text, subject, issued_at in (("b", "bob", NOW + 1), ("c", "alice", NOW + 1))
        ]
        headers = [await stage.keep(each) for each in (record, *others)]
        found = [await stage.find(header) for header in headers]
        revocations = Revocations(
            find_state(stage.settings, stage.world.services()), f"revoked:{digest_client(stage.settings)}", 1.0,
            stage.world.clock, stage.world.spawner,
        )  # fmt: skip
        await revocations.mark(getattr(find_handles(record), kind), Mark(NOW, NOW, NOW + 100))
        assert stage.look(headers[0]) is found[0]  # not known here before it is asked for
        stage.world.clock.advance(1)
        assert await stage.find(headers[0]) == "session_revoked"
        if store is None:
            assert [stage.look(header) for header in headers[1:]] == found[1:]
        else:
            assert all([isinstance(await stage.find(header), Admit) for header in headers[1:]])

    asyncio.run(visit())


def test_a_doubled_cookie_is_refused_even_when_the_session_is_remembered() -> None:
    """What was proven is the cookie, not the request: a second one beside it is in doubt again."""

    async def visit() -> None:
        stage = Stage()
        header = stage.seal(make_session())
        await stage.find(header)

        assert await stage.find(f"{header}; {header}") == "session_broken"

    asyncio.run(visit())


def test_a_remembered_session_stays_under_its_own_scheme() -> None:
    """The value of an https cookie, sent under the http name, is not the cookie that was proven."""

    async def visit() -> None:
        secure = Stage(secure=True)
        header = secure.seal(make_session())
        plain = Stage(secure.world)

        assert isinstance(await secure.find(header), Admit)
        assert await plain.find(f"{plain.cookies.session.name}={header.partition('=')[2]}") == "session_broken"

    asyncio.run(visit())


def test_required_scopes_hold_for_sessions_too() -> None:
    """What the provider granted counts, every time."""

    async def visit() -> None:
        stage = Stage(required_scopes=("profile", "email"))
        header = stage.seal(make_session())

        assert isinstance(await Stage(required_scopes=("profile", "openid")).find(header), Admit)
        for _ in range(2):
            refused = await stage.find(header)
            assert isinstance(refused, Reply)
            assert (refused.status, refused.reason) == (403, "scope_missing")

    asyncio.run(visit())


def test_any_of_several_secrets_opens() -> None:
    """A rotation signs nobody out, wherever sessions are kept."""

    async def visit() -> None:
        for store in (None, STORED):
            before = Stage(store=store)
            header = await before.keep(make_session())
            after = Stage(before.world, store=store, secrets=("a-newer-secret-than-that", *before.settings.secrets))

            assert isinstance(await after.find(header), Admit)

    asyncio.run(visit())


def test_a_revoked_session_lives_no_longer_than_a_second() -> None:
    """Another worker ended it; this one finds out within `revalidate_s`, sealed cookies included."""

    async def visit() -> None:
        for store in (None, STORED):
            stage = Stage(store=store)
            other = Stage(stage.world, store=store)
            record = make_session()
            header = await stage.keep(record)
            assert isinstance(await stage.find(header), Admit)
            await other.party._logout._revocations.revoke(record.family, record.expires_at)
            stage.world.clock.advance(1)

            assert await stage.find(header) == "session_revoked"

    asyncio.run(visit())


def test_a_warm_session_asks_no_more_often_than_it_may() -> None:
    """Once in `revalidate_s`, however many requests come; the others are answered from memory."""

    async def visit() -> None:
        stage = Stage(store=STORED, revalidate_s=2.0)
        header = await stage.keep(make_session())
        store = stage.world.stores.open(STORED)
        await stage.find(header)
        asked = store.count("read") + store.count("read_series")
        for _ in range(15):
            stage.world.clock.advance(0.125)
            assert isinstance(stage.look(header), Admit)
        assert asked == store.count("read") + store.count("read_series")
        stage.world.clock.advance(0.125)
        assert isinstance(await stage.find(header), Admit)
        assert asked + 2 == store.count("read") + store.count("read_series")

    asyncio.run(visit())


def test_a_session_that_its_store_forgot_is_over() -> None:
    """Whoever deletes it there has signed the person out."""

    async def visit() -> None:
        stage = Stage(store=STORED)
        record = make_session()
        header = await stage.keep(record)
        assert isinstance(await stage.find(header), Admit)
        await stage.keeper.remove(record.id)
        stage.world.clock.advance(1)

        assert await stage.find(header) == "session_gone"

    asyncio.run(visit())


def test_a_store_that_is_down_is_no_answer() -> None:
    """Neither signed in nor signed out: a fault, for sealed cookies too when nothing is known of revocations."""

    async def visit() -> None:
        for store in (None, STORED):
            stage = Stage(store=store)
            header = await stage.keep(make_session())
            assert isinstance(await stage.find(header), Admit)
            down = stage.world.stores.shared if store is None else stage.world.stores.open(store)
            down.is_down = True
            stage.world.clock.advance(1)
            with pytest.raises(StoreFault, match="store_unavailable"):
                await stage.find(header)
            down.is_down = False
            assert isinstance(await stage.find(header), Admit)

    asyncio.run(visit())


def test_a_use_is_noted_where_a_limit_counts_from_it() -> None:
    """An idle session ends; one that is used goes on to its absolute limit, with a new cookie now and then."""

    async def visit() -> None:
        limits = make_settings().limits
        idle = type(limits)(absolute_s=3600, idling_s=100)
        for store in (None, STORED):
            stage = Stage(store=store, limits=idle)
            header = await stage.keep(make_session(access_token_expires_at=2e9))
            for _ in range(20):
                stage.world.clock.advance(50)
                found = await stage.find(header)
                assert isinstance(found, Admit)
                header = join(found.set_cookies) or header
            stage.world.clock.advance(101)
            assert await stage.find(header) in {"session_expired", "session_gone"}

    asyncio.run(visit())
