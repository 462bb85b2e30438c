"""The wall clock, as `ostiary.ports.Clock`.

It may step; nothing here smooths it. Whoever measures how long something takes asks the event loop instead.
"""

import time
from typing import final


@final
class SystemClock:
    """The operating system's clock."""

    __slots__ = ()

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()
