"""Unpredictable bytes, as `ostiary.ports.Random`.

From the operating system alone: nothing is seeded, mixed or kept here.
"""

import secrets
from typing import final


@final
class SystemRandom:
    """The operating system's generator."""

    __slots__ = ()

    def token_bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        return secrets.token_bytes(count)
