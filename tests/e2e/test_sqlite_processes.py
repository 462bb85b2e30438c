"""Several gateway processes on one SQLite file: what one of them does to the file, the others live with.

A process that ends removes the write-ahead log when it believes to be the last; it must not be mistaken.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.counterparts.session_scene import SessionScene, start_session_scene, wait_until

FILES = {"cookie-sqlite": "state.db", "sqlite": "sessions.db"}
IDLE_S = 1.5  # after which a gateway that has nothing to write looks after its file
WITHIN_S = 10.0


@pytest.fixture(params=FILES)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SessionScene]:
    """Two gateways on one file."""
    with start_session_scene(tmp_path, request.param) as scene:
        yield scene


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the write lock of a file, as a backup or a person with a shell does."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_a_file_that_is_locked_means_503_and_signs_nobody_out(scene: SessionScene, tmp_path: Path) -> None:
    """Reads go on; what has to be written is refused in time, and works when the lock is gone."""
    browser, page = scene.sign_in_briefly()
    with locked(tmp_path / FILES[scene.storage]):
        asked = browser.xhr(scene.url("/app/test"))
        assert (asked.status, int(asked.header("retry-after") or "0") > 0) == (503, True)
        assert browser.xhr(scene.url("/app/logout")).status == 503  # it could not be ended everywhere
    renewed = browser.xhr(scene.url("/app/test"))
    assert renewed.status == 200
    assert renewed.json()["access_token"] != page.json()["access_token"]
    assert [asked["status"] for asked in scene.refreshes()] == [200]


def test_a_process_that_ends_takes_nothing_from_one_that_stays(scene: SessionScene, tmp_path: Path) -> None:
    """Also when that one had to open the file again: the log is not removed under it, and both see the same state."""
    browser, _ = scene.sign_in("/app/test", login="somebody-else")
    assert scene.call("/app/test", scene.show_cookies(browser), gateway=1).status == 200
    with locked(tmp_path / FILES[scene.storage]):
        assert browser.xhr(scene.url("/app/logout", 1)).status == 503
    time.sleep(IDLE_S)  # it has opened the file again
    leaving, _ = scene.sign_in("/app/test")
    old = scene.show_cookies(leaving)
    assert scene.call("/app/test", old, gateway=1).status == 200
    scene.gateways[0].stop()
    log = tmp_path / f"{FILES[scene.storage]}-wal"
    assert log.exists(), "removed under a process that writes to it"

    leaving.open(scene.url("/app/logout", 1), stop_before=lambda _: True)
    assert scene.call("/app/test", old, gateway=1).status == 401
    scene.start(0)
    wait_until(lambda: scene.call("/app/test", old).status == 401, WITHIN_S)
    assert browser.xhr(scene.url("/app/test")).status == 200

    due, _ = scene.sign_in_briefly()
    cookie = scene.show_cookies(due)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: scene.call(f"/app/{n}", cookie, n % 2), range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert [asked["status"] for asked in scene.refreshes()] == [200]
