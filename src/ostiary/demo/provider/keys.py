"""The provider's signing key: RSA, made at start, published as a JWK Set, gone at the end.

`kid` is the key's thumbprint (RFC 7638), so that a restarted provider never gives an old name to a new key.
"""

import json
from collections.abc import Mapping
from typing import Any, final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

ALGORITHM = "RS256"
MAX_TOKEN_BYTES = 16_384

Claims = Mapping[str, Any]


class InvalidTokenError(ValueError):
    """This provider did not sign that. The text never holds the token."""


@final
class SigningKey:
    """Signs and recognises this provider's tokens."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        self.jwks: bytes = json.dumps({"keys": [self._key.as_dict(private=False)]}).encode("ascii")

    def sign(self, claims: Claims, typ: str = "JWT") -> str:
        """Return a compact JWS of `claims` with the header `typ`."""
        header = {"alg": ALGORITHM, "typ": typ, "kid": self._key.kid}
        return jwt.encode(header, dict(claims), self._key, [ALGORITHM])

    def read(self, token: str, typ: str = "JWT") -> Claims:
        """Return the claims of a token that this key signed, whatever its age.

        Raises InvalidTokenError when it is too long, of another type, or not ours.
        """
        if len(token) > MAX_TOKEN_BYTES or not token.isascii():
            raise InvalidTokenError("not a token of this provider")
        try:
            decoded = jwt.decode(token, self._key, [ALGORITHM])
        except (JoseError, ValueError) as error:
            raise InvalidTokenError("not a token of this provider") from error
        if decoded.header.get("typ") != typ:
            raise InvalidTokenError("a token of another type")
        return decoded.claims
