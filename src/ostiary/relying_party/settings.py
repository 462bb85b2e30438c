"""What a relying party is configured with, compiled from a plugin's configuration when the snapshot is built.

Values only; where a plugin's documented attributes have another shape, the plugin translates.
"""

from collections.abc import Mapping
from typing import final

import msgspec

from ostiary.identity.client_authentication import ClientCredentials


@final
class SessionHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """Which headers tell the upstream who is there."""

    access_token: bool = True
    access_token_in_authorization: bool = False
    id_token: bool = True
    userinfo: bool = True


@final
class RelyingPartySettings(msgspec.Struct, frozen=True, kw_only=True):
    """One client at one provider.

    `discovery` stands for the issuer in cookie names and seals, because the issuer itself is not known before the
    provider answered. `redirect_uri` is absolute, a path, or None (derived from each request). Of `secrets` the first
    seals and all open. `fingerprint` is that of the plugin instance. Lifetimes and slack in seconds.
    """

    discovery: str
    credentials: ClientCredentials
    secrets: tuple[str, ...]
    fingerprint: str
    redirect_uri: str | None = None
    scope: str = "openid"
    required_scopes: tuple[str, ...] = ()
    authorization_parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    use_pkce: bool = False
    require_nonce: bool = False
    lifetime_s: int = 3600
    slack_s: float = 120.0
    headers: SessionHeaders = SessionHeaders()

    def __repr__(self) -> str:
        """Name client and provider; secrets stay inside."""
        return f"RelyingPartySettings({self.credentials.client_id!r} at {self.discovery!r})"
