"""Work, counted instead of timed: the calls of functions that it takes, Python's own and those of C."""

import sys
from collections.abc import Callable


def count_calls(work: Callable[[], object]) -> int:
    """Count the calls of functions that work takes."""
    count = 0

    def see(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
