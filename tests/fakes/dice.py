"""Dice whose throws a test can know: every piece differs, and the same run gives the same pieces."""

from hashlib import shake_256


class FakeRandom:
    """Implements `ostiary.ports.Random`."""

    def __init__(self, seed: str = "ostiary") -> None:
        """Choose the sequence."""
        self._seed = seed
        self.throws = 0

    def token_bytes(self, count: int) -> bytes:
        """Return the next `count` bytes of the sequence."""
        self.throws += 1
        return shake_256(f"{self._seed}:{self.throws}".encode()).digest(count)
