"""Cookies as pairs: reading the Cookie header (RFC 6265 §5.4) and rendering Set-Cookie.

Names are exact and case-sensitive; nothing is unquoted or decoded; a pair without a name is ignored. What a cookie
means is not known here.
"""

import re
from collections.abc import Callable
from typing import Literal, final

import msgspec

SameSite = Literal["Strict", "Lax", "None"]
MAX_COOKIE_BYTES = 4096

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}\Z")
_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*\Z")
_ATTRIBUTE = re.compile(r"[\x20-\x3a\x3c-\x7e]*\Z")


def parse_cookies(header: bytes) -> list[tuple[bytes, bytes]]:
    """Split a Cookie header into (name, value) pairs, in order, duplicates included."""
    pairs = []
    for part in header.split(b";"):
        name, equals, value = part.strip(b" \t").partition(b"=")
        if equals and name:
            pairs.append((name, value))
    return pairs


def keep_cookies(header: bytes, is_kept: Callable[[bytes], bool]) -> bytes:
    """Return the Cookie header with only the pairs whose name is kept; empty when none is."""
    return b"; ".join(name + b"=" + value for name, value in parse_cookies(header) if is_kept(name))


def is_sent_to(path: str, cookie_path: str) -> bool:
    """Say whether browsers send a cookie with this Path along to a path (RFC 6265 §5.1.4)."""
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else f"{cookie_path}/")


@final
class CookieAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """How a cookie is set, and how it has to be deleted: with the same path, domain and flags."""

    path: str = "/"
    domain: str | None = None
    secure: bool = True
    http_only: bool = True
    same_site: SameSite | None = "Lax"


def render_set_cookie(name: str, value: str, attributes: CookieAttributes, max_age_s: int | None = None) -> str:
    """Render a Set-Cookie value. `max_age_s` None makes a browser-session cookie, 0 deletes.

    Raises ValueError for a name, value or attribute that a browser would cut or read differently.
    """
    if not _NAME.match(name) or not _VALUE.match(value):
        message = "a cookie's name or value holds characters that no cookie can carry"
        raise ValueError(message)
    parts = [f"{name}={value}", f"Path={attributes.path}"]
    if attributes.domain is not None:
        parts.append(f"Domain={attributes.domain}")
    if max_age_s is not None:
        parts.append(f"Max-Age={max_age_s}")
    parts.extend(flag for flag, on in (("Secure", attributes.secure), ("HttpOnly", attributes.http_only)) if on)
    if attributes.same_site is not None:
        parts.append(f"SameSite={attributes.same_site}")
    if not all(_ATTRIBUTE.match(part) for part in parts[1:]):
        message = "a cookie's path or domain holds a semicolon or a control character"
        raise ValueError(message)
    return "; ".join(parts)


def render_deleted_cookie(name: str, attributes: CookieAttributes) -> str:
    """Render the Set-Cookie value that removes a cookie set with the same attributes."""
    return render_set_cookie(name, "", attributes, max_age_s=0)
