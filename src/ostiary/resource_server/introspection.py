"""Bearer tokens judged by their provider, one call per token (RFC 7662).

Who shows a token while its introspection is in the air waits for the same answer. Answers are shared with the other
workers and nodes (`shared_answers`), the verdict is this instance's own. An active one is remembered until its expiry
claim, or for the configured interval if that is shorter, and not at all without the claim; an inactive one for ten
seconds. A provider that fails is a fault, remembered as nothing.
"""

from functools import partial
from math import inf
from typing import final

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.access_token import ExpectedAccessToken, VerifiedAccessToken
from ostiary.identity.claims import read_text
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.identity.introspection import build_introspection, check_introspected, find_answer_end, read_activity
from ostiary.identity.jose import MAX_TOKEN_BYTES, TokenRefused
from ostiary.identity.metadata import derive_issuer
from ostiary.plugin import Admit, Pending, Reply, Services
from ostiary.providers.client_authenticator import ClientAuthenticator
from ostiary.providers.provider import Provider
from ostiary.providers.single_flight import SingleFlight
from ostiary.resource_server.addon_headers import AddonHeaders
from ostiary.resource_server.admission import Admission
from ostiary.resource_server.memory import REFUSED_S, VerdictMemory
from ostiary.resource_server.settings import BearerSettings
from ostiary.resource_server.shared_answers import AnswerScope, KeptAnswer, SharedAnswers


@final
class _Answer(msgspec.Struct, frozen=True):
    """What the provider said: None for an inactive token. It may be remembered `until` then (seconds)."""

    introspected: VerifiedAccessToken | None
    until: float


