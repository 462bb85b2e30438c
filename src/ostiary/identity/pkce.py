"""Proof Key for Code Exchange (RFC 7636): a verifier that stays here, and the challenge that goes to the provider.

S256 only; `plain` would show the verifier to whoever reads the authorization request.
"""

from hashlib import sha256

from ostiary.identity.sealing import encode_base64url

METHOD = "S256"
VERIFIER_RANDOM_BYTES = 32


def build_verifier(random: bytes) -> str:
    """Return the verifier of 43 characters from 32 random bytes (RFC 7636 §4.1)."""
    if len(random) != VERIFIER_RANDOM_BYTES:
        message = f"a verifier is made of {VERIFIER_RANDOM_BYTES} random bytes"
        raise ValueError(message)
    return encode_base64url(random).decode("ascii")


def build_challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2)."""
    return encode_base64url(sha256(verifier.encode("ascii")).digest()).decode("ascii")
