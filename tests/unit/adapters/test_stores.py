"""The stores of a process: opened by their settings, once each."""

import asyncio
from pathlib import Path

import pytest

from ostiary.adapters.stores import SystemStores
from ostiary.errors import StoreFault
from ostiary.store_settings import RedisSettings, SqliteSettings
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog


def make(folder: Path) -> SystemStores:
    """Make the stores of a process."""
    return SystemStores(folder, FakeClock(), FakeLog())


def test_equal_settings_share_one_store(tmp_path: Path) -> None:
    """Also when one path is written in two ways; opening does no I/O."""
    stores = make(tmp_path)
    ours = stores.open(SqliteSettings(path="./a.db"))

    assert ours is stores.open(SqliteSettings(path="a.db"))
    assert ours is stores.open(SqliteSettings(path=str(tmp_path / "a.db")))
    assert ours is not stores.open(SqliteSettings(path="b.db"))
    assert stores.open(RedisSettings()) is stores.open(RedisSettings())
    assert stores.open(RedisSettings()) is not stores.open(RedisSettings(database=1))
    assert [] == list(tmp_path.iterdir())


def test_what_is_shared_is_the_configurations_choice(tmp_path: Path) -> None:
    """Two configurations may differ in it; the rest they have in common."""
    stores = make(tmp_path)
    state = SqliteSettings(path="state.db", disposable=True)
    first, second = stores.share(state), stores.share(RedisSettings())

    assert first.shared is stores.open(state)
    assert second.shared is stores.open(RedisSettings())
    assert first.open(SqliteSettings(path="a")) is second.open(SqliteSettings(path="a"))


def test_relative_paths_begin_at_the_folder(tmp_path: Path) -> None:
    """And closing closes every store."""

    async def scenario() -> None:
        stores = make(tmp_path)
        store = stores.open(SqliteSettings(path="sub/a.db"))
        (tmp_path / "sub").mkdir()
        await store.write("k", b"v", 2e9)
        await stores.close()
        with pytest.raises(StoreFault, match="closed"):
            await store.read("k")

    asyncio.run(scenario())
    assert (tmp_path / "sub" / "a.db").exists()


def test_tls_contexts_are_shared_by_value(tmp_path: Path) -> None:
    """One that verifies, one that does not."""
    stores = make(tmp_path)

    assert stores._find_context(True) is stores._find_context(True)
    assert stores._find_context(True) is not stores._find_context(False)


def test_a_file_that_cannot_be_written_is_found_before_it_is_needed(tmp_path: Path) -> None:
    """Only files that a configuration wants are tried, and no server is: it may come back."""

    async def scenario() -> None:
        stores = make(tmp_path)
        shared = stores.share(SqliteSettings(path="missing/state.db", disposable=True))
        stores.open(SqliteSettings(path="good.db"))
        stores.open(RedisSettings(port=1))
        assert await stores.find_faults() == ()
        assert shared.shared is not None
        (fault,) = await stores.find_faults()
        assert fault.code == "store_unavailable"
        assert "missing/state.db" in fault.detail
        await stores.close()

    asyncio.run(scenario())
