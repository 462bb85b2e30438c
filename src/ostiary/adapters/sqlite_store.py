"""A store in a SQLite file of this machine, as `ostiary.ports.Store`: shared by the processes that open it.

Write-ahead logging: a read is one prepared SELECT on the event loop, takes microseconds and waits for nobody. Every
change is decided and made in a transaction of the writer's thread (`ostiary.adapters.sqlite_writer`). Nothing is
opened before the first use. `synchronous=NORMAL`: after a power failure the last moments may be missing, and the file
is whole.
"""

import sqlite3
from pathlib import Path
from typing import Any, final

from ostiary.adapters.sqlite_file import POSITION_BITS, connect, explain_failure, is_damage, is_ours
from ostiary.adapters.sqlite_writer import SqliteWriter
from ostiary.adapters.store_rules import check_key, check_member, check_value
from ostiary.errors import Fault, StoreFault
from ostiary.ports import Clock, Log, SeriesPart

READ_BUSY_S = 0.05  # reads wait for nobody, except while a crashed process's log is recovered

_READ = 'SELECT value FROM "values" WHERE key = ? AND expires_at > ?'
_WRITE = 'INSERT OR REPLACE INTO "values" (key, value, expires_at) VALUES (?, ?, ?)'
_DELETE = 'DELETE FROM "values" WHERE key = ?'
_NEWEST = "SELECT seq FROM sqlite_sequence WHERE name = 'members'"
_MEMBERS = """SELECT member, expires_at FROM members
WHERE series = ? AND position > ? AND position <= ? AND expires_at > ? ORDER BY position"""
_EXPIRY = "SELECT expires_at FROM members WHERE series = ? AND member = ?"
_ADD = "INSERT OR REPLACE INTO members (series, member, expires_at) VALUES (?, ?, ?)"


@final
class SqliteStore:
    """Values and series in one file. One per path and process; use it from one event loop."""

    __slots__ = ("_clock", "_generation", "_reader", "_writer")

    def __init__(self, path: Path, clock: Clock, log: Log, *, disposable: bool) -> None:
        """Open nothing yet. A `disposable` file that is damaged is set aside, and a new one made."""
        self._clock = clock
        self._writer = SqliteWriter(path, clock, log, disposable=disposable)
        self._reader: sqlite3.Connection | None = None
        self._generation = 0

    async def read(self, key: str) -> bytes | None:
        """Return the value, or None."""
        check_key(key)
        rows = await self._select(_READ, (key, self._clock.now()))
        return rows[0][0] if rows else None

    async def write(self, key: str, value: bytes, expires_at: float) -> None:
        """Put the value, whatever was there."""
        check_key(key)
        check_value(value, expires_at)
        await self._writer.run(lambda file: _put(file, key, value, expires_at))

    async def create(self, key: str, value: bytes, expires_at: float) -> bool:
        """Put the value where there is none; say whether that was so."""
        check_key(key)
        check_value(value, expires_at)
        return await self._writer.run(lambda file: self._find(file, key) is None and _put(file, key, value, expires_at))

    async def replace(self, key: str, expected: bytes, value: bytes, expires_at: float) -> bool:
        """Put the value where exactly `expected` is; say whether that was so."""
        check_key(key)
        check_value(value, expires_at)
        return await self._writer.run(
            lambda file: self._find(file, key) == expected and _put(file, key, value, expires_at)
        )

    async def delete(self, key: str, expected: bytes | None = None) -> bool:
        """Take the value away (with `expected`: only exactly that one); say whether there was one to take."""
        check_key(key)

        def take(file: sqlite3.Connection) -> bool:
            found = self._find(file, key)
            if found is None or (expected is not None and found != expected):
                return False
            file.execute(_DELETE, (key,))
            return True

        return await self._writer.run(take)

    async def append(self, series: str, member: str, expires_at: float) -> None:
        """Add a member to a series; one that is there already gets the later of both times, and counts as new."""
        check_key(series)
        check_member(member, expires_at)

        def add(file: sqlite3.Connection) -> None:
            known = file.execute(_EXPIRY, (series, member)).fetchone()
            file.execute(_ADD, (series, member, expires_at if known is None else max(expires_at, known[0])))

        await self._writer.run(add)

    async def read_series(self, series: str, after: int) -> SeriesPart:
        """Return the live members that were added after a position; all of them when the position is not its own."""
        check_key(series)
        newest: int = (await self._select(_NEWEST, ()))[0][0]
        is_reset = after != 0 and (after > newest or after >> POSITION_BITS != newest >> POSITION_BITS)
        since = 0 if is_reset else after
        members = await self._select(_MEMBERS, (series, since, newest, self._clock.now()))
        return SeriesPart(tuple(members), newest, is_reset=is_reset)

    async def close(self) -> None:
        """Write what waits, and close the file."""
        await self._writer.close()
        self._close_reader()

    async def _select(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        """Read inline; only a file that is not there yet is waited for."""
        reader = self._reader
        if reader is None or self._generation != self._writer.generation:
            reader = await self._open()
        try:
            return reader.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._close_reader()  # opened again with the next read: the file may be another one by then
            raise self._explain(error) from None

    async def _open(self) -> sqlite3.Connection:
        """Open the file for reading, after the writer has made it where it is not there or not ours yet."""
        writer = self._writer
        writer.start()
        self._close_reader()
        self._generation = writer.generation
        try:
            if not self._connect():
                await writer.run(_touch)
                self._generation = writer.generation
                self._connect()
        except sqlite3.Error as error:
            raise self._explain(error) from None
        if self._reader is None:
            raise StoreFault("store_unavailable", f"{writer.path} is being replaced")
        return self._reader

    def _connect(self) -> bool:
        """Open a file that is there; False for one that is not, or not prepared. Raises sqlite3.Error for others."""
        path = self._writer.path
        if not path.exists():
            return False
        try:
            reader = connect(path, timeout_s=READ_BUSY_S)
            if not is_ours(reader):
                reader.close()
                return False
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                return False  # the writer knows what to do
            raise
        self._reader = reader
        return True

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _explain(self, error: sqlite3.Error) -> Fault:
        if is_damage(error):
            self._writer.suspect()
        return explain_failure(error, self._writer.path)

    def _find(self, file: sqlite3.Connection, key: str) -> bytes | None:
        row = file.execute(_READ, (key, self._clock.now())).fetchone()
        return None if row is None else row[0]


def _touch(file: sqlite3.Connection) -> None:
    file.execute(_NEWEST).fetchone()


def _put(file: sqlite3.Connection, key: str, value: bytes, expires_at: float) -> bool:
    file.execute(_WRITE, (key, value, expires_at))
    return True
