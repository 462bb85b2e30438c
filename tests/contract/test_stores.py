"""What `ostiary.ports.Store` promises, tried against every store there is: memory, SQLite, and real Redis servers.

Those are one by itself, one of three that sentinels name, and a cluster of six.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.adapters import redis_cluster, redis_sentinel, sqlite_writer
from ostiary.adapters.store_rules import MAX_VALUE_BYTES
from ostiary.errors import StoreFault
from ostiary.ports import Store
from tests.contract.backends import Backend, MemoryBackend, RedisBackend, SqliteBackend
from tests.e2e.counterparts.redis_server import RedisServer
from tests.e2e.counterparts.redis_topologies import ClusterSetup, SentinelSetup

SOON_S = 0.15
LATER_S = 1.0  # for what is looked at before it is over
LONG_S = 60.0
PATIENT_S = 30.0  # nothing here is about time limits: a machine that stalls for a second exceeds every one of them
PATIENT_MS = 5000  # likewise until servers believe that their primary is down
Scenario = Callable[[Store, Backend], Awaitable[None]]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all; each test begins with nothing in it."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SentinelSetup]:
    """A primary that sentinels name, with replicas."""
    with SentinelSetup(tmp_path_factory.mktemp("sentinel"), down_after_ms=PATIENT_MS) as setup:
        yield setup


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterSetup]:
    """Six nodes."""
    with ClusterSetup(tmp_path_factory.mktemp("cluster"), down_after_ms=PATIENT_MS) as setup:
        yield setup


@pytest.fixture(params=["memory", "sqlite", "redis", "sentinel", "cluster"])
def make_backend(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Backend]:
    """Every kind of store, and all of them patient; each call gives an empty backend."""
    monkeypatch.setattr(redis_sentinel, "PATIENCE_S", PATIENT_S)
    monkeypatch.setattr(redis_cluster, "PATIENCE_S", PATIENT_S)
    monkeypatch.setattr(sqlite_writer, "LIMIT_S", PATIENT_S)
    limits = dict.fromkeys(("connect_timeout_s", "send_timeout_s", "read_timeout_s"), PATIENT_S)
    numbers = iter(range(10_000))

    def make() -> Backend:
        if request.param == "memory":
            return MemoryBackend()
        if request.param == "sqlite":
            return SqliteBackend(tmp_path / f"store-{next(numbers)}.db")
        redis = request.getfixturevalue(request.param)
        redis.clear()
        return RedisBackend(redis, **limits)

    return make


def play(backend: Backend, scenario: Scenario) -> None:
    """Run a scenario on the loop that the gateway uses."""

    async def run() -> None:
        try:
            await scenario(backend.open(), backend)
        finally:
            await backend.close()

    uvloop.run(run())


async def code_of(call: Awaitable[Any]) -> str:
    """Fail, and return the fault's code."""
    with pytest.raises(StoreFault) as caught:
        await call
    return caught.value.code


def test_what_was_written_is_read(make_backend: Callable[[], Backend]) -> None:
    """Also when there was something else before; what was never written is None."""

    async def scenario(store: Store, backend: Backend) -> None:
        assert await store.read("k") is None
        for value in (b"one", b"", b"two"):
            await store.write("k", value, backend.now() + LONG_S)
            assert value == await store.read("k")
        assert await store.read("K") is None

    play(make_backend(), scenario)


def test_what_is_over_is_as_good_as_not_there(make_backend: Callable[[], Backend]) -> None:
    """It is neither read, replaced nor deleted, and another one may be created."""

    async def scenario(store: Store, backend: Backend) -> None:
        for key in ("read", "replace", "delete", "delete-expected", "create"):
            await store.write(key, b"v", backend.now() + SOON_S)
        await backend.let_pass(SOON_S + 0.01)

        assert await store.read("read") is None
        assert not await store.replace("replace", b"v", b"w", backend.now() + LONG_S)
        assert not await store.delete("delete")
        assert not await store.delete("delete-expected", b"v")
        assert await store.create("create", b"w", backend.now() + LONG_S)
        assert b"w" == await store.read("create")

    play(make_backend(), scenario)


