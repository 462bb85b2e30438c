"""`cookie_secret` → the bytes that it stands for: 16, 24 or 32 of them, as oauth2-proxy reads them.

The text without its trailing `=` is decoded as URL-safe base64; where that gives 16, 24 or 32 bytes, they are the
secret; otherwise the text's own bytes are, and have to be that many. Two spellings of one secret seal alike. Pure.
"""

import re
from base64 import urlsafe_b64decode

LENGTHS = (16, 24, 32)
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")


def decode_cookie_secret(text: str) -> bytes:
    """Return the bytes. Raises ValueError, which tells the length and never the text."""
    decoded = _decode(text.rstrip("="))
    octets = text.encode("utf-8")
    for found in (decoded, octets):
        if found is not None and len(found) in LENGTHS:
            return found
    told = f"{len(octets)} as it is written" + ("" if decoded is None else f" and {len(decoded)} decoded from base64")
    raise ValueError(f"a secret has 16, 24 or 32 bytes, and this one has {told}")


def _decode(text: str) -> bytes | None:
    """Decode unpadded base64url, left-over bits included, as Go does; None for what is none."""
    if not _ALPHABET.match(text) or len(text) % 4 == 1:
        return None
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
