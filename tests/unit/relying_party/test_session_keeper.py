"""Where sessions are kept: sealed into cookies, or in a store behind a sealed ticket."""

import asyncio
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import StoreFault
from ostiary.identity.session import (
    SESSION_VERSION,
    Session,
    SessionRefused,
    SessionTicket,
    build_family,
    build_session_id,
    build_ticket,
    encode_session,
)
from ostiary.identity.session_cookie import SessionTooLarge
from ostiary.identity.session_lifetime import SessionLimits
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.store_settings import SqliteSettings
from tests.fakes.relying_parties import make_settings
from tests.fakes.sessions import make_session
from tests.fakes.sign_in import SignInWorld

STORED = SqliteSettings(path="sessions")
OTHER_ID = build_session_id(b"o" * 32)


def keep(world: SignInWorld | None = None, **changes: Any) -> SessionKeeper:
    """Make a keeper of the usual client under http; `store` None keeps sessions in cookies."""
    settings = make_settings(**changes)
    services = (world or SignInWorld()).services()
    return SessionKeeper(settings, ClientCookies(settings, secure=False), services)


def send_back(keeper: SessionKeeper, record: Session) -> tuple[bytes, ...]:
    """Return the chunks that a browser sends after it was given the session's cookie."""
    pairs = [line.partition(";")[0].partition("=") for line in keeper.write_cookie(record, [])]
    chunks = keeper.cookie.collect([(name.encode(), value.encode()) for name, _, value in pairs])
    assert chunks
    return chunks


def test_a_sealed_session_is_all_in_its_cookie() -> None:
    """No store is asked for it, neither to keep it nor to forget it."""
    world = SignInWorld()
    keeper = keep(world)
    record = make_session()
    asyncio.run(keeper.save(record))
    asyncio.run(keeper.remove(record.id))

    assert keeper.is_sealed
    assert record == keeper.open(send_back(keeper, record))
    assert asyncio.run(keeper.load(build_ticket(record))) is None
    assert world.stores.shared.calls == []
    assert world.stores.opened == {}


def test_a_stored_session_leaves_a_ticket_in_the_cookie() -> None:
    """The browser keeps the way to it, and nothing that is in it."""
    keeper = keep(store=STORED)
    record = make_session(access_token="a" * 20_000)
    ticket = keeper.open(send_back(keeper, record))

    assert not keeper.is_sealed
    assert isinstance(ticket, SessionTicket)
    assert ticket == build_ticket(record)
    assert len(send_back(keeper, record)) == 1


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=8), st.integers(0, 9) | st.text(max_size=8), max_size=4))
def test_what_was_kept_is_found(access_token: str, claims: dict[str, Any]) -> None:
    """Whatever is in it, until somebody forgets it."""
    keeper = keep(store=STORED)
    record = make_session(access_token=access_token, id_token_claims=claims)

    async def visit() -> None:
        ticket = build_ticket(record)
        assert await keeper.load(ticket) is None
        await keeper.save(record)
        assert record == await keeper.load(ticket)
        await keeper.remove(record.id)
        assert await keeper.load(ticket) is None

    asyncio.run(visit())


def test_whoever_reads_the_store_reads_no_session() -> None:
    """Neither tokens nor the person are in it."""
    world = SignInWorld()
    keeper = keep(world, store=STORED)
    asyncio.run(keeper.save(make_session(access_token="a-secret-token", refresh_token="another-secret-token")))
    stored = asyncio.run(world.stores.open(STORED).read(f"session:{make_session().id}"))

    assert stored
    for secret in (b"secret-token", b"alice", b"shop"):
        assert secret not in stored


def test_a_value_under_anothers_key_opens_for_nobody() -> None:
    """DESIGN.md §9.12: a store that mixes answers up hands nobody somebody else's session."""
    world = SignInWorld()
    keeper = keep(world, store=STORED)

    async def visit() -> None:
        mine = make_session()
        theirs = make_session(id=OTHER_ID, subject="bob")
        await keeper.save(theirs)
        store = world.stores.open(STORED)
        value = await store.read(f"session:{OTHER_ID}")
        await store.write(f"session:{mine.id}", value, mine.expires_at)
        with pytest.raises(SessionRefused, match="session_broken"):
            await keeper.load(build_ticket(mine))

    asyncio.run(visit())


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "other"}, {"discovery": "https://other.example/d"}, {"secrets": ("a-secret-of-somebody-else",)}],
)
@pytest.mark.parametrize("store", [None, STORED], ids=["cookie", "store"])
def test_a_session_belongs_to_its_client_provider_and_secret(
    store: SqliteSettings | None, changes: dict[str, Any]
) -> None:
    """Neither the cookie nor the stored record opens for another, whoever shares the store."""
    world = SignInWorld()
    mine, theirs = keep(world, store=store), keep(world, store=store, **changes)

    async def visit() -> None:
        record = make_session()
        await mine.save(record)
        with pytest.raises(SessionRefused, match="session_broken"):
            theirs.open(send_back(mine, record))
        if store is not None:
            with pytest.raises(SessionRefused, match="session_broken"):
                await theirs.load(build_ticket(record))

    asyncio.run(visit())


