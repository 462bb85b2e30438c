"""ID tokens as a relying party meets them: at sign-in with the login's nonce, at a refresh with the session's subject.

And logout tokens, which the same keys sign. The checks themselves are `ostiary.identity.id_token`'s, the same ones in
both places, and `logout_token`'s. Here are the keys: the operator's, else the provider's, fetched again once when a
token names one that is new.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, final

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.authorization import AuthorizedCallback
from ostiary.identity.id_token import ExpectedIdToken, VerifiedIdToken, read_id_token
from ostiary.identity.jose import TokenRefused, UnknownKey
from ostiary.identity.keys import NO_KEYS, KeySet
from ostiary.identity.logout_token import ExpectedLogoutToken, VerifiedLogoutToken, read_logout_token
from ostiary.identity.metadata import Metadata
from ostiary.identity.session import Session
from ostiary.identity.token_endpoint import TokenSet
from ostiary.identity.userinfo import ExpectedUserinfo, build_userinfo_request, read_userinfo
from ostiary.plugin import Services
from ostiary.providers.provider import Provider
from ostiary.relying_party.settings import RelyingPartySettings

Verified = TypeVar("Verified", VerifiedIdToken, VerifiedLogoutToken)


@final
class IdTokens:
    """Verifies the ID and logout tokens of one client's provider, and asks for the userinfo that goes with them."""

    __slots__ = ("_provider", "_services", "_settings")

    def __init__(self, settings: RelyingPartySettings, provider: Provider, services: Services) -> None:
        """Take the parts; no network I/O."""
        self._settings = settings
        self._provider = provider
        self._services = services

    async def verify_login(self, tokens: TokenSet, callback: AuthorizedCallback, metadata: Metadata) -> VerifiedIdToken:
        """Return the verified ID token of a sign-in. Raises TokenRefused, ProviderFault."""
        if tokens.id_token is None:
            raise TokenRefused("id_token_missing")
        rules = self._settings.id_tokens
        expected = self._expect(
            metadata, tokens.access_token, issuer=callback.flow.issuer, nonce=callback.flow.nonce,
            nonce_required=rules.require_nonce, code=callback.code, state=callback.flow.state,
            acr_values=rules.acr_values, auth_max_age_s=rules.max_age_s,
        )  # fmt: skip
        return await self._verify(partial(read_id_token, tokens.id_token, expected), metadata)

    async def verify_refresh(self, tokens: TokenSet, record: Session, metadata: Metadata) -> VerifiedIdToken | None:
        """OpenID Connect Core §12.2: the same issuer and subject as at sign-in; None when there is no new ID token.

        Raises TokenRefused, ProviderFault.
        """
        if tokens.id_token is None:
            return None
        expected = self._expect(metadata, tokens.access_token, issuer=record.issuer, subject=record.subject)
        return await self._verify(partial(read_id_token, tokens.id_token, expected), metadata)

    async def verify_logout(self, raw: str, metadata: Metadata) -> VerifiedLogoutToken:
        """Back-Channel Logout §2.6: verify a logout token as an ID token. Raises TokenRefused, ProviderFault."""
        expected = ExpectedLogoutToken(
            issuer=metadata.issuer,
            client_id=self._settings.credentials.client_id,
            algorithms=_find_algorithms(metadata),
            client_secret=self._settings.credentials.client_secret,
            slack_s=self._settings.id_tokens.slack_s,
        )
        return await self._verify(partial(read_logout_token, raw, expected), metadata)

    async def fetch_userinfo(
        self, access_token: str, subject: str, metadata: Metadata, reference: str
    ) -> Mapping[str, Any] | None:
        """OpenID Connect Core §5.3.4: userinfo of another subject is a fault; none at all is only logged."""
        if metadata.userinfo_endpoint is None:
            return None
        request = build_userinfo_request(metadata.userinfo_endpoint, access_token)
        try:
            return await self._read_userinfo(await self._provider.call(request), subject, metadata)
        except (ProviderFault, TokenRefused) as fault:
            if fault.code == "userinfo_subject_mismatch":
                raise
            self._services.log.event(
                "warning", "userinfo_missing", "the provider gave no userinfo", cause=fault.code, reference=reference
            )
            return None

    async def _read_userinfo(self, response: OutboundResponse, subject: str, metadata: Metadata) -> Mapping[str, Any]:
        """Read an answer; a signed one with the keys of the ID tokens."""
        keys = await self._load_keys(metadata)
        expected = ExpectedUserinfo(
            issuer=metadata.issuer,
            client_id=self._settings.credentials.client_id,
            algorithms=_find_algorithms(metadata),
            client_secret=self._settings.credentials.client_secret,
        )
        try:
            return read_userinfo(response, subject, keys, expected)
        except UnknownKey as unknown:
            return read_userinfo(response, subject, await self._look_for_key(unknown), expected)

    def _expect(self, metadata: Metadata, access_token: str, **particulars: Any) -> ExpectedIdToken:
        rules = self._settings.id_tokens
        return ExpectedIdToken(
            client_id=self._settings.credentials.client_id,
            client_secret=self._settings.credentials.client_secret,
            algorithms=_find_algorithms(metadata),
            slack_s=rules.slack_s,
            accept_unsigned=rules.accept_unsigned,
            other_audiences=frozenset(self._settings.extra_audiences),
            access_token=access_token,
            **{"nonce": None, **particulars},
        )

    async def _verify(self, read: Callable[[KeySet, float], Verified], metadata: Metadata) -> Verified:
        """Verify; a key that is not in memory is looked for once."""
        keys = await self._load_keys(metadata)
        try:
            return read(keys, self._services.clock.now())
        except UnknownKey as unknown:
            keys = await self._look_for_key(unknown)
            return read(keys, self._services.clock.now())

    async def _look_for_key(self, unknown: UnknownKey) -> KeySet:
        """Fetch the keys again for a token whose key is not in memory; raises `unknown` where that was just done."""
        now = self._services.clock.now()
        if self._settings.id_tokens.key is not None or not self._provider.may_refresh_keys(unknown.kid, now):
            raise unknown
        return await self._provider.refresh_keys(now, unknown.kid)

    async def _load_keys(self, metadata: Metadata) -> KeySet:
        """Take the keys from memory, else fetch them; a provider that signs with the client secret has none."""
        if self._settings.id_tokens.key is not None:
            return self._settings.id_tokens.key
        if metadata.jwks_uri is None:
            return NO_KEYS
        now = self._services.clock.now()
        known = self._provider.keys(now)
        return known if known is not None else await self._provider.load_keys(now)


def _find_algorithms(metadata: Metadata) -> frozenset[str] | None:
    """Return what the provider says it signs with, `none` apart; None when it does not say."""
    return frozenset(metadata.id_token_signing_alg_values_supported) - {"none"} or None
