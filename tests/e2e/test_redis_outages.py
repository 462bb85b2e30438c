"""Everything that can happen to a Redis server, with a real one.

Calls fail within a second, and work within a second of its return; no reply ever reaches another call.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ostiary.adapters import redis_pool
from ostiary.adapters.redis_store import RedisStore
from ostiary.errors import StoreFault
from tests.contract.backends import RedisBackend
from tests.e2e.counterparts.redis_server import RedisServer
from tests.e2e.counterparts.session_scene import wait_until
from tests.e2e.counterparts.stalls import Stalls
from tests.fakes.certificates import make_authority

WITHIN_S = 1.0
NOISE_S = 0.5  # for a machine that others use too, besides its stalls
LONG_S = 60.0
PATIENT = dict.fromkeys(("connect_timeout_s", "send_timeout_s", "read_timeout_s"), 30.0)
Scenario = Callable[[RedisStore, RedisBackend], Awaitable[None]]


def play(server: RedisServer, scenario: Scenario, **settings: Any) -> None:
    """Run a scenario on the loop that the gateway uses."""

    async def run() -> None:
        backend = RedisBackend(server, **settings)
        try:
            await scenario(backend.open(), backend)
        finally:
            await backend.close()

    uvloop.run(run())


async def fail(call: Awaitable[Any]) -> StoreFault:
    """Fail, and return the fault."""
    with pytest.raises(StoreFault) as caught:
        await asyncio.wait_for(call, LONG_S)
    return caught.value


async def works_again(store: RedisStore) -> float:
    """Return after how long it answers again."""
    began = time.monotonic()
    with Stalls() as stalls:
        while stalls.since(began) < 10:
            try:
                await store.read("k")
            except StoreFault:
                await asyncio.sleep(0.02)
            else:
                break
        return stalls.since(began)


def test_one_that_is_down_at_start_is_used_when_it_comes(tmp_path: Path) -> None:
    """Nothing has to be started again."""
    with RedisServer(tmp_path) as server:
        server.kill()

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            fault = await fail(store.read("k"))
            assert ("store_unavailable", True) == (fault.code, "connection is refused" in fault.detail)
            assert f"127.0.0.1:{server.port}" in fault.detail
            server.start()
            assert await works_again(store) < WITHIN_S + NOISE_S

        play(server, scenario)


def test_one_that_is_killed_in_traffic_and_comes_back_empty_says_so(tmp_path: Path) -> None:
    """Calls under way fail, later ones fail at once; series are reset, also when they have grown again since."""
    with RedisServer(tmp_path) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            end = backend.now() + LONG_S
            await store.write("k", b"v", end)
            await store.append("s", "old", end)
            position = (await store.read_series("s", 0)).position
            traffic = [asyncio.create_task(store.write("k", b"v", end)) for _ in range(100)]
            await asyncio.sleep(0)
            server.kill()
            began = time.monotonic()
            with Stalls() as stalls:
                ended = await asyncio.gather(*traffic, return_exceptions=True)
                assert stalls.since(began) < WITHIN_S + NOISE_S
            assert {"store_unavailable"} >= {error.code for error in ended if isinstance(error, StoreFault)}
            assert "store_unavailable" == (await fail(store.read("k"))).code
            server.start()
            assert await works_again(store) < WITHIN_S + NOISE_S

            assert await store.read("k") is None
            assert (await store.read_series("s", position)).is_reset
            for number in range(10):
                await store.append("s", f"new {number}", end)
            part = await store.read_series("s", position)
            assert (True, 10) == (part.is_reset, len(part.members))

        play(server, scenario)


def test_one_that_is_frozen_is_given_up_within_a_second(tmp_path: Path) -> None:
    """With connections that stood, and with 200 calls at once; when it goes on, nobody gets a stale reply."""
    with RedisServer(tmp_path) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            end = backend.now() + LONG_S
            keys = [f"key-{number}" for number in range(200)]
            await asyncio.gather(*(store.write(key, key.encode(), end) for key in keys))
            server.freeze()
            began = time.monotonic()
            with Stalls() as stalls:
                faults = await asyncio.gather(*(fail(store.read(key)) for key in keys))
                assert stalls.since(began) < WITHIN_S + NOISE_S
            assert {"store_unavailable"} == {fault.code for fault in faults}
            assert any("did not answer within 0.9 s" in fault.detail for fault in faults)
            server.thaw()
            assert await works_again(store) < WITHIN_S + NOISE_S
            assert [key.encode() for key in keys] == await asyncio.gather(*(store.read(key) for key in keys))

        play(server, scenario)


def test_a_cancel_storm_mixes_no_replies_up(tmp_path: Path) -> None:
    """While the server holds answers back, callers leave at random; the rest get their own (CVE-2023-28859)."""
    with RedisServer(tmp_path) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            end = backend.now() + LONG_S
            keys = [f"key-{number}" for number in range(100)]
            await asyncio.gather(*(store.write(key, key.encode(), end) for key in keys))
            for round_ in range(10):
                server.run("CLIENT", "PAUSE", 30, "ALL")
                tasks = [asyncio.create_task(store.read(key)) for key in keys]
                await asyncio.sleep(0.001 * round_)
                left = [number for number in range(100) if (number * 7 + round_) % 3]
                for number in left:
                    tasks[number].cancel()
                found = await asyncio.gather(*tasks, return_exceptions=True)
                stayed = [number for number in range(100) if number not in left]
                assert [keys[number].encode() for number in stayed] == [found[number] for number in stayed]
                assert b"key-7" == await store.read("key-7")

        play(server, scenario, **PATIENT)


def test_connections_that_the_server_closed_are_noticed(tmp_path: Path) -> None:
    """All of them, at the first one: no call fails for it."""
    with RedisServer(tmp_path) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            await store.write("k", b"v", backend.now() + LONG_S)
            await asyncio.gather(*(store.read("k") for _ in range(8)))
            server.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            wait_until(lambda: server.run("CLIENT", "LIST", "TYPE", "normal").count(b"\n") == 1)  # the one that asks
            await asyncio.sleep(0.02)  # a turn in which the loop hears of it
            assert [b"v"] * 8 == [await store.read("k") for _ in range(8)]

        play(server, scenario)


def test_scripts_that_the_server_forgot_are_told_again(tmp_path: Path) -> None:
    """SCRIPT FLUSH, or a restart."""
    with RedisServer(tmp_path) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            end = backend.now() + LONG_S
            for _ in range(2):
                await store.write("k", b"v", end)
                assert await store.replace("k", b"v", b"w", end)
                assert await store.delete("k", b"w")
                server.run("SCRIPT", "FLUSH")

        play(server, scenario)


@pytest.mark.parametrize("password", ["wrong-sesame", None])
def test_a_wrong_password_is_named_and_never_told(tmp_path: Path, password: str | None) -> None:
    """Nor is a missing one."""
    with RedisServer(tmp_path, password="right-sesame") as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            fault = await fail(store.read("k"))
            assert ("store_refused", True) == (fault.code, "password" in fault.detail)
            assert "sesame" not in str(fault)

        play(server, scenario, password=password)


def test_the_right_password_user_and_database_are_used(tmp_path: Path) -> None:
    """What is written there is found there."""
    with RedisServer(tmp_path, password="right-sesame") as server:
        server.run("ACL", "SETUSER", "ostiary", "on", ">sesame", "~app:*", "+@all", "-@dangerous")

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            await store.write("k", b"v", backend.now() + LONG_S)
            assert b"v" == await store.read("k")
            await store.append("s", "m", backend.now() + LONG_S)

        play(server, scenario, username="ostiary", password="sesame", database=3, prefix="app")
        assert 3 == server.run("INFO", "keyspace")["db3"]["keys"]

        async def trespass(store: RedisStore, backend: RedisBackend) -> None:
            fault = await fail(store.read("k"))
            assert ("store_refused", True) == (fault.code, "answered NOPERM" in fault.detail)

        play(server, trespass, username="ostiary", password="sesame", prefix="elsewhere")


def test_full_memory_refuses_writes_and_not_reads(tmp_path: Path) -> None:
    """OOM, under `noeviction`."""
    with RedisServer(tmp_path) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            end = backend.now() + LONG_S
            await store.write("k", b"v", end)
            server.run("CONFIG", "SET", "maxmemory", "1")
            calls = (store.write("k", b"w", end), store.append("s", "m", end), store.replace("k", b"v", b"w", end))
            faults = await asyncio.gather(*map(fail, calls))
            assert [("store_refused", True)] * 3 == [(each.code, "answered OOM" in each.detail) for each in faults]
            assert b"v" == await store.read("k")

        play(server, scenario)


def test_a_replica_refuses_writes(tmp_path: Path) -> None:
    """READONLY, as after a fail-over."""
    with RedisServer(tmp_path) as server:
        server.run("REPLICAOF", "127.0.0.1", 1)

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            fault = await fail(store.write("k", b"w", backend.now() + LONG_S))
            assert ("store_refused", True) == (fault.code, "answered READONLY" in fault.detail)
            server.run("REPLICAOF", "NO", "ONE")
            await store.write("k", b"w", backend.now() + LONG_S)

        play(server, scenario)


def test_something_else_under_a_key_is_refused(tmp_path: Path) -> None:
    """WRONGTYPE: another program uses the same prefix."""
    with RedisServer(tmp_path) as server:
        server.run("RPUSH", "sessions:k", "x")
        server.run("SET", "sessions:{s} by position", "x")

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            end = backend.now() + LONG_S
            calls = (store.read("k"), store.replace("k", b"", b"", end), store.append("s", "m", end))
            faults = await asyncio.gather(*map(fail, (*calls, store.read_series("s", 0))))
            assert [("store_refused", True)] * 4 == [
                (each.code, "answered WRONGTYPE" in each.detail) for each in faults
            ]

        play(server, scenario)


def test_what_is_over_leaves_a_series_with_the_next_member(tmp_path: Path) -> None:
    """500 at a time, from both sets."""
    with RedisServer(tmp_path) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            soon = backend.now() + 2.0  # all of them are there before the first is over
            await asyncio.gather(*(store.append("s", str(number), soon) for number in range(700)))
            await backend.let_pass(soon - backend.now() + 0.01)
            for left in (202, 3):  # live ones, those that are over, and the series' own
                await store.append("s", f"live {left}", backend.now() + LONG_S)
                sizes = [server.run("ZCARD", f"sessions:{{s}} by {kept}") for kept in ("position", "expiry")]
                assert [left, left] == sizes

        play(server, scenario, **PATIENT)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"server_name": "cache.example"}, ""),
        ({"server_name": "other.example"}, "certificate is not accepted"),
        ({}, "certificate is not accepted"),
        ({"tls_verify": False}, ""),
        ({"tls": False}, "store_unavailable"),
    ],
)
def test_tls_asks_for_the_name_and_believes_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], expected: str
) -> None:
    """The certificate is for `server_name`; what does not verify is not spoken with, unless `false` was typed."""
    authority = make_authority()
    authority.make_server_context(tmp_path, "cache.example")
    (tmp_path / "authority.pem").write_text(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    pair = str(tmp_path / "server-cache.example.pem")
    options = ("--tls-cert-file", pair, "--tls-key-file", pair, "--tls-auth-clients", "no")
    with RedisServer(tmp_path, *options, tls=True) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            if not expected:
                await store.write("k", b"v" * 500_000, backend.now() + LONG_S)
                assert b"v" * 500_000 == await store.read("k")
                return
            assert expected in str(await fail(store.read("k")))

        play(server, scenario, **{"tls": True, **settings})


def test_a_write_that_no_replica_takes_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name of the setting; what is only read is read."""
    monkeypatch.setattr(redis_pool, "WAIT_MARGIN_S", 2.0)  # so that Redis answers first, on a machine that stalls too
    with RedisServer(tmp_path) as server:

        async def scenario(store: RedisStore, backend: RedisBackend) -> None:
            fault = await fail(store.write("k", b"v", backend.now() + LONG_S))
            assert fault.code == "store_unavailable"
            assert "fewer than 1 replicas took a write in time (wait_replicas)" in fault.detail
            assert await store.read("k") == b"v"

        limits = dict.fromkeys(PATIENT, 3.0)
        play(server, scenario, wait_replicas=1, **limits)