def test_a_stored_record_of_another_family_is_not_the_tickets() -> None:
    """Ticket and record name the same login, or there is no session."""
    keeper = keep(store=STORED)

    async def visit() -> None:
        await keeper.save(make_session())
        forged = SessionTicket(
            version=SESSION_VERSION, id=make_session().id, family=build_family(b"f" * 16), expires_at=2e9
        )
        with pytest.raises(SessionRefused, match="session_broken"):
            await keeper.load(forged)

    asyncio.run(visit())


@pytest.mark.parametrize(("is_sealed", "store"), [(True, STORED), (False, None)])
def test_a_ticket_is_no_session_and_a_session_no_ticket(store: SqliteSettings | None, is_sealed: bool) -> None:
    """After the operator changed `session.storage`, the old cookies are simply none."""
    keeper = keep(store=store)
    record = make_session()
    plain = encode_session(record if is_sealed else build_ticket(record))
    (line,) = keeper.cookie.write(plain, bytes(12), [])

    with pytest.raises(SessionRefused, match="session_broken"):
        keeper.open((line.partition(";")[0].partition("=")[2].encode(),))


@pytest.mark.parametrize("store", [None, STORED], ids=["cookie", "store"])
def test_secrets_change_without_signing_anybody_out(store: SqliteSettings | None) -> None:
    """The first seals, all of them open: cookie and record alike; once a secret is gone, so is what it sealed."""
    world = SignInWorld()
    old, new = "the-old-secret-of-all", "the-new-secret-of-all"
    before = keep(world, store=store, secrets=(old,))
    between = keep(world, store=store, secrets=(new, old))
    after = keep(world, store=store, secrets=(new,))

    async def read(keeper: SessionKeeper, chunks: tuple[bytes, ...]) -> Session | None:
        opened = keeper.open(chunks)
        return opened if isinstance(opened, Session) else await keeper.load(opened)

    async def visit() -> None:
        record = make_session()
        await before.save(record)
        assert record == await read(between, send_back(before, record))
        with pytest.raises(SessionRefused):
            await read(after, send_back(before, record))
        await between.save(record)
        assert record == await read(after, send_back(between, record))

    asyncio.run(visit())


@pytest.mark.parametrize(
    ("limits", "age_s"),
    [(SessionLimits(), 3600), (SessionLimits(idling_s=100), 100), (SessionLimits(absolute_s=50), 50)],
)
def test_a_store_forgets_a_session_at_its_end(limits: SessionLimits, age_s: float) -> None:
    """Whichever limit is first: nothing is left for anybody to sweep up."""
    world = SignInWorld()
    keeper = keep(world, store=STORED, limits=limits)
    record = make_session()

    async def visit() -> None:
        await keeper.save(record)
        world.clock.advance(age_s - 1)
        assert record == await keeper.load(build_ticket(record))
        world.clock.advance(1)
        assert await keeper.load(build_ticket(record)) is None

    asyncio.run(visit())


@pytest.mark.parametrize(("age_s", "max_age"), [(0, 3600), (3000, 600), (3600, 1), (9000, 1)])
def test_a_cookie_lives_no_longer_than_its_session(age_s: float, max_age: int) -> None:
    """However late in its life it is written again."""
    world = SignInWorld()
    for store in (None, STORED):
        keeper = keep(world, store=store)
        record = make_session(expires_at=world.clock.now() + 3600 - age_s)
        (line,) = keeper.write_cookie(record, [])
        assert f"Max-Age={max_age};" in line


def test_a_store_that_is_down_is_a_fault() -> None:
    """Reading, writing and forgetting alike: never "there is no session"."""
    world = SignInWorld()
    keeper = keep(world, store=STORED)
    world.stores.open(STORED).is_down = True
    record = make_session()

    for work in (
        partial(keeper.load, build_ticket(record)),
        partial(keeper.save, record),
        partial(keeper.remove, record.id),
    ):
        with pytest.raises(StoreFault, match="store_unavailable"):
            asyncio.run(work())


def test_what_cannot_be_kept_is_said() -> None:
    """Too large for cookies; a number that no record holds. A store takes what cookies do not."""
    large = make_session(access_token="a" * 30_000)
    with pytest.raises(SessionTooLarge):
        keep().write_cookie(large, [])
    assert keep(store=STORED).write_cookie(large, [])
    strange = make_session(id_token_claims={"n": 2**70})
    with pytest.raises(ValueError, match="cannot be kept"):
        keep().write_cookie(strange, [])
    with pytest.raises(ValueError, match="cannot be kept"):
        asyncio.run(keep(store=STORED).save(strange))


@pytest.mark.parametrize(("others_bytes", "fits"), [(20_000, True), (25_000, False)])
def test_what_the_browser_brings_besides_counts(others_bytes: int, fits: bool) -> None:
    """A Cookie header beyond the gateway's 32 KiB would lock the browser out with 431."""
    keeper = keep()
    record = make_session(access_token="a" * 6_000)
    others = [(b"app", b"x" * others_bytes)]
    if fits:
        assert keeper.write_cookie(record, others)
    else:
        with pytest.raises(SessionTooLarge) as refused:
            keeper.write_cookie(record, others)
        assert refused.value.wanted_bytes > refused.value.allowed_bytes >= 0
        keeper.write_cookie(record, [(keeper.cookie.name.encode(), b"x" * others_bytes)])  # ours are replaced