@final
class Introspection:
    """Judges tokens by introspection; they need not be JWTs."""

    __slots__ = (
        "_admission", "_authenticator", "_clock", "_flights", "_issuer", "_memory", "_provider", "_settings",
        "_shared", "_spawner",
    )  # fmt: skip

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
        self._spawner = services.spawner
        self._authenticator: ClientAuthenticator | None = None
        if settings.credentials is not None:
            self._authenticator = ClientAuthenticator(
                settings.credentials,
                "introspection_endpoint_auth_method",
                services.clock,
                services.random,
                services.log,
            )
        self._flights: SingleFlight[Admit | Reply] = SingleFlight(services.spawner, "token introspection")
        self._issuer = derive_issuer(provider.settings.discovery)
        scope = _find_scope(settings, provider)
        self._shared = SharedAnswers(scope, services) if settings.remembers else None

    def judge(self, raw: bytes, digest: bytes, now: float, addons: AddonHeaders = ()) -> Admit | Reply | Pending:
        """Return the verdict on a token that is not remembered: always pending, but for one that is too large.

        `addons` go along with the call; `digest` stands for token and addons.
        """
        if len(raw) > MAX_TOKEN_BYTES:
            return self._admission.answers.invalid("token_too_large")
        return Pending(partial(self._settle, raw, digest, addons))

    async def _settle(self, raw: bytes, digest: bytes, addons: AddonHeaders) -> Admit | Reply:
        """Ask, or wait for who asks already. Raises ProviderFault."""
        if self._shared is None:
            return await self._conclude(raw, digest, await self._ask(raw, addons))
        now = self._clock.now()
        known = self._memory.find(digest, now)
        if known is not None:
            return known
        return await self._flights.join(digest, partial(self._find_out, self._shared, raw, digest, addons))

    async def _find_out(self, shared: SharedAnswers, raw: bytes, digest: bytes, addons: AddonHeaders) -> Admit | Reply:
        """Take the answer that somebody else was given, or ask."""
        kept = await shared.find(raw, addons)
        answer = None if kept is None else self._read_kept(kept)
        return await self._conclude(raw, digest, answer or await self._ask(raw, addons))

    def _read_kept(self, kept: KeptAnswer) -> _Answer | None:
        """Read an answer by our own rules; None when by these its time is over."""
        now = self._clock.now()
        try:
            answer = self._read(OutboundResponse(status=200, body=kept.body), min(kept.asked_at, now))
        except ProviderFault:
            return None
        return answer if answer.until > now else None

    async def _ask(self, raw: bytes, addons: AddonHeaders) -> _Answer:
        """Ask the provider, and let the others know what it says."""
        endpoint, credentials = await self._find_endpoint()
        asked_at = self._clock.now()
        moment = None if self._authenticator is None else self._authenticator.make_moment()
        call = build_introspection(endpoint, credentials, raw.decode("ascii"), moment=moment, headers=addons)
        response = await self._provider.call(call, introspects=True)
        answer = self._read(response, asked_at)
        if self._shared is not None and answer.until > self._clock.now():
            kept = KeptAnswer(asked_at, response.body)
            self._spawner.spawn("introspection answer", self._shared.keep(raw, addons, kept, answer.until))
        return answer

    def _read(self, response: OutboundResponse, asked_at: float) -> _Answer:
        """Read an answer and how long it may be remembered. Raises ProviderFault."""
        settings = self._settings
        try:
            introspected = read_activity(response)
        except TokenRefused:
            return _Answer(None, asked_at + REFUSED_S)
        end = find_answer_end(introspected.claims, settings.introspection_expiry_claim, asked_at)
        if end is None:
            return _Answer(introspected, asked_at)
        return _Answer(introspected, min(end, asked_at + (settings.introspection_interval_s or inf)))

    async def _conclude(self, raw: bytes, digest: bytes, answer: _Answer) -> Admit | Reply:
        """Judge an answer by the rules of this instance, and remember the verdict. Raises ProviderFault."""
        now = self._clock.now()
        longest_s = inf
        verdict: Admit | Reply
        if answer.introspected is None:
            longest_s = answer.until - now
            verdict = self._admission.answers.invalid("token_inactive")
        else:
            verdict = await self._judge_active(raw, answer.introspected)
        self._memory.remember(digest, verdict, expires_at=answer.until, longest_s=longest_s, now=self._clock.now())
        return verdict

    async def _judge_active(self, raw: bytes, introspected: VerifiedAccessToken) -> Admit | Reply:
        try:
            expected = await self._expect(introspected)
            verified = check_introspected(introspected, expected, self._clock.now(), self._settings.slack_s)
            return self._admission.settle(raw, verified, read_text(verified.claims, "iss") or self._issuer)
        except TokenRefused as refused:
            return self._admission.answers.invalid(refused.code)

    async def _find_endpoint(self) -> tuple[str, ClientCredentials | None]:
        """Find where to ask, and as whom: what the metadata offers is for the endpoint that the metadata names."""
        settings = self._settings
        if settings.introspection_endpoint is not None:
            return settings.introspection_endpoint, settings.credentials
        metadata = await self._provider.load_metadata(self._clock.now())
        if metadata.introspection_endpoint is None:
            detail = "the provider's metadata has no introspection_endpoint; set one, or use_jwks"
            raise ProviderFault("introspection_endpoint_missing", detail, passing=False)
        authenticator = self._authenticator
        if authenticator is None:
            return metadata.introspection_endpoint, None
        return metadata.introspection_endpoint, authenticator.choose(
            metadata.introspection_endpoint_auth_methods_supported
        )

    async def _expect(self, introspected: VerifiedAccessToken) -> ExpectedAccessToken | None:
        """Find the issuers to compare with.

        An answer without `iss` needs none, so discovery is not asked for it; but where the operator names issuers, it
        has to say whose token it is.
        """
        issuers = self._settings.issuers
        if introspected.claims.get("iss") is None:
            if issuers:
                raise TokenRefused("token_issuer")
            return None
        if not issuers:
            issuers = ((await self._provider.load_metadata(self._clock.now())).issuer,)
        return ExpectedAccessToken(issuers=frozenset(issuers))


def _find_scope(settings: BearerSettings, provider: Provider) -> AnswerScope:
    return AnswerScope(
        segment=settings.cache_segment,
        endpoint=settings.introspection_endpoint or "",
        discovery=provider.settings.discovery,
        client_id="" if settings.credentials is None else settings.credentials.client_id,
        issuers=settings.issuers,
        path=(provider.settings.tls_verify, provider.settings.trusted_certificates, provider.settings.proxies),
    )
