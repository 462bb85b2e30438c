"""Who signed in, as their provider says it: by a verified ID token, or (GitHub) by its API.

The rest of a sign-in knows claims and, where there is one, the ID token that they came in. A provider that should give
an ID token and gives none signs nobody in.
"""

from typing import Any, NamedTuple, final

from ostiary.errors import ProviderFault
from ostiary.identity.authorization import AuthorizedCallback
from ostiary.identity.github import build_api_request, read_email, read_organisations, read_profile
from ostiary.identity.metadata import Metadata
from ostiary.identity.token_endpoint import TokenSet
from ostiary.plugin import Services
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.settings import RelyingPartySettings

Claims = dict[str, Any]


class Identity(NamedTuple):
    """Claims with `iss`, `sub` and `iat`, and the ID token that said so, if one did."""

    claims: Claims
    id_token: str | None

    def __repr__(self) -> str:
        """Show nothing: token and claims are personal."""
        return "Identity(***)"


@final
class Identities:
    """Finds out who signed in at one client's provider."""

    __slots__ = ("_asks_groups", "_id_tokens", "_is_github", "_provider", "_services")

    def __init__(self, settings: RelyingPartySettings, calls: ProviderCalls, services: Services) -> None:
        """Take the parts; no I/O."""
        self._is_github = settings.login == "github"
        self._asks_groups = settings.members is not None and bool(settings.members.groups)
        self._id_tokens = calls.id_tokens
        self._provider = calls.provider
        self._services = services

    async def find(self, tokens: TokenSet, callback: AuthorizedCallback, metadata: Metadata) -> Identity:
        """Return who signed in. Raises TokenRefused, ProviderFault."""
        if self._is_github:
            return Identity(await self._ask_github(tokens.access_token, metadata), None)
        verified = await self._id_tokens.verify_login(tokens, callback, metadata)
        return Identity(dict(verified.claims), verified.raw)

    async def _ask_github(self, access_token: str, metadata: Metadata) -> Claims:
        url = metadata.userinfo_endpoint
        if url is None:
            raise ProviderFault("profile_answer_invalid", "there is no profile to ask for", passing=False)
        profile = await self._provider.call(build_api_request(url, access_token))
        claims = read_profile(profile, metadata.issuer, self._services.clock.now())
        if "email" not in claims:
            claims.update(read_email(await self._provider.call(build_api_request(f"{url}/emails", access_token))))
        if self._asks_groups:
            answer = await self._provider.call(build_api_request(f"{url}/orgs", access_token))
            claims["groups"] = read_organisations(answer)
        return claims
