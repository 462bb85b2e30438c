"""Unpredictable bytes."""

import pytest

from ostiary.adapters.dice import SystemRandom


@pytest.mark.parametrize("count", [0, 1, 32])
def test_it_gives_as_many_bytes_as_asked_for(count: int) -> None:
    """And none is fine."""
    assert count == len(SystemRandom().token_bytes(count))


def test_no_two_throws_are_alike() -> None:
    """256 bits never repeat."""
    assert 1000 == len({SystemRandom().token_bytes(32) for _ in range(1000)})
