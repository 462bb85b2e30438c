"""A session's successor: the refresh token's use at the provider, and what comes of its answer (RFC 6749 §6).

It asks the provider and decides nothing about who may: that only one does is `ostiary.relying_party.renewal`'s.
"""

from collections.abc import Mapping
from typing import Any, final

from ostiary.errors import ProviderFault
from ostiary.identity.jose import TokenRefused
from ostiary.identity.metadata import Metadata
from ostiary.identity.session import Session
from ostiary.plugin import Services
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.session_maker import Grant, build_successor
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.token_revocation import revoke_tokens


@final
class SuccessorMaker:
    """Uses refresh tokens."""

    __slots__ = ("_id_tokens", "_provider", "_services", "_settings", "_tokens")

    def __init__(self, settings: RelyingPartySettings, calls: ProviderCalls, services: Services) -> None:
        """Take the parts; no I/O."""
        self._settings = settings
        self._provider = calls.provider
        self._services = services
        self._tokens = calls.tokens
        self._id_tokens = calls.id_tokens

    async def make(self, record: Session) -> Session:
        """Return the successor. Raises ProviderFault, and TokenRefused for a new ID token that is not this person's."""
        metadata = await self._provider.load_metadata(self._services.clock.now())
        tokens = await self._tokens.refresh(metadata, refresh_token=record.refresh_token or "")
        received_at = self._services.clock.now()
        id_token = await self._id_tokens.verify_refresh(tokens, record, metadata)
        userinfo = await self._fetch_userinfo(tokens.access_token, record, metadata)
        grant = Grant(tokens, id_token, userinfo, received_at)
        return build_successor(self._settings, record, grant, self._services.random)

    async def revoke(self, record: Session) -> None:
        """End a session's tokens at the provider; a failure is only logged."""
        try:
            metadata = await self._provider.load_metadata(self._services.clock.now())
        except ProviderFault:
            return  # it is logged where it happened
        await revoke_tokens(record, metadata, self._tokens, self._services.log)

    async def _fetch_userinfo(self, access_token: str, record: Session, metadata: Metadata) -> Mapping[str, Any] | None:
        """Ask again, because what is said about people changes; without an answer the old one stays."""
        if record.userinfo is None:
            return None
        try:
            return await self._id_tokens.fetch_userinfo(access_token, record.subject, metadata, "session refresh")
        except ProviderFault:  # the only one that comes out: it speaks of somebody else
            raise TokenRefused("token_subject") from None
