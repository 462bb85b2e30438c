"""The store in a file: what happens to it when the file is locked, damaged, replaced, or somebody else's.

What every store promises is tried in tests/contract.
"""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ostiary.adapters import sqlite_writer
from ostiary.adapters.sqlite_store import READ_BUSY_S, SqliteStore
from ostiary.errors import Fault, OperatorFault
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog

LONG_S = 60.0
NOW = 1_800_000_000.0
END = NOW + LONG_S
Scenario = Callable[[SqliteStore], Awaitable[None]]


class Scene:
    """A file, a clock and a log, for stores that are opened on them."""

    def __init__(self, folder: Path) -> None:
        """Open nothing yet."""
        self.path = folder / "store.db"
        self.clock = FakeClock(NOW)
        self.log = FakeLog()

    def make(self, *, disposable: bool = False) -> SqliteStore:
        """Make a store."""
        return SqliteStore(self.path, self.clock, self.log, disposable=disposable)

    def play(self, scenario: Scenario, *, disposable: bool = False) -> None:
        """Run a scenario with a store."""

        async def run() -> None:
            store = self.make(disposable=disposable)
            try:
                await scenario(store)
            finally:
                await store.close()

        uvloop.run(run())


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A file that is not there yet; the writer is waited for as long as a machine that stalls needs."""
    monkeypatch.setattr(sqlite_writer, "LIMIT_S", 9.0)
    return Scene(tmp_path)


async def fail(call: Awaitable[Any]) -> Fault:
    """Fail, and return the fault: within a second, and what a machine that stalls makes of it."""
    with pytest.raises(Fault) as caught:
        await asyncio.wait_for(call, 10.0)
    return caught.value


async def works_again(store: SqliteStore, key: str = "k", expected: bytes | None = None) -> None:
    """Return when it answers so."""
    for _ in range(1000):
        with suppress(Fault):
            if expected == await store.read(key):
                return
        await asyncio.sleep(0.01)
    raise AssertionError("it never answered again")


def test_building_does_no_io(scene: Scene) -> None:
    """The file is made with the first use, for its owner alone, companions included."""
    before = os.umask(0)

    async def scenario(store: SqliteStore) -> None:
        assert [] == list(scene.path.parent.iterdir())
        await store.write("k", b"v", END)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in scene.path.parent.iterdir()}
        assert {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600} == modes

    try:
        scene.play(scenario)
    finally:
        os.umask(before)


def test_it_is_there_after_a_restart(scene: Scene) -> None:
    """Values and series, positions included."""
    positions = []

    async def first(store: SqliteStore) -> None:
        await store.write("k", b"v", END)
        await store.append("s", "m", END)
        positions.append((await store.read_series("s", 0)).position)

    async def second(store: SqliteStore) -> None:
        assert b"v" == await store.read("k")
        part = await store.read_series("s", positions[0])
        assert ((), False) == (part.members, part.is_reset)
        await store.append("s", "n", END)
        assert ["n"] == [member for member, _ in (await store.read_series("s", positions[0])).members]

    scene.play(first)
    scene.play(second)


def test_another_process_sees_it_and_is_seen(scene: Scene) -> None:
    """Of those who create at the same time in two processes, exactly one hears True for each key."""
    program = f"""
import asyncio, sys
from contextlib import suppress
from pathlib import Path
from ostiary.adapters.sqlite_store import SqliteStore
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog
async def main():
    store = SqliteStore(Path({str(scene.path)!r}), FakeClock({NOW}), FakeLog(), disposable=False)
    print("ready", flush=True)
    sys.stdin.readline()
    said = await asyncio.gather(*(store.create(f"k{{n}}", b"theirs", {END}) for n in range(200)))
    await store.append("s", "theirs", {END})
    print(sum(said), flush=True)
    await store.close()
