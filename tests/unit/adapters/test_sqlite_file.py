"""The file itself: made for its owner, recognised, set aside by one of several."""

import errno
import fcntl
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from ostiary.adapters import sqlite_file
from ostiary.adapters.sqlite_file import connect, explain_failure, find_inode, is_ours, open_file, set_aside
from ostiary.errors import OperatorFault, StoreFault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A path at which nothing is, with characters that mean something in a URI."""
    folder = tmp_path / "a b#c?d%20"
    folder.mkdir()
    return folder / "store.db"


def test_it_is_made_once_and_recognised_ever_after(path: Path) -> None:
    """Write-ahead logging, checkpoints by hand."""
    first = open_file(path)
    second = open_file(path)
    reader = connect(path, timeout_s=0)

    assert is_ours(second)
    assert is_ours(reader)
    assert ("wal",) == reader.execute("PRAGMA journal_mode").fetchone()
    assert [(1,), (0,)] == [
        second.execute(f"PRAGMA {name}").fetchone() for name in ("synchronous", "wal_autocheckpoint")
    ]
    for connection in (first, second, reader):
        connection.close()


def test_positions_of_two_files_have_nothing_in_common(tmp_path: Path) -> None:
    """Their upper bits are drawn; the lower ones begin at one."""
    found = set()
    for number in range(5):
        file = open_file(tmp_path / f"{number}.db")
        file.execute("INSERT INTO members (series, member, expires_at) VALUES ('s', 'm', 1)")
        found.add(file.execute("SELECT position FROM members").fetchone()[0])
        file.close()

    assert 5 == len({position >> 32 for position in found} - {0})
    assert {1} == {position & 0xFFFFFFFF for position in found}


def test_a_file_that_was_open_to_others_is_closed_to_them(path: Path) -> None:
    """One that is ours; another program's stays as it is."""
    open_file(path).close()
    path.chmod(0o644)
    open_file(path).close()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)

    theirs = path.with_name("theirs.db")
    theirs.write_bytes(b"no database")
    theirs.chmod(0o644)
    with pytest.raises(sqlite3.DatabaseError):
        open_file(theirs)
    assert 0o644 == stat.S_IMODE(theirs.stat().st_mode)


def test_only_one_of_several_sets_a_file_aside(path: Path) -> None:
    """The second finds another file under the name, and leaves it."""
    path.write_bytes(b"damaged")
    path.with_name("store.db-wal").write_bytes(b"its log")
    inode = find_inode(path)
    aside = set_aside(path, inode)
    assert aside is not None
    open_file(path).close()
    good = find_inode(path)

    assert "store.db.damaged-1" == aside.name
    assert b"its log" == aside.with_name(aside.name + "-wal").read_bytes()
    assert set_aside(path, inode) is None
    assert good == find_inode(path)
    again = set_aside(path, good)
    assert again is not None
    assert "store.db.damaged-2" == again.name
    assert set_aside(path, good) is None


def test_whoever_holds_the_folder_holds_the_others_up_for_a_time_only(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is stuck while it makes the file."""
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_S", 0.02)
    descriptor = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(TimeoutError, match="holds the folder's lock"):
            open_file(path)
    finally:
        os.close(descriptor)
    open_file(path).close()


def error_of(code: int) -> sqlite3.OperationalError:
    """Make an error as SQLite raises it."""
    error = sqlite3.OperationalError("INSERT of a secret failed")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_SOMETHING"
    return error


@pytest.mark.parametrize(
    ("error", "family", "expected"),
    [
        (error_of(sqlite3.SQLITE_BUSY), StoreFault, "is locked by another process"),
        (error_of(sqlite3.SQLITE_BUSY | 1 << 8), StoreFault, "is locked by another process"),
        (error_of(sqlite3.SQLITE_FULL), StoreFault, "the disk is full"),
        (error_of(sqlite3.SQLITE_READONLY), StoreFault, "cannot be written"),
        (error_of(sqlite3.SQLITE_IOERR), StoreFault, "cannot be used (SQLITE_SOMETHING)"),
        (error_of(sqlite3.SQLITE_CORRUPT), OperatorFault, "is damaged"),
        (error_of(sqlite3.SQLITE_NOTADB), OperatorFault, "is damaged"),
        (PermissionError(errno.EACCES, "Permission denied"), StoreFault, "cannot be opened: Permission denied"),
        (RuntimeError("a secret"), StoreFault, "cannot be used (RuntimeError)"),
        (StoreFault("store_refused", "as it was"), StoreFault, "as it was"),
    ],
)
def test_each_failure_has_its_words(error: Exception, family: type[Exception], expected: str) -> None:
    """What SQLite says itself may quote what it was given, and is not told."""
    fault = explain_failure(error, Path("/state/store.db"))

    assert isinstance(fault, family)
    assert expected in fault.detail
    assert "secret" not in str(fault)
