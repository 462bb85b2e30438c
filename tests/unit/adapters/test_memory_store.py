"""The store in memory. What every store promises is tried in tests/contract; this is its own."""

import asyncio

from ostiary.adapters.memory_store import MAX_VALUES, MemoryStore, MemoryStores
from ostiary.store_settings import SqliteSettings
from tests.fakes.clock import FakeClock


def test_a_series_forgets_its_first_members_when_it_is_full() -> None:
    """Every buffer has a number (DESIGN.md §9.10)."""

    async def fill() -> None:
        clock = FakeClock()
        store = MemoryStore(clock)
        for number in range(MAX_VALUES + 1):
            await store.append("s", str(number), clock.now() + 60)
        part = await store.read_series("s", 0)

        assert len(part.members) == MAX_VALUES
        assert part.members[0][0] == "1"

    asyncio.run(fill())


def test_each_settings_value_has_one_store() -> None:
    """And none of them is the shared one."""
    stores = MemoryStores(FakeClock())
    one = stores.open(SqliteSettings(path="a"))

    assert one is stores.open(SqliteSettings(path="a"))
    assert len({id(one), id(stores.open(SqliteSettings(path="b"))), id(stores.shared)}) == 3
