"""What one client asks of its provider: tokens, and the ID tokens and userinfo that come with them.

Made once for a relying party: sign-in, refresh and logout share it, and so does what it has told the log already.
"""

from typing import final

from ostiary.plugin import Services
from ostiary.providers.provider import Provider
from ostiary.relying_party.id_tokens import IdTokens
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.token_client import TokenClient


@final
class ProviderCalls:
    """The provider, and the ways in which one client calls it."""

    __slots__ = ("id_tokens", "provider", "tokens")

    def __init__(self, settings: RelyingPartySettings, provider: Provider, services: Services) -> None:
        """Take the parts; no I/O."""
        self.provider = provider
        self.tokens = TokenClient(settings.credentials, provider, services)
        self.id_tokens = IdTokens(settings, provider, services)
