"""The wall clock."""

import time

from ostiary.adapters.clock import SystemClock


def test_it_tells_the_systems_time() -> None:
    """In seconds since the epoch."""
    before = time.time()

    assert before <= SystemClock().now() <= time.time()
