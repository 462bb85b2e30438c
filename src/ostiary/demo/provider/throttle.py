"""Wrong passwords are counted: after a few, the account waits a moment before the next is looked at.

By account, not by address: on loopback everybody has the same one. A value with a bound; `now` is an argument.
"""

import hashlib
from typing import final

from ostiary.bounded import BoundedMap
from ostiary.demo.provider.accounts import User, find_user

MAX_FAILURES = 5
WINDOW_S = 30
MAX_ACCOUNTS = 1_000


@final
class Throttle:
    """Counts failures for each account name within a window that starts with the first."""

    def __init__(self) -> None:
        self._failures: BoundedMap[bytes, tuple[int, float]] = BoundedMap(MAX_ACCOUNTS)

    def wait_s(self, username: str, now: float) -> int:
        """Return how many seconds the account has to wait, 0 when it may try."""
        count, until = self._failures.get(_key(username), now) or (0, now)
        return max(1, round(until - now)) if count >= MAX_FAILURES else 0

    def try_password(self, username: str, password: str, now: float) -> User | None:
        """Return whose credentials these are; None when they are nobody's, or the account has to wait."""
        if self.wait_s(username, now):
            return None
        user = find_user(username, password)
        if user is not None:
            self._failures.discard(_key(username))
            return user
        count, until = self._failures.get(_key(username), now) or (0, now + WINDOW_S)
        self._failures.put(_key(username), (count + 1, until), expires_at=until, now=now)
        return None


def _key(username: str) -> bytes:
    return hashlib.sha256(username.encode("utf-8", "surrogatepass")).digest()
