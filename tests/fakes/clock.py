"""A clock that stands still until a test moves it."""


class FakeClock:
    """Implements `ostiary.ports.Clock`."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        """Start at `now` (epoch seconds)."""
        self.time = now

    def now(self) -> float:
        """Return the time that the test chose."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
