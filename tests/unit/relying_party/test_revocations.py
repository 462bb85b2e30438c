"""Sessions that were ended before their time: known to every worker, for as long as they could come back."""

import asyncio

import pytest

from ostiary.errors import StoreFault
from ostiary.identity.session import build_family
from ostiary.ports import SeriesPart
from ostiary.providers import polled_series
from ostiary.relying_party.logout_marks import Mark, find_handles
from ostiary.relying_party.revocations import Revocations
from tests.fakes.clock import FakeClock
from tests.fakes.issuer import NOW
from tests.fakes.sessions import make_session
from tests.fakes.spawner import FakeSpawner
from tests.fakes.stores import FakeStore
from tests.fakes.until import until

ALICE, BOB = build_family(b"a" * 16), build_family(b"b" * 16)


class Nodes:
    """Workers that share a store."""

    def __init__(self) -> None:
        """Have none yet."""
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)

    def worker(self, revalidate_s: float = 1.0, series: str = "revoked:1") -> Revocations:
        """Return one more that knows nothing yet."""
        return Revocations(self.store, series, revalidate_s, self.clock, FakeSpawner())


def test_nothing_is_known_before_the_store_was_asked() -> None:
    """A worker that just started goes by nothing."""
    nodes = Nodes()

    assert not nodes.worker().is_current(nodes.clock.now())


@pytest.mark.parametrize("revalidate_s", [0.25, 1.0, 60.0])
def test_what_is_known_counts_for_as_long_as_the_operator_says(revalidate_s: float) -> None:
    """And not at all when the clock was set back to before it was asked."""
    nodes = Nodes()
    worker = nodes.worker(revalidate_s)
    now = nodes.clock.now()
    asyncio.run(worker.require(now))

    assert worker.is_current(now)
    assert worker.is_current(now + revalidate_s * 0.99)
    assert not worker.is_current(now + revalidate_s)
    assert not worker.is_current(now - 3600)


def test_with_zero_the_store_is_asked_every_time() -> None:
    """`session.revalidate_s: 0`."""
    nodes = Nodes()
    worker = nodes.worker(0.0)
    for _ in range(3):
        asyncio.run(worker.require(nodes.clock.now()))

    assert nodes.store.count("read_series") == 3


def test_the_store_is_asked_no_more_often_than_it_has_to_be() -> None:
    """Once in its time, and once for all who wait."""
    nodes = Nodes()
    worker = nodes.worker()

    async def visit() -> None:
        await asyncio.gather(*(worker.require(nodes.clock.now()) for _ in range(50)))
        nodes.clock.advance(0.9)
        await worker.require(nodes.clock.now())

    asyncio.run(visit())
    assert nodes.store.count("read_series") == 1


def test_a_logout_is_known_here_at_once_and_elsewhere_in_time() -> None:
    """The worker that did it needs no second look; another one finds it at its next."""
    nodes = Nodes()
    here, there = nodes.worker(), nodes.worker()

    async def visit() -> None:
        await there.require(nodes.clock.now())
        await here.revoke(ALICE, nodes.clock.now() + 100)
        assert ALICE in here.revoked
        assert ALICE not in there.revoked
        nodes.clock.advance(1)
        await there.require(nodes.clock.now())
        assert ALICE in there.revoked
        assert BOB not in there.revoked

    asyncio.run(visit())


def test_a_worker_that_starts_later_learns_everything() -> None:
    """Nothing depends on having been there."""
    nodes = Nodes()

    async def visit() -> None:
        for family in (ALICE, BOB):
            await nodes.worker().revoke(family, nodes.clock.now() + 100)
        late = nodes.worker()
        await late.refresh()
        assert {ALICE, BOB} == set(late.revoked)

    asyncio.run(visit())


def test_each_client_has_its_own() -> None:
    """What one client's worker reads is not made longer by another's."""
    nodes = Nodes()

    async def visit() -> None:
        await nodes.worker(series="revoked:1").revoke(ALICE, nodes.clock.now() + 100)
        other = nodes.worker(series="revoked:2")
        await other.refresh()
        assert {} == other.revoked

    asyncio.run(visit())


def test_a_store_that_is_down_leaves_nothing_to_go_by() -> None:
    """A fault for who asks; what was known goes on being known, and no longer counts as recent."""
    nodes = Nodes()
    worker = nodes.worker()

    async def visit() -> None:
        await worker.revoke(ALICE, nodes.clock.now() + 100)
        await worker.refresh()
        nodes.store.is_down = True
        nodes.clock.advance(1)
        for _ in range(2):
            with pytest.raises(StoreFault, match="store_unavailable"):
                await worker.require(nodes.clock.now())
        assert not worker.is_current(nodes.clock.now())
        assert ALICE in worker.revoked

    asyncio.run(visit())


