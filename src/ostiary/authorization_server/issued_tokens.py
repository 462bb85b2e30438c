"""The tokens of this server: made, verified, and remembered once proven (RFC 9068).

A hit in memory costs a digest of the header and one look-up; a miss one parse, one look-up among the consumers however
many there are, and one signature. What a token may open (route, `allow`) is asked again each time: see `protection`.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, final

from ostiary.authorization_server.consumers import Consumer, Consumers
from ostiary.authorization_server.settings import ServerSettings
from ostiary.authorization_server.signing import TokenSigner
from ostiary.bounded import BoundedMap
from ostiary.identity.bearer import MalformedCredentials, parse_authorization
from ostiary.identity.issued_token import (
    TOKEN_ID_BYTES,
    IssuedClaims,
    build_issued_claims,
    build_token_id,
    check_origin,
    check_scope,
    check_times,
    find_revocation_id,
    read_issued_claims,
)
from ostiary.identity.jose import CompactToken, HeaderMemory, TokenRefused, parse_compact_token
from ostiary.identity.subject import digest_subject
from ostiary.plugin import Admit, Principal, edit_request
from ostiary.ports import Random

MAX_REMEMBERED = 4096
CONSUMER_HEADER = "X-Mse-Consumer"


class ProvenToken(NamedTuple):
    """A token that was verified, with the finished admission of its consumer. `revocation_id`: see `issued_token`."""

    consumer: str
    audience: str
    revocation_id: str | None
    admit: Admit

    def __repr__(self) -> str:
        """Name the consumer."""
        return f"ProvenToken({self.consumer!r})"


@final
class IssuedTokens:
    """Issues and verifies. `is_revoked` says whether a token was taken back; None: nobody can."""

    __slots__ = ("_consumers", "_headers", "_proven", "_random", "_settings", "_signer", "is_revoked")

    def __init__(
        self,
        settings: ServerSettings,
        consumers: Consumers,
        signer: TokenSigner,
        random: Random,
        is_revoked: Callable[[str | None], bool] | None = None,
    ) -> None:
        """Take the parts; nothing is remembered yet."""
        self._settings = settings
        self._consumers = consumers
        self._signer = signer
        self._random = random
        self._headers = HeaderMemory()
        self._proven: BoundedMap[bytes, ProvenToken] = BoundedMap(MAX_REMEMBERED)
        self.is_revoked = is_revoked

    def issue(self, consumer: Consumer, audience: str, scope: str | None, now: float) -> str:
        """Return a new token for a proven consumer."""
        issued_at = int(now)
        claims = IssuedClaims(
            audience=audience,
            client_id=consumer.client_id,
            expires_at=issued_at + self._settings.token_ttl_s,
            issued_at=issued_at,
            issuer=self._settings.issuer,
            subject=consumer.name,
            token_id=build_token_id(self._random.token_bytes(TOKEN_ID_BYTES)),
        )
        return self._signer.sign(build_issued_claims(claims, scope), consumer)

    def find(self, header: bytes, now: float, digest: bytes | None = None) -> ProvenToken:
        """Return what is proven of the token in a header `Bearer <token>`. Raises TokenRefused.

        `digest` is the header's SHA-256, from a caller who has it. Codes besides those of `parse_compact_token` and
        `issued_token`: `authorization_malformed`, `token_scheme`, `token_consumer`, `token_algorithm`,
        `token_signature`, `token_revoked`.
        """
        digest = digest or sha256(header).digest()
        proven = self._proven.get(digest, now)
        if proven is None:
            claims, proven = self._verify(header, now)
            until = claims.expires_at + self._settings.skew_s
            self._proven.put(digest, proven, expires_at=until, now=now)
        if self.is_revoked is not None and self.is_revoked(proven.revocation_id):
            raise TokenRefused("token_revoked")
        return proven

    def verify(self, raw: bytes, now: float) -> tuple[Consumer, IssuedClaims, CompactToken]:
        """Check a token: form, types, consumer, signature, times, origin, scope, in this order. Raises TokenRefused."""
        token = parse_compact_token(raw, self._headers)
        claims = read_issued_claims(token)
        consumer = self._consumers.find(claims.client_id)
        if consumer is None:
            raise TokenRefused("token_consumer")
        self._signer.check(token, consumer)
        check_times(claims, now, self._settings.skew_s)
        check_origin(claims, token, issuer=self._settings.issuer, subject=consumer.name)
        check_scope(token, consumer.scopes)
        return consumer, claims, token

    def _verify(self, header: bytes, now: float) -> tuple[IssuedClaims, ProvenToken]:
        try:
            raw = parse_authorization(header)
        except MalformedCredentials:
            raise TokenRefused("authorization_malformed") from None
        if raw is None:
            raise TokenRefused("token_scheme")
        consumer, claims, token = self.verify(raw, now)
        return claims, ProvenToken(
            consumer=consumer.name,
            audience=claims.audience,
            revocation_id=find_revocation_id(claims),
            admit=self._admit(consumer, token),
        )

    def _admit(self, consumer: Consumer, token: CompactToken) -> Admit:
        """Name the consumer to the upstream; a client cannot (`ostiary.http.fields`)."""
        settings = self._settings
        principal = Principal(
            issuer=settings.issuer,
            subject=consumer.name,
            client_id=consumer.client_id,
            kind="machine",
            digest=digest_subject(settings.issuer, consumer.name),
            claims=token.claims,
        )
        delete = () if settings.keeps_token else (settings.header_name,)
        edits = edit_request([(CONSUMER_HEADER, consumer.name)], delete)
        return Admit(principal, reason="token_verified", edits=edits)
