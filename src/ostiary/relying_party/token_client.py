"""The token and revocation endpoints as one client uses them (RFC 6749 §4.1.3 and §6, RFC 7009).

How the client says who it is there is `ostiary.providers.client_authenticator`'s. When and why tokens are asked for is
the callers' business.
"""

from typing import final

from ostiary.errors import ProviderFault
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.identity.metadata import Metadata
from ostiary.identity.token_endpoint import (
    TokenSet,
    build_code_exchange,
    build_refresh,
    build_revocation,
    read_revocation_response,
    read_token_response,
)
from ostiary.plugin import Services
from ostiary.providers.client_authenticator import ClientAuthenticator
from ostiary.providers.provider import Provider


@final
class TokenClient:
    """One client at its provider's token and revocation endpoints."""

    __slots__ = ("_authenticator", "_provider")

    def __init__(self, credentials: ClientCredentials, provider: Provider, services: Services) -> None:
        """Take the parts; no network I/O."""
        self._provider = provider
        self._authenticator = ClientAuthenticator(
            credentials, "token_endpoint_auth_method", services.clock, services.random, services.log
        )

    async def redeem(
        self, metadata: Metadata, *, code: str, redirect_uri: str, code_verifier: str | None
    ) -> TokenSet:  # fmt: skip
        """Redeem an authorization code.

        Raises ProviderFault: those of `Provider.call`, `provider_without_token_endpoint`, `token_refused` (the detail
        is the provider's error code, or the status) or `token_answer_invalid`.
        """
        endpoint = _find_token_endpoint(metadata)
        request = build_code_exchange(
            endpoint,
            self._choose(metadata),
            self._authenticator.make_moment(),
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
        )
        return read_token_response(await self._provider.call(request))

    async def refresh(self, metadata: Metadata, *, refresh_token: str) -> TokenSet:
        """Ask for new tokens; the answer may lack a new refresh token and an ID token. Raises as `redeem` does."""
        endpoint = _find_token_endpoint(metadata)
        request = build_refresh(
            endpoint, self._choose(metadata), self._authenticator.make_moment(), refresh_token=refresh_token
        )
        return read_token_response(await self._provider.call(request))

    async def revoke(self, metadata: Metadata, *, token: str, hint: str | None) -> None:
        """Revoke a token; a provider without a revocation endpoint is not asked.

        Raises ProviderFault: those of `Provider.call`, or `revocation_refused` with a detail as in `redeem`.
        """
        if metadata.revocation_endpoint is None:
            return
        request = build_revocation(
            metadata.revocation_endpoint,
            self._choose(metadata),
            self._authenticator.make_moment(),
            token=token,
            hint=hint,
        )
        read_revocation_response(await self._provider.call(request))

    def _choose(self, metadata: Metadata) -> ClientCredentials:
        return self._authenticator.choose(metadata.token_endpoint_auth_methods_supported)


def _find_token_endpoint(metadata: Metadata) -> str:
    if metadata.token_endpoint is None:
        raise ProviderFault("provider_without_token_endpoint", "no token_endpoint", passing=False)
    return metadata.token_endpoint
