"""Sealed texts: AES-256-GCM under a key derived from the operator's secret, bound to where the text belongs.

A seal keeps cookies secret and unforgeable. What it is for (`purpose`) chooses the key by HKDF-SHA256 (RFC 5869), and
everything that a text must not be moved between (cookie name, issuer, client, version) is authenticated with it as a
length-prefixed tuple. Nonces are 96 random bits that the caller passes in (NIST SP 800-38D §8.2.2: at most 2^32 texts
for one key). Not a store: what is sealed can be replayed until whoever opens it says otherwise.
"""

from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Sequence
from typing import final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
TAG_BYTES = 16
_KEY_BYTES = 32
_SALT = b"ostiary sealed text 1"
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def encode_base64url(octets: bytes) -> bytes:
    """Encode without padding (RFC 4648 §5). `binascii` is ten times faster here than `base64`."""
    return b2a_base64(octets, newline=False).rstrip(b"=").translate(_TO_URL)


def decode_base64url(text: bytes) -> bytes | None:
    """Decode unpadded base64url; None for anything but the one canonical spelling."""
    try:
        octets = a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4), strict_mode=True)
    except Error:
        return None
    return octets if encode_base64url(octets) == text else None


def sealed_bytes(plain_bytes: int) -> int:
    """Return the length of the sealed text of that many bytes."""
    return -(-(NONCE_BYTES + plain_bytes + TAG_BYTES) * 4 // 3)


def bind(*parts: str) -> bytes:
    """Join parts so that no two tuples look alike: each has its length before it."""
    encoded = [part.encode("utf-8") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


@final
class Sealer:
    """Seals with the first secret and opens with any, so that secrets can be changed without signing people out."""

    __slots__ = ("_ciphers",)

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        """Derive a key from each secret. Raises ValueError when there is none."""
        if not secrets:
            message = "a sealer needs at least one secret"
            raise ValueError(message)
        self._ciphers = tuple(AESGCM(_derive_key(secret, purpose)) for secret in secrets)

    def seal(self, plain: bytes, binding: bytes, nonce: bytes) -> bytes:
        """Return the sealed text (base64url). `nonce` is 12 fresh random bytes, never used twice."""
        if len(nonce) != NONCE_BYTES:
            message = f"a nonce has {NONCE_BYTES} bytes"
            raise ValueError(message)
        return encode_base64url(nonce + self._ciphers[0].encrypt(nonce, plain, binding))

    def open(self, sealed: bytes, binding: bytes) -> bytes | None:
        """Return what was sealed under the same binding, or None; nothing that a client sends makes it raise."""
        octets = decode_base64url(sealed)
        if octets is None or len(octets) < NONCE_BYTES + TAG_BYTES:
            return None
        nonce, encrypted = octets[:NONCE_BYTES], octets[NONCE_BYTES:]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, encrypted, binding)
            except InvalidTag:
                continue
        return None


def _derive_key(secret: str, purpose: str) -> bytes:
    expansion = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=_SALT, info=purpose.encode("utf-8"))
    return expansion.derive(secret.encode("utf-8"))
