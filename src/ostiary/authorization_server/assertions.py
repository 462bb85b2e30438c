"""Clients that prove themselves by a signed assertion: `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9).

The assertion speaks of the client alone (`iss` and `sub`), to this server (`aud`), for a few minutes, and once: its
`jti` is noted in the shared state, so that no gateway takes it again. It is signed with a key that is configured for
the client, and by no algorithm that a secret could stand for.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import final

from ostiary.authorization_server.consumers import Consumer, Consumers
from ostiary.authorization_server.settings import ServerSettings
from ostiary.identity.claims import check_expiry, check_not_before, read_text, read_texts
from ostiary.identity.client_assertion import ASSERTION_TYPE
from ostiary.identity.jose import CompactToken, TokenRefused, UnknownKey, parse_compact_token
from ostiary.identity.keys import KeySet, check_signature
from ostiary.identity.presented_client import PresentedClient
from ostiary.identity.server_metadata import split_issuer
from ostiary.ports import Store

LONGEST_S = 300.0
MAX_ID_CHARACTERS = 256


@final
class Assertions:
    """Implements `clients.AssertionProof` with the keys of the consumers that have some."""

    __slots__ = ("_audiences", "_consumers", "_keys", "_skew_s", "_store")

    def __init__(
        self, settings: ServerSettings, consumers: Consumers, keys: Mapping[str, KeySet], store: Store
    ) -> None:
        """Take the keys by client id; no I/O."""
        parts = split_issuer(settings.issuer)
        endpoint = () if parts is None else (f"{parts[0]}{settings.auth_path}",)
        self._audiences = frozenset((settings.issuer, *endpoint))
        self._consumers = consumers
        self._keys = keys
        self._skew_s = float(settings.skew_s)
        self._store = store

    def find_client_id(self, presented: PresentedClient) -> str:
        """Return whom the assertion claims to be of; "" where it does not say."""
        try:
            return read_text(parse_compact_token(presented.assertion.encode("ascii", "replace")).claims, "sub") or ""
        except TokenRefused:
            return ""

    async def prove(self, presented: PresentedClient, now: float) -> Consumer | None:
        """Return the consumer whose assertion this is, or None. Raises StoreFault."""
        try:
            token = parse_compact_token(presented.assertion.encode("ascii", "replace"))
            client_id, token_id, until = self._check(presented, token, now)
        except TokenRefused:
            return None
        used = sha256(f"{len(client_id)}:{client_id}{token_id}".encode()).hexdigest()
        if not await self._store.create(f"assertion:{used}", b"1", until + self._skew_s):
            return None
        return self._consumers.find(client_id)

    def _check(self, presented: PresentedClient, token: CompactToken, now: float) -> tuple[str, str, float]:
        """Return client id, `jti` and expiry of an assertion that counts. Raises TokenRefused."""
        claims = token.claims
        client_id = read_text(claims, "sub")
        keys = self._keys.get(client_id or "")
        is_about_itself = client_id == read_text(claims, "iss") and presented.client_id in ("", client_id)
        if client_id is None or keys is None or not is_about_itself or presented.assertion_type != ASSERTION_TYPE:
            raise TokenRefused("token_consumer")
        if not self._audiences & set(read_texts(claims, "aud")):
            raise TokenRefused("token_audience")
        until = check_expiry(claims, now, self._skew_s)
        check_not_before(claims, now, self._skew_s)
        token_id = read_text(claims, "jti")
        if until > now + LONGEST_S + self._skew_s or not token_id or len(token_id) > MAX_ID_CHARACTERS:
            raise TokenRefused("token_expired")
        try:
            check_signature(token, keys)
        except UnknownKey:
            raise TokenRefused("token_signature") from None
        return client_id, token_id, until
