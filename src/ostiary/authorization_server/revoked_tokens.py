"""Issued tokens that were taken back before they expired (RFC 7009), known to every worker and node within a second.

By client and `jti` (`issued_token.find_revocation_id`), in a series of the shared state; who asks for one, and who may
take it back, is not known here.
"""

from typing import final

from ostiary.ports import Clock, Spawner, Store
from ostiary.providers.polled_series import PolledSeries

REVALIDATE_S = 1.0


@final
class RevokedTokens(PolledSeries):
    """The ids of one issuer's revoked tokens, with the time until which each has to be known."""

    __slots__ = ("_revoked",)

    def __init__(self, store: Store, issuer_digest: str, clock: Clock, spawner: Spawner) -> None:
        """Know nothing yet; the digest keeps issuers apart who share a store."""
        super().__init__(store, f"revoked-tokens:{issuer_digest}", REVALIDATE_S, clock, spawner)
        self._revoked: dict[str, float] = {}

    def is_revoked(self, token_id: str | None) -> bool:
        """Say whether a token was taken back. One without `jti` cannot be, and none of ours is without."""
        return token_id is None or token_id in self._revoked

    async def revoke(self, token_id: str, expires_at: float) -> None:
        """Take a token back, here at once and elsewhere within a second. Raises StoreFault."""
        await self._store.append(self._series, token_id, expires_at)
        self._revoked[token_id] = expires_at

    def take(self, member: str, expires_at: float) -> None:
        """Learn of a token."""
        self._revoked[member] = expires_at

    def count(self) -> int:
        """Return how many tokens are known."""
        return len(self._revoked)

    def forget(self, now: float) -> None:
        """Who has expired needs no revocation."""
        self._revoked = {token_id: until for token_id, until in self._revoked.items() if until > now}