def test_a_logout_that_the_store_did_not_take_is_none() -> None:
    """It is told so, and no worker believes that it happened."""
    nodes = Nodes()
    worker = nodes.worker()
    nodes.store.is_down = True

    with pytest.raises(StoreFault):
        asyncio.run(worker.revoke(ALICE, nodes.clock.now() + 100))
    assert {} == worker.revoked


def test_a_store_that_began_anew_takes_nothing_back() -> None:
    """It lost everything: what this worker knows stays true, and what the new one has is read from its beginning."""
    nodes = Nodes()
    worker = nodes.worker()

    async def visit() -> None:
        for number in range(5):
            await worker.revoke(build_family(bytes([number]) * 16), nodes.clock.now() + 100)
        await worker.refresh()
        nodes.store.memory = FakeStore(nodes.clock).memory
        await nodes.worker().revoke(BOB, nodes.clock.now() + 100)
        await worker.refresh()
        assert BOB in worker.revoked
        assert len(worker.revoked) == 6

    asyncio.run(visit())


def test_what_could_not_come_back_is_forgotten() -> None:
    """A family beyond its absolute limit has no cookie that counts."""
    nodes = Nodes()
    worker = nodes.worker()

    async def visit() -> None:
        await worker.revoke(ALICE, nodes.clock.now() + 100)
        nodes.clock.advance(100)
        await nodes.worker().revoke(BOB, nodes.clock.now() + 100)
        await worker.refresh()
        assert {BOB} == set(worker.revoked)

    asyncio.run(visit())


def test_more_than_can_be_remembered_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is dropped to make room: who asks is told that there is no answer."""
    monkeypatch.setattr(polled_series, "MAX_KNOWN", 2)
    nodes = Nodes()
    spawner = FakeSpawner()
    worker = Revocations(nodes.store, "revoked:1", 1.0, nodes.clock, spawner)

    async def visit() -> None:
        for number in range(3):
            await nodes.worker().revoke(build_family(bytes([number]) * 16), nodes.clock.now() + 100)
        with pytest.raises(StoreFault, match="more is revoked"):
            await worker.refresh()
        assert not worker.is_current(nodes.clock.now())

    asyncio.run(visit())


def test_the_time_of_asking_counts_and_not_that_of_the_answer() -> None:
    """A slow answer is as old as its question."""
    nodes = Nodes()
    worker = nodes.worker()
    asked_at = nodes.clock.now()

    async def dawdle(name: str, key: str) -> None:
        nodes.clock.advance(0.75)

    nodes.store.before = dawdle
    asyncio.run(worker.refresh())

    assert (asked_at, asked_at + 1.0) == (worker.asked_at, worker.known_until)


def test_a_reset_that_repeats_is_read_as_it_is() -> None:
    """A store that cannot tell its position from ours is asked from the beginning, once."""
    nodes = Nodes()
    answers = [SeriesPart((), 3, is_reset=True), SeriesPart(((ALICE, nodes.clock.now() + 9),), 4, is_reset=False)]
    asked: list[int] = []

    class Scripted(FakeStore):
        async def read_series(self, series: str, after: int) -> SeriesPart:
            asked.append(after)
            return answers.pop(0)

    nodes.store = Scripted(nodes.clock)
    worker = nodes.worker()
    asyncio.run(worker.refresh())

    assert (asked, worker.revoked) == ([0, 0], {ALICE: nodes.clock.now() + 9})


def test_looking_anew_is_more_than_joining_a_look_that_began_before() -> None:
    """A read is on its way back when somebody signs out: who looks anew hears of it, in one more read for all."""
    nodes = Nodes()
    gate = asyncio.Event()

    class Slow(FakeStore):
        async def read_series(self, series: str, after: int) -> SeriesPart:
            part = await super().read_series(series, after)
            await gate.wait()
            return part

    async def visit() -> None:
        nodes.store = Slow(nodes.clock)
        worker = nodes.worker()
        early = asyncio.create_task(worker.refresh())
        await until(lambda: nodes.store.count("read_series") == 1)
        await nodes.worker().revoke(ALICE, nodes.clock.now() + 100)
        late = [asyncio.create_task(worker.read_anew()) for _ in range(3)]
        await asyncio.sleep(0)
        gate.set()
        await early
        assert ALICE not in worker.revoked
        await asyncio.gather(*late)
        assert ALICE in worker.revoked
        assert nodes.store.count("read_series") == 2

    asyncio.run(visit())


def test_looking_anew_asks_although_it_was_asked_a_moment_ago() -> None:
    """What is recent enough for a request is not for whoever looks last; a store that is down says so."""
    nodes = Nodes()
    worker = nodes.worker()

    async def visit() -> None:
        await worker.refresh()
        await nodes.worker().revoke(ALICE, nodes.clock.now() + 100)
        await worker.read_anew()
        assert ALICE in worker.revoked
        nodes.store.is_down = True
        with pytest.raises(StoreFault):
            await worker.read_anew()
        nodes.store.is_down = False
        await nodes.worker().revoke(BOB, nodes.clock.now() + 100)
        await worker.read_anew()
        assert BOB in worker.revoked

    asyncio.run(visit())


def test_a_mark_is_known_here_at_once_and_elsewhere_in_time() -> None:
    """As a family is; each kind under its own name."""
    nodes = Nodes()
    here, there = nodes.worker(), nodes.worker()

    async def visit() -> None:
        await there.require(nodes.clock.now())
        await here.mark("sid:1", Mark(NOW, NOW, nodes.clock.now() + 100))
        await here.revoke(ALICE, nodes.clock.now() + 100)
        assert (list(here.marks), list(there.marks)) == (["sid:1"], [])
        nodes.clock.advance(1)
        await there.require(nodes.clock.now())
        assert there.marks == here.marks
        assert list(there.revoked) == [ALICE]

    asyncio.run(visit())


@pytest.mark.parametrize("session_id", [None, "session-1"])
def test_a_mark_ends_what_was_issued_until_then(session_id: str | None) -> None:
    """By the provider's session, or by the person; what was issued later lives."""
    nodes = Nodes()
    record = make_session(provider_session_id=session_id)
    handles = find_handles(record)

    async def visit() -> None:
        for key in handles[:2]:
            worker = nodes.worker()
            assert not worker.has_ended(record)
            await worker.mark("sid:other", Mark(NOW + 60, NOW, NOW + 100))
            await worker.mark(key, Mark(NOW - 1, NOW, NOW + 100))
            assert not worker.has_ended(record)
            await worker.mark(key, Mark(NOW, NOW, NOW + 100))
            assert worker.has_ended(record)
            assert worker.is_marked(handles)
            assert not worker.has_ended(make_session(provider_session_id=session_id, id_token_issued_at=NOW + 1))

    asyncio.run(visit())