asyncio.run(main())
"""

    async def scenario(store: SqliteStore) -> None:
        with subprocess.Popen(  # noqa: ASYNC220 - a child of the test, started before anything is served
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert "ready\n" == other.stdout.readline()
            other.stdin.write("go\n")
            other.stdin.flush()
            said = await asyncio.gather(*(store.create(f"k{number}", b"ours", END) for number in range(200)))
            theirs = int(await asyncio.get_running_loop().run_in_executor(None, other.stdout.readline))
        assert 200 == sum(said) + theirs
        assert {True: b"ours", False: b"theirs"} == {
            heard: await store.read(f"k{number}") for number, heard in enumerate(said)
        } or len(set(said)) == 1
        assert ["theirs"] == [member for member, _ in (await store.read_series("s", 0)).members]

    scene.play(scenario)


def test_a_writer_that_is_stuck_elsewhere_fails_writes_in_time_and_no_read(scene: Scene) -> None:
    """Also in a process that has only just begun; when it lets go, writes go on."""

    async def scenario(store: SqliteStore) -> None:
        await store.write("k", b"v", END)
        stuck = sqlite3.connect(scene.path, isolation_level=None)
        stuck.execute("BEGIN IMMEDIATE")
        calls = [
            fail(store.write("k", b"w", END)),
            fail(store.create("k", b"w", END)),
            fail(store.append("s", "m", END)),
        ]
        pending = asyncio.gather(*calls)
        took = []
        for _ in range(20):
            began = time.perf_counter()
            assert b"v" == await store.read("k")
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.005)
        assert (
            min(took) < READ_BUSY_S
        )  # if reads waited for the writer, each of them would; one that stalled says nothing
        newcomer = scene.make()
        assert b"v" == await newcomer.read("k")
        assert ["store_unavailable"] * 3 == [fault.code for fault in await pending]
        stuck.execute("ROLLBACK")
        stuck.close()
        await store.write("k", b"w", END)
        assert b"w" == await newcomer.read("k")
        await newcomer.close()

    scene.play(scenario)


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_disposable_file_is_set_aside_with_a_loud_line(scene: Scene, content: bytes) -> None:
    """What it was is kept beside it; the call that met it works."""
    scene.path.write_bytes(content)

    async def scenario(store: SqliteStore) -> None:
        assert await store.read("k") is None
        await store.write("k", b"v", END)
        assert b"v" == await store.read("k")

    scene.play(scenario, disposable=True)
    assert content == scene.path.with_name("store.db.damaged-1").read_bytes()
    assert [("error", "store_file_set_aside")] == [(event.severity, event.code) for event in scene.log.events]


def test_a_damaged_file_that_is_not_disposable_is_the_operators(scene: Scene) -> None:
    """Nothing is renamed; the text says what to do, and doing it helps without a restart."""
    scene.path.write_bytes(b"this is no database at all" * 100)

    async def scenario(store: SqliteStore) -> None:
        for call in (store.read("k"), store.write("k", b"v", END)):
            fault = await fail(call)
            assert isinstance(fault, OperatorFault)
            assert ("store_file_damaged", True) == (fault.code, "move it away" in fault.detail)
        scene.path.rename(scene.path.with_name("old"))
        await store.write("k", b"v", END)
        assert b"v" == await store.read("k")

    scene.play(scenario)
    assert ["old", "store.db"] == sorted(path.name for path in scene.path.parent.iterdir())


def damage_pages(path: Path) -> None:
    """Write noise over everything but the first page, as a broken disk might."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def test_damage_that_is_met_while_serving_is_set_aside_too(scene: Scene) -> None:
    """Within a second, by the writer; a series is reset, whatever its position was."""

    async def scenario(store: SqliteStore) -> None:
        await asyncio.gather(*(store.write(f"k{number}", b"v" * 3000, END) for number in range(50)))
        await store.append("s", "m", END)
        position = (await store.read_series("s", 0)).position
        checkpoint = sqlite3.connect(scene.path)
        checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        checkpoint.close()
        damage_pages(scene.path)
        stranger = scene.make(disposable=True)
        await works_again(stranger, "k7")
        assert await stranger.read("k7") is None
        await stranger.write("k7", b"new", END)
        await works_again(store, "k7", b"new")
        assert (await store.read_series("s", position)).is_reset
        await stranger.close()

    scene.play(scenario, disposable=True)
    assert ["store.db.damaged-1"] == [path.name for path in scene.path.parent.glob("*.damaged-?")]


def test_a_file_that_was_replaced_is_noticed(scene: Scene) -> None:
    """Somebody deletes it: the next write makes another, readers follow, and positions of the old one are resets."""

    async def scenario(store: SqliteStore) -> None:
        await store.write("k", b"v", END)
        await store.append("s", "old", END)
        position = (await store.read_series("s", 0)).position
        for path in list(scene.path.parent.iterdir()):
            path.unlink()
        await store.write("other", b"v", END)
        await store.append("s", "new", END)
        part = await store.read_series("s", position)

        assert await store.read("k") is None
        assert (True, ["new"]) == (part.is_reset, [member for member, _ in part.members])

    scene.play(scenario)
    assert "store_file_replaced" in scene.log.codes


@pytest.mark.parametrize("disposable", [True, False])
def test_another_programs_database_is_left_alone(scene: Scene, disposable: bool) -> None:
    """Neither used nor renamed."""
    theirs = sqlite3.connect(scene.path)
    theirs.execute("CREATE TABLE customers (name)")
    theirs.commit()
    theirs.close()
    before = scene.path.read_bytes()

    async def scenario(store: SqliteStore) -> None:
        assert "store_file_foreign" == (await fail(store.read("k"))).code
        assert "store_file_foreign" == (await fail(store.write("k", b"v", END))).code

    scene.play(scenario, disposable=disposable)
    assert before == scene.path.read_bytes()
    assert ["store.db"] == [path.name for path in scene.path.parent.iterdir()]


def test_a_folder_that_takes_no_file_is_named(scene: Scene) -> None:
    """With the system's reason; when it is there, the store works without a restart."""
    folder = scene.path.parent / "missing"
    scene.path = folder / "store.db"

    async def scenario(store: SqliteStore) -> None:
        for call in (store.read("k"), store.write("k", b"v", END)):
            fault = await fail(call)
            expected = f"{scene.path} cannot be opened: No such file or directory"
            assert ("store_unavailable", expected) == (fault.code, fault.detail)
        folder.mkdir()
        await works_again(store)

    scene.play(scenario)


def test_a_file_that_cannot_be_written_is_named(scene: Scene) -> None:
    """Here it is a directory."""
    scene.path.mkdir()

    async def scenario(store: SqliteStore) -> None:
        fault = await fail(store.write("k", b"v", END))
        assert ("store_unavailable", True) == (fault.code, str(scene.path) in fault.detail)

    scene.play(scenario, disposable=True)


def test_a_closed_store_says_so(scene: Scene) -> None:
    """Also one that was never opened."""

    async def scenario(store: SqliteStore) -> None:
        await store.close()
        for call in (store.read("k"), store.write("k", b"v", END)):
            assert "the store is closed" in (await fail(call)).detail

    scene.play(scenario)
