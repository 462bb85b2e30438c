"""The one thread that writes to the file of a SQLite store, so that the event loop never waits for a disk.

Writes wait in a queue of `MAX_WAITING`; what is there at once is one transaction. A caller awaits at most `LIMIT_S`.
The thread also sweeps out what is over (`MAX_SWEPT` at a time), checkpoints the write-ahead log when it is idle or has
grown, and notices that the file was damaged or replaced. A control process would do that for all workers; none exists
yet, so each process does it for itself, which costs some disk and harms nothing.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, final

from ostiary.adapters.sqlite_file import explain_failure, find_inode, is_damage, open_file, set_aside
from ostiary.errors import Fault, StoreFault
from ostiary.ports import Clock, Log

MAX_WAITING = 4096
MAX_BATCH = 256
MAX_SWEPT = 500
LIMIT_S = 0.9
IDLE_S = 1.0
CHECKPOINT_WRITES = 2000

R = TypeVar("R")
_OVER = """SELECT EXISTS (SELECT 1 FROM "values" WHERE expires_at <= :now)
OR EXISTS (SELECT 1 FROM members WHERE expires_at <= :now)"""
_SWEEPS = (
    'DELETE FROM "values" WHERE key IN (SELECT key FROM "values" WHERE expires_at <= :now LIMIT :most)',
    "DELETE FROM members WHERE position IN (SELECT position FROM members WHERE expires_at <= :now LIMIT :most)",
)


class _Job(NamedTuple):
    work: Callable[[sqlite3.Connection], object]
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


@final
class SqliteWriter:
    """Runs work on the file in a thread. `generation` changes when another file has taken the place of the first."""

    def __init__(self, path: Path, clock: Clock, log: Log, *, disposable: bool) -> None:
        """Start nothing yet: the thread starts with the first work."""
        self.path = path
        self.generation = 0
        self._clock = clock
        self._log = log
        self._disposable = disposable
        self._jobs: queue.Queue[_Job | None] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._writes = 0
        self._is_suspect = False
        self._is_closed = False

    def start(self) -> None:
        """Start the thread. Raises StoreFault when the store is closed."""
        if self._is_closed:
            raise StoreFault("store_unavailable", f"{self.path}: the store is closed")
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="sqlite-writer", daemon=True)
            self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Do the work in a transaction of the thread, and return its result.

        Raises StoreFault, or OperatorFault for a file that nobody but the operator may repair.
        """
        self.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()
        try:
            self._jobs.put_nowait(_Job(work, done, loop))
        except queue.Full:
            raise StoreFault("store_unavailable", f"{self.path}: {MAX_WAITING} writes are waiting already") from None
        try:
            async with asyncio.timeout(LIMIT_S):
                return await done
        except TimeoutError:
            raise StoreFault("store_unavailable", f"{self.path} was not written within {LIMIT_S} s") from None

    async def close(self) -> None:
        """Write what waits, and end the thread."""
        self._is_closed = True
        if self._thread is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self._jobs.put, None)
            await loop.run_in_executor(None, self._thread.join, 5.0)

    def suspect(self) -> None:
        """Take note that a reader met damage: the thread looks for itself, within `IDLE_S`."""
        self._is_suspect = True

    def _serve(self) -> None:
        is_last = False
        while not is_last:
            batch, is_last = self._collect()
            if self._is_suspect:
                self._is_suspect = False
                self._examine()
            if batch:
                self._write(batch)
            elif not is_last:
                self._tidy()
        self._drop_connection()

    def _collect(self) -> tuple[list[_Job], bool]:
        """Wait for work, then take what else is there; say whether it was the last."""
        batch: list[_Job] = []
        try:
            job = self._jobs.get(timeout=IDLE_S)
            while job is not None:
                batch.append(job)
                if len(batch) >= MAX_BATCH:
                    return batch, False
                job = self._jobs.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _write(self, batch: list[_Job]) -> None:
        """Do a batch in one transaction; on damage once more, in a new file if the old one may be thrown away."""
        batch = [job for job in batch if not job.done.cancelled()]
        try:
            try:
                outcomes = self._transact(batch)
            except sqlite3.DatabaseError as error:
                if not is_damage(error) or not self._replace_file():
                    raise
                outcomes = self._transact(batch)
        except Exception as error:  # noqa: BLE001 - whatever failed, the callers are told, and the thread goes on
            self._settle(batch, [explain_failure(error, self.path)] * len(batch))
            self._drop_connection()  # opened again with the next batch: the file may be another one by then
            return
        self._settle(batch, outcomes)
        self._writes += len(batch)
        if self._writes >= CHECKPOINT_WRITES:
            self._tidy()

    def _transact(self, batch: list[_Job]) -> list[object]:
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Whoever left while the file was locked was told that nothing is written.
            outcomes = [None if job.done.cancelled() else job.work(connection) for job in batch]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return outcomes

    @staticmethod
    def _settle(batch: list[_Job], outcomes: list[object]) -> None:
        """Wake the callers, each loop once."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], object]]] = {}
        for job, outcome in zip(batch, outcomes, strict=True):
            by_loop.setdefault(job.loop, []).append((job.done, outcome))
        for loop, settled in by_loop.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(_resolve, settled)

    def _open(self) -> sqlite3.Connection:
        """Return the connection; another one when the file of this name is no longer the one that was opened."""
        inode = find_inode(self.path)
        if self._connection is not None and inode != self._inode:
            self._drop_connection()
            self._log.event("warning", "store_file_replaced", f"{self.path} was replaced: the new file is used")
        if self._connection is None:
            self._connection = open_file(self.path)
            inode = find_inode(self.path)
            if inode != self._inode:
                self._inode = inode
                self.generation += 1
        return self._connection

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _examine(self) -> None:
        """A reader met damage: look before anything is renamed."""
        try:
            found = self._open().execute("PRAGMA quick_check(1)").fetchone()
        except (sqlite3.Error, OSError, Fault) as error:
            found = ("damaged",) if is_damage(error) else ("ok",)
        if found != ("ok",):
            self._replace_file()

    def _replace_file(self) -> bool:
        """Set a damaged file aside, if it may be: say whether another one can be opened now."""
        if not self._disposable:
            return False
        inode = self._inode if self._connection is not None else find_inode(self.path)
        self._drop_connection()
        try:
            aside = set_aside(self.path, inode)
        except OSError:
            return False
        if aside is not None:
            told = f"{self.path} is damaged: it is now {aside.name}, and a new one is used; what it held is lost"
            self._log.event("error", "store_file_set_aside", told)
        return True

    def _tidy(self) -> None:
        """Sweep what is over and checkpoint. A failure shows with the next write; here it only waits."""
        try:
            connection = self._open()
            while connection.execute(_OVER, {"now": self._clock.now()}).fetchone()[0]:
                for sweep in _SWEEPS:
                    self._writes += connection.execute(sweep, {"now": self._clock.now(), "most": MAX_SWEPT}).rowcount
                if not self._jobs.empty():
                    break
            if self._writes:
                _, logged, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                self._writes = 0 if moved == logged else 1  # a reader may hold some back until the next time
        except (sqlite3.Error, OSError, Fault) as error:
            self._is_suspect = is_damage(error)


def _resolve(settled: list[tuple[asyncio.Future[Any], object]]) -> None:
    for done, outcome in settled:
        if done.done():
            continue
        if isinstance(outcome, Fault):
            done.set_exception(outcome)
        else:
            done.set_result(outcome)
