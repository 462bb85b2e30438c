"""The wall clock, as `ostiary.ports.Clock`."""

import time
from typing import final


@final
class SystemClock:
    """The operating system's clock. It may step; whoever needs a monotonic one asks the event loop."""

    __slots__ = ()

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()
