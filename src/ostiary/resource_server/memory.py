"""Verdicts on tokens that were proven once, under the digest of the Authorization header they came in.

They live in a plugin instance, so required scopes, realm, issuer and keys of that instance are part of what is
remembered. Refusals have a map of their own: garbage never drives out good tokens.
"""

from typing import final

from ostiary.bounded import BoundedMap
from ostiary.plugin import Admit, Reply

MAX_ADMITTED = 4096
MAX_REFUSED = 1024
REFUSED_S = 10.0


@final
class VerdictMemory:
    """Admitted tokens until their time is over, refused ones for 10 seconds.

    Once it is full, a token has to come twice to be remembered: tokens that are used once would only drive out those
    that are used again. One that does not remember stays empty.
    """

    __slots__ = ("_met_once", "_remembers", "admitted", "refused")

    def __init__(self, *, remembers: bool = True) -> None:
        """Start empty."""
        self._remembers = remembers
        self.admitted: BoundedMap[bytes, Admit] = BoundedMap(MAX_ADMITTED)
        self._met_once: BoundedMap[bytes, bool] = BoundedMap(MAX_ADMITTED)
        self.refused: BoundedMap[bytes, Reply] = BoundedMap(MAX_REFUSED)

    def find(self, digest: bytes, now: float) -> Admit | Reply | None:
        """Return the verdict under this digest, admission or refusal."""
        return self.admitted.get(digest, now) or self.refused.get(digest, now)

    def remember(
        self, digest: bytes, verdict: Admit | Reply, *, expires_at: float | None, longest_s: float, now: float
    ) -> None:
        """Remember an admission until `expires_at`, `longest_s` at most; without an expiry not at all.

        A refusal is remembered for 10 s at most.
        """
        if not self._remembers:
            return
        if isinstance(verdict, Admit):
            if expires_at is None:
                return
            until = min(expires_at, now + longest_s)
            if self.admitted.is_full(now) and self._met_once.get(digest, now) is None:
                self._met_once.put(digest, True, expires_at=until, now=now)  # noqa: FBT003 - a mark, not a switch
            else:
                self.admitted.put(digest, verdict, expires_at=until, now=now)
        else:
            self.refused.put(digest, verdict, expires_at=now + min(longest_s, REFUSED_S), now=now)
