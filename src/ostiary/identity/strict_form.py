"""Forms and queries read strictly: no parameter twice, no broken escape, UTF-8 (RFC 6749 §3.2, appendix B).

For endpoints that programs call. What a browser brings back from a provider is read, more forgivingly, by
`ostiary.identity.authorization`.
"""

import re
from urllib.parse import unquote_to_bytes

from ostiary.identity.oauth_refusal import OAuthRefused

MAX_FORM_BYTES = 8192
MAX_FORM_PARAMETERS = 32

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def parse_form(encoded: bytes) -> dict[str, str]:
    """Return the parameters by name; those without a value count as left out (RFC 6749 §3.2).

    `+` is a space. Raises OAuthRefused `token_request_malformed` for a parameter that comes twice, an escape that is
    none, text that is not UTF-8, and more than 8 KiB or 32 parameters.
    """
    pairs = encoded.split(b"&", MAX_FORM_PARAMETERS)
    if len(encoded) > MAX_FORM_BYTES or len(pairs) > MAX_FORM_PARAMETERS:
        raise _malformed(f"more than {MAX_FORM_BYTES} bytes or {MAX_FORM_PARAMETERS} parameters")
    parameters: dict[str, str] = {}
    for pair in pairs:
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        decoded = decode_form_text(name)
        if decoded in parameters:
            raise _malformed("a parameter comes twice")
        parameters[decoded] = decode_form_text(value)
    return {name: value for name, value in parameters.items() if value}


def decode_form_text(encoded: bytes) -> str:
    """Decode one name or value of a form. Raises OAuthRefused `token_request_malformed`."""
    if _BROKEN_ESCAPE.search(encoded):
        raise _malformed("a percent sign is not followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed("a parameter is not UTF-8") from None


def _malformed(description: str) -> OAuthRefused:
    return OAuthRefused("token_request_malformed", "invalid_request", description)