def test_a_family_is_ended_without_a_mark() -> None:
    """As ever."""
    nodes = Nodes()
    worker = nodes.worker()
    asyncio.run(worker.revoke(ALICE, NOW + 100))

    assert worker.has_ended(make_session(family=ALICE))
    assert not worker.has_ended(make_session(family=BOB))


def test_the_later_of_two_marks_counts_in_whatever_order_they_come() -> None:
    """And it is known for as long as either has to be."""
    nodes = Nodes()
    worker, late = nodes.worker(), nodes.worker()

    async def visit() -> None:
        await worker.mark("sub:1", Mark(NOW, NOW, NOW + 200))
        await worker.mark("sub:1", Mark(NOW - 5, NOW, NOW + 100))
        await late.refresh()
        assert {"sub:1": Mark(NOW, NOW, NOW + 200)} == worker.marks == late.marks

    asyncio.run(visit())


def test_a_mark_that_nobody_needs_is_forgotten() -> None:
    """As a family is, and both count towards what can be remembered."""
    nodes = Nodes()
    worker = nodes.worker()

    async def visit() -> None:
        await worker.mark("sid:1", Mark(NOW, NOW, nodes.clock.now() + 100))
        nodes.clock.advance(100)
        await nodes.worker().mark("sid:2", Mark(NOW, NOW, nodes.clock.now() + 100))
        await worker.refresh()
        assert list(worker.marks) == ["sid:2"]

    asyncio.run(visit())


def test_more_marks_than_can_be_remembered_let_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """They share the room with families."""
    monkeypatch.setattr(polled_series, "MAX_KNOWN", 2)
    nodes = Nodes()
    worker = nodes.worker()

    async def visit() -> None:
        await nodes.worker().revoke(ALICE, nodes.clock.now() + 100)
        for number in range(2):
            await nodes.worker().mark(f"sid:{number}", Mark(NOW, NOW, nodes.clock.now() + 100))
        with pytest.raises(StoreFault, match="more is revoked"):
            await worker.refresh()

    asyncio.run(visit())


def test_a_mark_that_the_store_did_not_take_is_none() -> None:
    """Who wanted it is told."""
    nodes = Nodes()
    worker = nodes.worker()
    nodes.store.is_down = True

    with pytest.raises(StoreFault):
        asyncio.run(worker.mark("sid:1", Mark(NOW, NOW, NOW + 100)))
    assert {} == worker.marks