def test_what_is_over_when_it_comes_is_not_kept(make_backend: Callable[[], Backend]) -> None:
    """And what was there before is gone."""

    async def scenario(store: Store, backend: Backend) -> None:
        await store.write("k", b"v", backend.now() + LONG_S)
        await store.write("k", b"w", backend.now() - 5)
        assert await store.read("k") is None
        await store.write("k", b"w", 0.0)
        assert await store.read("k") is None
        await store.create("k", b"w", backend.now() - 5)
        assert await store.read("k") is None

    play(make_backend(), scenario)


def test_each_value_has_its_own_time(make_backend: Callable[[], Backend]) -> None:
    """Writing again sets it anew, later or earlier."""

    async def scenario(store: Store, backend: Backend) -> None:
        await store.write("longer", b"v", backend.now() + SOON_S)
        await store.write("longer", b"v", backend.now() + LONG_S)
        await store.write("shorter", b"v", backend.now() + LONG_S)
        assert await store.replace("shorter", b"v", b"w", backend.now() + SOON_S)
        await backend.let_pass(SOON_S + 0.01)

        assert b"v" == await store.read("longer")
        assert await store.read("shorter") is None

    play(make_backend(), scenario)


def test_of_many_who_create_at_once_exactly_one_hears_true(make_backend: Callable[[], Backend]) -> None:
    """From two stores on one backend; and it is that one's value that is there."""

    async def scenario(store: Store, backend: Backend) -> None:
        other = backend.open()
        offers = [(store if number % 2 else other, b"%d" % number) for number in range(50)]
        said = await asyncio.gather(*(each.create("k", value, backend.now() + LONG_S) for each, value in offers))

        assert [True] == [heard for heard in said if heard]
        assert offers[said.index(True)][1] == await other.read("k")

    play(make_backend(), scenario)


def test_of_many_who_replace_at_once_exactly_one_hears_true(make_backend: Callable[[], Backend]) -> None:
    """The others expected what is no longer there."""

    async def scenario(store: Store, backend: Backend) -> None:
        await store.write("k", b"old", backend.now() + LONG_S)
        said = await asyncio.gather(
            *(store.replace("k", b"old", b"new-%d" % number, backend.now() + LONG_S) for number in range(50))
        )
        assert 1 == sum(said)

    play(make_backend(), scenario)


def test_replacing_takes_exactly_what_was_expected(make_backend: Callable[[], Backend]) -> None:
    """Where nothing is, nothing is expected."""

    async def scenario(store: Store, backend: Backend) -> None:
        end = backend.now() + LONG_S
        assert not await store.replace("k", b"", b"new", end)
        await store.write("k", b"old", end)
        assert not await store.replace("k", b"OLD", b"new", end)
        assert not await store.replace("k", b"ol", b"new", end)
        assert b"old" == await store.read("k")
        assert await store.replace("k", b"old", b"new", end)
        assert b"new" == await store.read("k")

    play(make_backend(), scenario)


def test_deleting_says_whether_there_was_one(make_backend: Callable[[], Backend]) -> None:
    """With an expected value, only exactly that one goes."""

    async def scenario(store: Store, backend: Backend) -> None:
        assert not await store.delete("k")
        await store.write("k", b"v", backend.now() + LONG_S)
        assert not await store.delete("k", b"w")
        assert b"v" == await store.read("k")
        assert await store.delete("k", b"v")
        assert not await store.delete("k", b"v")
        await store.write("k", b"v", backend.now() + LONG_S)
        assert await store.delete("k")
        assert await store.read("k") is None

    play(make_backend(), scenario)


