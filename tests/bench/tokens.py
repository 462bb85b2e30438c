"""Signed tokens in quantity: RS256 with a 2048-bit key and the claims that a real provider puts into them.

Written over `cryptography` alone, so that the benchmark shares no code with what it measures.
"""

import base64
import json
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT_ID = "bench-client"
CLIENT_SECRET = "bench-client-secret-of-a-sensible-length"
SUBJECT = "7f3d1c1e-5b7e-4c1a-9f0a-3f6f0d7c2b11"
KEY_ID = "bench-key-1"
LIFETIME_S = 7200
WORKERS = 2


def generate_key() -> bytes:
    """Return a fresh private key as PEM."""
    return rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def sign_access_tokens(key: bytes, issuer: str, numbers: range) -> list[str]:
    """Return an access token for each number, all different, signed by several processes."""
    pieces = [range(start, numbers.stop, WORKERS) for start in range(numbers.start, numbers.start + WORKERS)]
    with ProcessPoolExecutor(WORKERS) as pool:
        signed = pool.map(_sign_piece, [key] * WORKERS, [issuer] * WORKERS, pieces)
        return [token for piece in signed for token in piece]


def _sign_piece(key: bytes, issuer: str, numbers: Iterable[int]) -> list[str]:
    mint = TokenMint(key, issuer)
    return [mint.access_token(number) for number in numbers]


class TokenMint:
    """Signs tokens of one issuer with one key."""

    def __init__(self, key: bytes, issuer: str) -> None:
        """Take the private key as PEM."""
        loaded = serialization.load_pem_private_key(key, None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        self._key = loaded
        self._issuer = issuer
        self._header = _encode({"alg": "RS256", "typ": "JWT", "kid": KEY_ID})

    def access_token(self, number: int) -> str:
        """Return an access token of about a kilobyte; another `number` is another token."""
        now = int(time.time())
        return self._sign(
            {
                "exp": now + LIFETIME_S,
                "iat": now,
                "jti": f"a1b2c3d4-0000-4000-8000-{number:012d}",
                "iss": self._issuer,
                "aud": "account",
                "sub": SUBJECT,
                "typ": "Bearer",
                "azp": CLIENT_ID,
                "sid": "0c9d8f1e-7a55-4a8c-8f19-0b4f0a8d3c77",
                "allowed-origins": ["http://127.0.0.1"],
                "realm_access": {"roles": ["offline_access", "default-roles-quickstart", "uma_authorization"]},
                "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
                "scope": "openid profile email",
                "email_verified": True,
                "preferred_username": "quickstart-user",
            }
        )

    def id_token(self, nonce: str) -> str:
        """Return an ID token for the only client."""
        now = int(time.time())
        return self._sign(
            {
                "exp": now + 3600,
                "iat": now,
                "auth_time": now,
                "iss": self._issuer,
                "aud": CLIENT_ID,
                "sub": SUBJECT,
                "azp": CLIENT_ID,
                "nonce": nonce,
                "sid": "0c9d8f1e-7a55-4a8c-8f19-0b4f0a8d3c77",
                "preferred_username": "quickstart-user",
                "email": "quickstart-user@example.com",
                "email_verified": True,
            }
        )

    def public_jwk(self) -> dict[str, str]:
        """Return the key that verifies what this signs."""
        numbers = self._key.public_key().public_numbers()
        modulus = numbers.n.to_bytes(256, "big")
        exponent = numbers.e.to_bytes(3, "big")
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": KEY_ID,
            "n": _base64(modulus),
            "e": _base64(exponent),
        }

    def _sign(self, claims: dict[str, Any]) -> str:
        signed = f"{self._header}.{_encode(claims)}"
        signature = self._key.sign(signed.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64(signature)}"


def _encode(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode("ascii"))


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
