"""The file of a SQLite store: made with mode 0600, recognised by its mark, set aside when it is damaged.

Positions of series begin at a random number in their upper bits, drawn when a file is made: whoever comes with a
position of another file is told so. Several processes may find the damage at once: whoever makes or renames a file
holds a lock on its folder, one of them renames, and the others find the new one. Another program's database is not
touched.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ETIMEDOUT
from pathlib import Path

from ostiary.errors import Fault, OperatorFault, StoreFault

BUSY_TIMEOUT_S = 0.8
POSITION_BITS = 32
MARK = int.from_bytes(b"OsT1")
_SIDE_FILES = ("-wal", "-shm")

_SETTINGS = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA journal_size_limit = 16777216",
    "PRAGMA trusted_schema = OFF",
)
_TABLES = """
CREATE TABLE "values" (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires_at REAL NOT NULL);
CREATE INDEX values_by_expiry ON "values" (expires_at);
CREATE TABLE members (
    position INTEGER PRIMARY KEY AUTOINCREMENT, series TEXT NOT NULL, member TEXT NOT NULL, expires_at REAL NOT NULL,
    UNIQUE (series, member));
CREATE INDEX members_by_position ON members (series, position);
CREATE INDEX members_by_expiry ON members (expires_at);
INSERT INTO sqlite_sequence (name, seq) VALUES ('members', (abs(random()) % 2147483647 + 1) << 32);
"""


def open_file(path: Path) -> sqlite3.Connection:
    """Return a connection to the file for writing, made and prepared when it is new.

    Raises sqlite3.Error, OSError, or OperatorFault (`store_file_foreign`) for another program's database.
    """
    with _lock_folder(path):
        _make(path)
        connection = connect(path, timeout_s=BUSY_TIMEOUT_S)
        try:
            _prepare(connection, path)
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
        except BaseException:
            connection.close()
            raise
        return connection


def _make(path: Path) -> None:
    """Make a file that only its owner reads. One that is there is not even opened.

    Whoever closes any descriptor of a file gives up all the locks that the process has on it (POSIX `fcntl`), SQLite's
    own among them: another process would take itself for the last one, and remove the journal that we still write.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def connect(path: Path, *, timeout_s: float) -> sqlite3.Connection:
    """Return a connection to a file that is there. Transactions are begun and ended by hand. Raises sqlite3.Error."""
    place = f"file:{_escape(path)}?mode=rw"
    connection = sqlite3.connect(place, uri=True, timeout=timeout_s, isolation_level=None, check_same_thread=False)
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def is_ours(connection: sqlite3.Connection) -> bool:
    """Say whether the file has our mark, so that its tables are there. Raises sqlite3.Error."""
    return bool(connection.execute("PRAGMA application_id").fetchone()[0] == MARK)


def set_aside(path: Path, damaged_inode: int) -> Path | None:
    """Rename the damaged file and its companions; None when another process has done so. Raises OSError."""
    with _lock_folder(path):
        if find_inode(path) != damaged_inode:
            return None
        aside = _find_free_name(path)
        path.rename(aside)
        for suffix in _SIDE_FILES:
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
        return aside


def find_inode(path: Path) -> int:
    """Return what tells this file from another of the same name; 0 when there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def is_damage(error: Exception) -> bool:
    """Say whether this is a file that SQLite cannot make sense of, rather than one it cannot reach."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def explain_failure(error: Exception, path: Path) -> Fault:
    """Make a fault of what SQLite or the operating system raised."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, OSError):
        return StoreFault("store_unavailable", f"{path} cannot be opened: {error.strerror or type(error).__name__}")
    if is_damage(error):
        remedy = f"restore it, or move it away (together with {path.name}-wal): a new one is made then"
        return OperatorFault("store_file_damaged", f"{path} is damaged: {remedy}")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreFault("store_unavailable", f"{path} is locked by another process")
    if code == sqlite3.SQLITE_FULL:
        return StoreFault("store_unavailable", f"{path} cannot grow: the disk is full")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreFault("store_unavailable", f"{path}, and files beside it, cannot be written: check the folder")
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StoreFault("store_unavailable", f"{path} cannot be used ({name})")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file; recognise one of ours."""
    if is_ours(connection):
        return
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
        raise OperatorFault("store_file_foreign", f"{path} is another program's database: name another path")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {MARK}")
    connection.execute("COMMIT")


@contextmanager
def _lock_folder(path: Path) -> Iterator[None]:
    """Hold the folder's lock, so that nobody makes a file of a name that is being given away. Raises OSError."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        given_up_at = time.monotonic() + BUSY_TIMEOUT_S
        while not _try_lock(descriptor):
            if time.monotonic() > given_up_at:
                raise TimeoutError(ETIMEDOUT, "another process holds the folder's lock")
            time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _find_free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside


def _escape(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