@pytest.mark.parametrize("size", [0, 1, 65_536, MAX_VALUE_BYTES])
def test_values_are_bytes_of_any_kind(make_backend: Callable[[], Backend], size: int) -> None:
    """Line feeds, zeros and all, up to 1 MiB."""

    async def scenario(store: Store, backend: Backend) -> None:
        value = (bytes(range(256)) + b"\r\n$5\r\n") * (size // 262 + 1)
        value = value[:size]
        end = backend.now() + LONG_S
        await store.write("k", value, end)
        assert value == await store.read("k")
        assert await store.replace("k", value, value[::-1], end)
        assert await store.delete("k", value[::-1])

    play(make_backend(), scenario)


def test_what_is_larger_is_refused(make_backend: Callable[[], Backend]) -> None:
    """By name, and nothing changes."""

    async def scenario(store: Store, backend: Backend) -> None:
        large, end = b"x" * (MAX_VALUE_BYTES + 1), backend.now() + LONG_S
        await store.write("k", b"v", end)
        assert "store_refused" == await code_of(store.write("k", large, end))
        assert "store_refused" == await code_of(store.create("other", large, end))
        assert "store_refused" == await code_of(store.replace("k", b"v", large, end))
        assert "store_refused" == await code_of(store.write("k", b"w", float("inf")))
        assert b"v" == await store.read("k")

    play(make_backend(), scenario)


@pytest.mark.parametrize("key", ["", "a b", "a\n", "a\0", "é", "x" * 257])
def test_what_is_no_key_is_refused(make_backend: Callable[[], Backend], key: str) -> None:
    """By every operation."""

    async def scenario(store: Store, backend: Backend) -> None:
        end = backend.now() + LONG_S
        for call in (
            store.read(key), store.write(key, b"", end), store.create(key, b"", end), store.delete(key),
            store.replace(key, b"", b"", end), store.append(key, "m", end), store.read_series(key, 0),
        ):  # fmt: skip
            assert "store_refused" == await code_of(call)

    play(make_backend(), scenario)


def test_keys_may_hold_every_printable_character(make_backend: Callable[[], Backend]) -> None:
    """Also those that mean something to a backend, up to 256 of them; and a series never meets a value."""

    async def scenario(store: Store, backend: Backend) -> None:
        end = backend.now() + LONG_S
        keys = ["".join(map(chr, range(0x21, 0x7F))), "x" * 256, "{a}", "a}", "*", "'\"", "%", "a:b"]
        for number, key in enumerate(keys):
            await store.write(key, b"%d" % number, end)
            await store.append(key, f"member {number}", end)
        for number, key in enumerate(keys):
            assert b"%d" % number == await store.read(key)
            assert [f"member {number}"] == [member for member, _ in (await store.read_series(key, 0)).members]

    play(make_backend(), scenario)


def test_a_series_is_read_in_the_order_it_grew(make_backend: Callable[[], Backend]) -> None:
    """From the beginning, or from where the last reading ended."""

    async def scenario(store: Store, backend: Backend) -> None:
        end = backend.now() + LONG_S
        assert () == (await store.read_series("s", 0)).members
        for member in ("b", "a", "ü c"):
            await store.append("s", member, end)
        await store.append("other", "z", end)
        first = await store.read_series("s", 0)
        await store.append("s", "d", end)
        second = await store.read_series("s", first.position)
        third = await store.read_series("s", second.position)

        assert ["b", "a", "ü c"] == [member for member, _ in first.members]
        assert ["d"] == [member for member, _ in second.members]
        assert [end] * 3 == pytest.approx([until for _, until in first.members], abs=0.002)
        assert () == third.members
        assert third.position >= second.position > first.position > 0
        assert [False] * 3 == [part.is_reset for part in (first, second, third)]

    play(make_backend(), scenario)


def test_a_member_that_comes_again_counts_as_new(make_backend: Callable[[], Backend]) -> None:
    """It is there once, with the later of both times."""

    async def scenario(store: Store, backend: Backend) -> None:
        now = backend.now()
        await store.append("s", "m", now + 50)
        await store.append("s", "n", now + 50)
        position = (await store.read_series("s", 0)).position
        await store.append("s", "m", now + 40)
        again = await store.read_series("s", position)
        await store.append("s", "m", now + 60)
        last = await store.read_series("s", 0)

        assert {"m": now + 50} == pytest.approx(dict(again.members), abs=0.002)
        assert {"n": now + 50, "m": now + 60} == pytest.approx(dict(last.members), abs=0.002)
        assert ["n", "m"] == [member for member, _ in last.members]

    play(make_backend(), scenario)


def test_members_that_are_over_are_not_read(make_backend: Callable[[], Backend]) -> None:
    """Also before anybody has swept them out; positions go on."""

    async def scenario(store: Store, backend: Backend) -> None:
        await store.append("s", "short", backend.now() + LATER_S)
        await store.append("s", "long", backend.now() + LONG_S)
        before = await store.read_series("s", 0)
        await backend.let_pass(LATER_S + 0.01)
        after = await store.read_series("s", 0)
        await store.append("s", "next", backend.now() + LONG_S)

        assert ["short", "long"] == [member for member, _ in before.members]
        assert ["long"] == [member for member, _ in after.members]
        assert ["next"] == [member for member, _ in (await store.read_series("s", after.position)).members]

    play(make_backend(), scenario)


def test_a_position_that_the_store_never_gave_is_a_reset(make_backend: Callable[[], Backend]) -> None:
    """It has lost what it knew: everything it has is told, from the beginning."""

    async def scenario(store: Store, backend: Backend) -> None:
        empty = await store.read_series("s", 1 << 62)
        await store.append("s", "m", backend.now() + LONG_S)
        part = await store.read_series("s", 1 << 62)
        following = await store.read_series("s", part.position)

        assert (True, True, False) == (empty.is_reset, part.is_reset, following.is_reset)
        assert ["m"] == [member for member, _ in part.members]
        assert () == following.members

    play(make_backend(), scenario)


@pytest.mark.parametrize("member", ["", "x" * 1025, "\ud800"])
def test_what_is_no_member_is_refused(make_backend: Callable[[], Backend], member: str) -> None:
    """Before anything changes."""

    async def scenario(store: Store, backend: Backend) -> None:
        assert "store_refused" == await code_of(store.append("s", member, backend.now() + LONG_S))
        assert () == (await store.read_series("s", 0)).members

    play(make_backend(), scenario)


def test_two_stores_on_one_backend_see_each_other(make_backend: Callable[[], Backend]) -> None:
    """At once: what one has written, the other reads."""

    async def scenario(store: Store, backend: Backend) -> None:
        other, end = backend.open(), backend.now() + LONG_S
        for number in range(20):
            writer, reader = (store, other) if number % 2 else (other, store)
            await writer.write("k", b"%d" % number, end)
            assert b"%d" % number == await reader.read("k")
            await writer.append("s", str(number), end)
        assert [str(number) for number in range(20)] == [
            member for member, _ in (await other.read_series("s", 0)).members
        ]

    play(make_backend(), scenario)


def test_a_call_that_was_cancelled_disturbs_no_other(make_backend: Callable[[], Backend]) -> None:
    """200 readers, every other one cancelled as soon as it has begun: each of the rest reads its own value."""

    async def scenario(store: Store, backend: Backend) -> None:
        keys = [f"key-{number}" for number in range(200)]
        await asyncio.gather(*(store.write(key, key.encode() * 9, backend.now() + LONG_S) for key in keys))
        for _ in range(3):
            readers = [asyncio.create_task(store.read(key)) for key in keys]
            await asyncio.sleep(0)
            for reader in readers[::2]:
                reader.cancel()
            found = await asyncio.gather(*readers, return_exceptions=True)
            assert [key.encode() * 9 for key in keys[1::2]] == found[1::2]

    play(make_backend(), scenario)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["read", "write", "create", "replace", "delete", "delete_expected"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from([b"", b"1", b"2"]),
        st.sampled_from([b"", b"1", b"2"]),
    ),
    max_size=25,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=_STEPS)
def test_every_store_does_what_a_dictionary_would(
    make_backend: Callable[[], Backend], steps: list[tuple[str, str, bytes, bytes]]
) -> None:
    """Whatever is done in whatever order."""

    async def scenario(store: Store, backend: Backend) -> None:
        model: dict[str, bytes] = {}
        end = backend.now() + LONG_S
        for step, key, value, expected in steps:
            known = model.get(key)
            match step:
                case "read":
                    assert known == await store.read(key)
                case "write":
                    await store.write(key, value, end)
                    model[key] = value
                case "create":
                    assert (known is None) == await store.create(key, value, end)
                    model.setdefault(key, value)
                case "replace":
                    assert (known == expected) == await store.replace(key, expected, value, end)
                    model |= {key: value} if known == expected else {}
                case _:
                    wanted = expected if step == "delete_expected" else None
                    goes = known is not None and wanted in (None, known)
                    assert goes == await store.delete(key, wanted)
                    model = {name: kept for name, kept in model.items() if name != key or not goes}
        assert model == {key: found for key in ("a", "b") if (found := await store.read(key)) is not None}

    play(make_backend(), scenario)
