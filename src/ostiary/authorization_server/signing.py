"""Who signs the tokens that are issued here, and how their signatures are checked.

`TokenSigner` is the one place where kinds of keys meet. The documented one signs with the consumer's own secret
(HS256, RFC 7515 §A.1), so whoever holds that secret can make such tokens too: that is between the gateway and the
consumer, and no other consumer's token comes of it.
"""

from collections.abc import Mapping
from typing import Any, Protocol, final

from ostiary.authorization_server.consumers import Consumer
from ostiary.identity.issued_token import sign_with_key, sign_with_secret, verify_with_secret
from ostiary.identity.jose import CompactToken, TokenRefused, UnknownKey
from ostiary.identity.keys import KeySet, VerificationKey, check_signature
from ostiary.identity.server_metadata import find_key_id
from ostiary.identity.signing_keys import SigningKey


class TokenSigner(Protocol):
    """Signs tokens and checks the signatures of those that come back."""

    def sign(self, claims: Mapping[str, Any], consumer: Consumer) -> str:
        """Return the compact token of these claims; `typ` in its header is that of an access token (RFC 9068 §2.1)."""
        ...

    def check(self, token: CompactToken, consumer: Consumer) -> None:
        """Check algorithm and signature. Raises TokenRefused `token_algorithm` or `token_signature`."""
        ...


@final
class SecretSigner:
    """HS256 by the consumer's secret: the first one signs, each live one verifies."""

    __slots__ = ()

    def sign(self, claims: Mapping[str, Any], consumer: Consumer) -> str:
        return sign_with_secret(claims, consumer.signing_secrets[0])

    def check(self, token: CompactToken, consumer: Consumer) -> None:
        if token.algorithm != "HS256":
            raise TokenRefused("token_algorithm")
        if not any(verify_with_secret(token, secret) for secret in consumer.signing_secrets):
            raise TokenRefused("token_signature")


@final
class KeySigner:
    """Keys of the server's own: the first one signs, each verifies. Tokens name theirs, and no other is tried."""

    __slots__ = ("_key", "_key_id", "_keys")

    def __init__(self, keys: tuple[SigningKey, ...]) -> None:
        """Take at least one."""
        self._key, self._key_id = keys[0], find_key_id(keys[0])
        self._keys = KeySet(tuple(_make_verification_key(key) for key in keys))

    def sign(self, claims: Mapping[str, Any], consumer: Consumer) -> str:
        return sign_with_key(claims, self._key, self._key_id)

    def check(self, token: CompactToken, consumer: Consumer) -> None:
        try:
            check_signature(token, self._keys)
        except UnknownKey:  # nobody else has keys that count
            raise TokenRefused("token_signature") from None


def _make_verification_key(key: SigningKey) -> VerificationKey:
    return VerificationKey(find_key_id(key), key.key, frozenset({key.default_algorithm}))
