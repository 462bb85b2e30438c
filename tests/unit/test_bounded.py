"""A map with a size and an expiry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.bounded import BoundedMap


def test_a_value_is_there_until_its_time_is_over() -> None:
    """The moment of expiry is already over."""
    remembered: BoundedMap[str, int] = BoundedMap(2)
    remembered.put("a", 1, expires_at=10.0, now=0.0)

    assert [remembered.get("a", now) for now in (0.0, 9.999)] == [1, 1]
    assert remembered.get("a", 10.0) is None


def test_an_expired_value_is_dropped_when_it_is_met() -> None:
    """Time going back does not bring it back."""
    remembered: BoundedMap[str, int] = BoundedMap(2)
    remembered.put("a", 1, expires_at=10.0, now=0.0)
    remembered.get("a", 10.0)

    assert (len(remembered), remembered.get("a", 0.0)) == (0, None)


def test_what_was_never_put_is_not_there() -> None:
    """A miss is None."""
    assert BoundedMap[str, int](1).get("a", 0.0) is None


def test_the_entry_that_was_put_first_leaves_a_full_map() -> None:
    """Reading does not prolong a stay; putting again does."""
    remembered: BoundedMap[str, int] = BoundedMap(2)
    remembered.put("a", 1, expires_at=10.0, now=0.0)
    remembered.put("b", 2, expires_at=10.0, now=0.0)
    remembered.put("a", 3, expires_at=10.0, now=0.0)
    remembered.put("c", 4, expires_at=10.0, now=0.0)

    assert [remembered.get(key, 1.0) for key in "abc"] == [3, None, 4]


def test_a_value_that_is_already_over_replaces_by_forgetting() -> None:
    """Neither the new value nor the one it was to replace is found."""
    remembered: BoundedMap[str, int] = BoundedMap(2)
    remembered.put("a", 1, expires_at=10.0, now=0.0)
    remembered.put("a", 2, expires_at=5.0, now=5.0)

    assert (remembered.get("a", 5.0), len(remembered)) == (None, 0)


def test_forgetting_works_for_what_is_there_and_what_is_not() -> None:
    """Discarding twice is no error."""
    remembered: BoundedMap[str, int] = BoundedMap(1)
    remembered.put("a", 1, expires_at=10.0, now=0.0)
    remembered.discard("a")
    remembered.discard("a")

    assert remembered.get("a", 0.0) is None


@pytest.mark.parametrize("size", [0, -1])
def test_a_map_without_room_is_refused(size: int) -> None:
    """A cache of size zero is a mistake in the caller."""
    with pytest.raises(ValueError, match="at least one entry"):
        BoundedMap[str, int](size)


_STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "discard"]), st.integers(0, 9), st.integers(0, 20), st.integers(0, 3))
)


@given(st.integers(1, 5), _STEPS)
def test_it_never_holds_more_than_its_size_nor_returns_what_is_over(
    size: int, steps: list[tuple[str, int, int, int]]
) -> None:
    """Whatever the order of calls."""
    remembered: BoundedMap[int, int] = BoundedMap(size)
    now = 0
    for step, key, expires_at, passes in steps:
        now += passes
        if step == "put":
            remembered.put(key, expires_at, expires_at=expires_at, now=now)
        elif step == "discard":
            remembered.discard(key)
        else:
            value = remembered.get(key, now)
            assert value is None or value > now
        assert len(remembered) <= size


def test_everything_can_be_forgotten() -> None:
    """And there is room again."""
    held = BoundedMap[str, int](2)
    held.put("a", 1, expires_at=10.0, now=0.0)
    held.put("b", 2, expires_at=10.0, now=0.0)
    held.clear()

    assert (len(held), held.get("a", 0.0), held.is_full(0.0)) == (0, None, False)


def test_it_says_when_it_is_full() -> None:
    """One more value would make another leave; what is over has left."""
    entries: BoundedMap[str, int] = BoundedMap(2)
    entries.put("a", 1, expires_at=10.0, now=0.0)
    assert not entries.is_full(0.0)

    entries.put("b", 2, expires_at=20.0, now=0.0)
    assert entries.is_full(9.9)
    assert not entries.is_full(10.0)
    assert (None, 2) == (entries.get("a", 10.0), entries.get("b", 10.0))
