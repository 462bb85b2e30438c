"""The writer's thread: a bounded queue, one transaction for what waits, and tidying when nothing does."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from ostiary.adapters import sqlite_file, sqlite_writer
from ostiary.adapters.sqlite_writer import MAX_SWEPT, SqliteWriter
from ostiary.errors import StoreFault
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog
from tests.fakes.until import until

PUT = 'INSERT OR REPLACE INTO "values" VALUES (?, ?, ?)'
Scenario = Callable[[SqliteWriter, FakeClock], Awaitable[None]]


def play(folder: Path, scenario: Scenario) -> None:
    """Run a scenario with a writer on a new file."""

    async def run() -> None:
        clock = FakeClock()
        writer = SqliteWriter(folder / "store.db", clock, FakeLog(), disposable=True)
        try:
            await scenario(writer, clock)
        finally:
            await writer.close()

    uvloop.run(run())


def read(folder: Path, statement: str) -> list[tuple[object, ...]]:
    """Look into the file from outside."""
    connection = sqlite3.connect(folder / "store.db")
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


class Gate:
    """Work that holds the thread until the test lets it go."""

    def __init__(self) -> None:
        """Be shut."""
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, file: sqlite3.Connection) -> None:
        """Wait in the thread."""
        self.reached.set()
        assert self.opened.wait(10)


async def hold(writer: SqliteWriter) -> tuple[Gate, asyncio.Task[None]]:
    """Return when the thread is held."""
    gate = Gate()
    task = asyncio.create_task(writer.run(gate))
    await until(gate.reached.is_set)
    return gate, task


def test_nothing_starts_before_the_first_work(tmp_path: Path) -> None:
    """No thread, no file."""

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        assert "sqlite-writer" not in {thread.name for thread in threading.enumerate()}

    play(tmp_path, scenario)
    assert [] == list(tmp_path.iterdir())


def test_what_waits_is_one_transaction(tmp_path: Path) -> None:
    """Each caller hears the result of its own work."""

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        gate, held = await hold(writer)
        changes: list[int] = []

        def put(number: int) -> Callable[[sqlite3.Connection], int]:
            def work(file: sqlite3.Connection) -> int:
                assert file.in_transaction
                file.execute(PUT, (str(number), b"", clock.now() + 60))
                changes.append(file.total_changes)
                return number

            return work

        calls = asyncio.gather(*(writer.run(put(number)) for number in range(100)))
        await asyncio.sleep(0)
        gate.opened.set()
        await held
        assert list(range(100)) == await calls
        assert list(range(changes[0], changes[0] + 100)) == changes

    play(tmp_path, scenario)
    assert [(100,)] == read(tmp_path, 'SELECT count(*) FROM "values"')


def test_a_full_queue_refuses_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every buffer has a number (DESIGN.md §9.10)."""
    monkeypatch.setattr(sqlite_writer, "MAX_WAITING", 5)

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        gate, held = await hold(writer)
        waiting = [asyncio.create_task(writer.run(lambda _: 1)) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(StoreFault) as caught:
            await writer.run(lambda _: 1)
        gate.opened.set()
        await held

        assert ("store_unavailable", True) == (caught.value.code, "5 writes are waiting" in caught.value.detail)
        assert [1] * 5 == await asyncio.gather(*waiting)

    play(tmp_path, scenario)


def test_a_disk_that_is_too_slow_fails_the_caller_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And work whose caller has left is not done."""
    monkeypatch.setattr(sqlite_writer, "LIMIT_S", 0.05)
    done = []

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        gate, held = await hold(writer)
        with pytest.raises(StoreFault) as caught:
            await writer.run(lambda _: done.append("late"))
        monkeypatch.setattr(sqlite_writer, "LIMIT_S", 9.0)
        gate.opened.set()
        await asyncio.gather(held, return_exceptions=True)
        await writer.run(lambda _: done.append("next"))

        assert "was not written within 0.05 s" in caught.value.detail
        assert ["next"] == done

    play(tmp_path, scenario)


def test_a_caller_that_left_while_the_file_was_locked_takes_its_work_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process holds the lock: whoever was told that nothing was written must not find it written later."""
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_S", 9.0)
    done = []

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        await writer.run(lambda _: None)
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(sqlite_writer, "LIMIT_S", 0.05)
        with pytest.raises(StoreFault):
            await writer.run(lambda _: done.append("late"))
        monkeypatch.setattr(sqlite_writer, "LIMIT_S", 9.0)
        waiting = asyncio.create_task(writer.run(lambda _: done.append("next")))
        await asyncio.sleep(0)
        other.execute("ROLLBACK")
        other.close()
        await waiting

        assert ["next"] == done

    play(tmp_path, scenario)


def test_a_caller_that_leaves_takes_its_work_along(tmp_path: Path) -> None:
    """What has not begun is not done; nobody else is disturbed."""

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        gate, held = await hold(writer)
        done: list[int] = []

        def note(number: int) -> Callable[[sqlite3.Connection], None]:
            return lambda _: done.append(number)

        calls = [asyncio.create_task(writer.run(note(number))) for number in range(10)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.sleep(0)
        gate.opened.set()
        await held
        await asyncio.gather(*calls, return_exceptions=True)

        assert [1, 3, 5, 7, 9] == done

    play(tmp_path, scenario)


def test_work_that_fails_changes_nothing_and_the_thread_goes_on(tmp_path: Path) -> None:
    """Whatever failed."""

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        def fail(file: sqlite3.Connection) -> None:
            file.execute(PUT, ("k", b"", clock.now() + 60))
            raise RuntimeError("a mistake")

        with pytest.raises(StoreFault) as caught:
            await writer.run(fail)
        assert "a mistake" not in str(caught.value)
        assert [] == await writer.run(lambda file: file.execute('SELECT * FROM "values"').fetchall())

    play(tmp_path, scenario)


def test_what_is_over_is_swept_out_when_nothing_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, some at a time; and the log is checkpointed into the file."""
    monkeypatch.setattr(sqlite_writer, "IDLE_S", 0.02)

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        count = 2 * MAX_SWEPT + 1
        ends_at = clock.now() + 10

        def fill(file: sqlite3.Connection) -> None:
            file.executemany(PUT, ((f"k{number}", b"v" * 100, ends_at) for number in range(count)))
            file.execute(PUT, ("live", b"", ends_at + 60))
            file.execute("INSERT INTO members (series, member, expires_at) VALUES ('s', 'm', ?)", (ends_at,))

        await writer.run(fill)
        clock.advance(11)
        await until(lambda: [("live",)] == read(tmp_path, 'SELECT key FROM "values"'))
        await until(lambda: (tmp_path / "store.db").stat().st_size > 100 * count)
        await until(lambda: [] == read(tmp_path, "SELECT * FROM members"))
        assert [("live",)] == read(tmp_path, 'SELECT key FROM "values"')

    play(tmp_path, scenario)


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    """And then nothing more."""

    async def scenario(writer: SqliteWriter, clock: FakeClock) -> None:
        gate, held = await hold(writer)
        call = asyncio.create_task(writer.run(lambda file: file.execute(PUT, ("k", b"", clock.now() + 60)).rowcount))
        await asyncio.sleep(0)
        closing = asyncio.create_task(writer.close())
        await asyncio.sleep(0)
        gate.opened.set()
        await asyncio.gather(held, closing)

        assert 1 == await call
        with pytest.raises(StoreFault):
            await writer.run(lambda _: None)

    play(tmp_path, scenario)
    assert [("k",)] == read(tmp_path, 'SELECT key FROM "values"')
