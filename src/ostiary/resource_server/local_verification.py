"""Bearer tokens verified here, with the issuer's keys or the operator's (RFC 9068 §4, RFC 8725).

With issuer and keys in memory the verdict is inline: no task, no waiting. Only missing metadata or keys, and a key id
that may be new, are pending.
"""

from functools import partial
from typing import final

from ostiary.identity.access_token import ExpectedAccessToken, read_access_token
from ostiary.identity.jose import CompactToken, HeaderMemory, TokenRefused, UnknownKey, parse_compact_token
from ostiary.identity.keys import KeySet, read_public_key
from ostiary.identity.metadata import Metadata
from ostiary.plugin import Admit, Pending, Reply
from ostiary.ports import Clock
from ostiary.providers.provider import Provider
from ostiary.resource_server.addon_headers import AddonHeaders
from ostiary.resource_server.admission import Admission
from ostiary.resource_server.memory import VerdictMemory
from ostiary.resource_server.settings import BearerSettings

# A key that its issuer withdrew stops working for remembered tokens, too, after this; sooner where it is noticed.
MAX_REMEMBERED_S = 300.0


@final
class LocalVerification:
    """Judges JWTs. With a public key and issuers in the settings the provider is never asked."""

    __slots__ = (
        "_admission", "_clock", "_configured", "_discovered", "_headers", "_keys", "_memory", "_pinned", "_provider",
        "_settings",
    )  # fmt: skip

    def __init__(
        self, settings: BearerSettings, provider: Provider, admission: Admission, memory: VerdictMemory, clock: Clock
    ) -> None:
        """Read the public key, if there is one. Raises OperatorFault `public_key_invalid`."""
        self._headers = HeaderMemory()
        self._settings = settings
        self._provider = provider
        self._admission = admission
        self._memory = memory
        self._clock = clock
        self._pinned = None if settings.public_key is None else read_public_key(settings.public_key)
        self._configured = self._expect(settings.issuers) if settings.issuers else None
        self._discovered: tuple[Metadata, ExpectedAccessToken] | None = None
        self._keys: KeySet | None = None

    def judge(self, raw: bytes, digest: bytes, now: float, addons: AddonHeaders = ()) -> Admit | Reply | Pending:
        """Return the verdict on a token that is not remembered. `addons` matter to introspection alone."""
        del addons
        try:
            token = parse_compact_token(raw, self._headers)
        except TokenRefused as refused:
            return self._admission.answers.invalid(refused.code)
        expected = self._configured
        if expected is None:
            metadata = self._provider.metadata(now)
            expected = None if metadata is None else self._expect_of(metadata)
        keys = self._pinned if self._pinned is not None else self._provider.keys(now)
        if expected is None or keys is None:
            return Pending(partial(self._settle, token, digest))
        try:
            return self._verify(token, digest, expected, keys, now)
        except UnknownKey as unknown:
            if self._provider.may_refresh_keys(unknown.kid, now):
                return Pending(partial(self._settle_with_new_keys, token, digest, expected, unknown.kid))
            return self._admission.answers.invalid(unknown.code)
        except TokenRefused as refused:
            return self._admission.answers.invalid(refused.code)

    async def _settle(self, token: CompactToken, digest: bytes) -> Admit | Reply:
        """Load what is missing, then judge. Raises ProviderFault."""
        expected = self._configured
        if expected is None:
            expected = self._expect_of(await self._provider.load_metadata(self._clock.now()))
        keys = self._pinned if self._pinned is not None else await self._provider.load_keys(self._clock.now())
        return self._conclude(token, digest, expected, keys)

    async def _settle_with_new_keys(
        self, token: CompactToken, digest: bytes, expected: ExpectedAccessToken, kid: str | None
    ) -> Admit | Reply:
        """Fetch the keys again, then judge. Raises ProviderFault."""
        keys = await self._provider.refresh_keys(self._clock.now(), kid)
        return self._conclude(token, digest, expected, keys)

    def _conclude(
        self, token: CompactToken, digest: bytes, expected: ExpectedAccessToken, keys: KeySet
    ) -> Admit | Reply:
        try:
            return self._verify(token, digest, expected, keys, self._clock.now())
        except TokenRefused as refused:
            return self._admission.answers.invalid(refused.code)

    def _verify(
        self, token: CompactToken, digest: bytes, expected: ExpectedAccessToken, keys: KeySet, now: float
    ) -> Admit | Reply:
        """Check everything and remember the verdict. Raises TokenRefused."""
        if keys is not self._keys:
            self._notice_keys(keys)
        verified = read_access_token(token, expected, keys, now)
        verdict = self._admission.settle(token.raw, verified, verified.claims["iss"])
        self._memory.remember(digest, verdict, expires_at=verified.expires_at, longest_s=MAX_REMEMBERED_S, now=now)
        return verdict

    def _notice_keys(self, keys: KeySet) -> None:
        """When a key is gone its tokens are proven again: it may have been withdrawn because somebody else has it."""
        if self._keys is not None and not self._keys.thumbprints() <= keys.thumbprints():
            self._memory.admitted.clear()
        self._keys = keys

    def _expect_of(self, metadata: Metadata) -> ExpectedAccessToken:
        """Make the expectation once for each metadata."""
        known = self._discovered
        if known is None or known[0] is not metadata:
            known = self._discovered = (metadata, self._expect((metadata.issuer,)))
        return known[1]

    def _expect(self, issuers: tuple[str, ...]) -> ExpectedAccessToken:
        return ExpectedAccessToken(
            issuers=frozenset(issuers), algorithm=self._settings.algorithm, slack_s=self._settings.slack_s
        )
