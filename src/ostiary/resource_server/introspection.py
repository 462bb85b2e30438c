"""Bearer tokens judged by their provider, one call per token (RFC 7662).

Who shows a token while its introspection is in the air waits for the same answer. An active answer is remembered
until its `exp`, or for the configured interval if that is shorter, and not at all without `exp`; an inactive one for
ten seconds. A provider that fails is a fault, remembered as nothing.
"""

from functools import partial
from math import inf
from typing import final

from ostiary.errors import ProviderFault
from ostiary.identity.access_token import ExpectedAccessToken, VerifiedAccessToken
from ostiary.identity.claims import read_text
from ostiary.identity.introspection import build_introspection, check_introspected, read_activity
from ostiary.identity.jose import MAX_TOKEN_BYTES, TokenRefused
from ostiary.identity.metadata import derive_issuer
from ostiary.plugin import Admit, Pending, Reply, Services
from ostiary.providers.provider import Provider
from ostiary.providers.single_flight import SingleFlight
from ostiary.resource_server.admission import Admission
from ostiary.resource_server.memory import REFUSED_S, VerdictMemory
from ostiary.resource_server.settings import BearerSettings


@final
class Introspection:
    """Judges tokens by introspection; they need not be JWTs."""

    __slots__ = ("_admission", "_clock", "_flights", "_issuer", "_longest_s", "_memory", "_provider", "_settings")

    def __init__(
        self,
        settings: BearerSettings,
        provider: Provider,
        admission: Admission,
        memory: VerdictMemory,
        services: Services,
    ) -> None:
        """Take the parts; no network I/O."""
        self._settings = settings
        self._provider = provider
        self._admission = admission
        self._memory = memory
        self._clock = services.clock
        self._flights: SingleFlight[Admit | Reply] = SingleFlight(services.spawner, "token introspection")
        self._longest_s = settings.introspection_interval_s or inf
        self._issuer = derive_issuer(provider.settings.discovery)

    def judge(self, raw: bytes, digest: bytes, now: float) -> Admit | Reply | Pending:
        """Return the verdict on a token that is not remembered: always pending, but for one that is too large."""
        if len(raw) > MAX_TOKEN_BYTES:
            return self._admission.answers.invalid("token_too_large")
        return Pending(partial(self._settle, raw, digest))

    async def _settle(self, raw: bytes, digest: bytes) -> Admit | Reply:
        """Ask, or wait for who asks already. Raises ProviderFault."""
        now = self._clock.now()
        known = self._memory.find(digest, now)
        if known is not None:
            return known
        return await self._flights.join(digest, partial(self._ask, raw, digest))

    async def _ask(self, raw: bytes, digest: bytes) -> Admit | Reply:
        endpoint = await self._find_endpoint()
        call = build_introspection(endpoint, self._settings.credentials, raw.decode("ascii"))
        response = await self._provider.call(call, introspects=True)
        try:
            introspected = read_activity(response)
            expected = await self._expect(introspected)
            now = self._clock.now()
            verified = check_introspected(introspected, expected, now, self._settings.slack_s)
            verdict = self._admission.settle(raw, verified, read_text(verified.claims, "iss") or self._issuer)
        except TokenRefused as refused:
            verdict = self._admission.answers.invalid(refused.code)
            self._memory.remember(digest, verdict, expires_at=None, longest_s=REFUSED_S, now=self._clock.now())
            return verdict
        self._memory.remember(digest, verdict, expires_at=verified.expires_at, longest_s=self._longest_s, now=now)
        return verdict

    async def _find_endpoint(self) -> str:
        if self._settings.introspection_endpoint is not None:
            return self._settings.introspection_endpoint
        metadata = await self._provider.load_metadata(self._clock.now())
        if metadata.introspection_endpoint is None:
            detail = "the provider's metadata has no introspection_endpoint; set one, or use_jwks"
            raise ProviderFault("introspection_endpoint_missing", detail, passing=False)
        return metadata.introspection_endpoint

    async def _expect(self, introspected: VerifiedAccessToken) -> ExpectedAccessToken | None:
        """Find the issuers to compare with; an answer without `iss` needs none, so discovery is not asked for it."""
        issuers = self._settings.issuers
        if introspected.claims.get("iss") is None:
            return None
        if not issuers:
            issuers = ((await self._provider.load_metadata(self._clock.now())).issuer,)
        return ExpectedAccessToken(issuers=frozenset(issuers))
