"""What every store refuses before it is asked: keys, values, members and times that `ostiary.ports.Store` rules out.

A store in memory would take anything; refused here, a mistake shows with every store alike. What is refused is named
by its size and never shown.
"""

import math
import re

from ostiary.errors import StoreFault

MAX_KEY_CHARACTERS = 256
MAX_VALUE_BYTES = 1024 * 1024
MAX_MEMBER_CHARACTERS = 1024

_KEY = re.compile(r"[!-~]{1,256}\Z")


def check_key(key: str) -> None:
    """Refuse what is no key. Raises StoreFault (`store_refused`)."""
    if not _KEY.match(key):
        raise StoreFault("store_refused", f"a key is 1 to {MAX_KEY_CHARACTERS} printable ASCII characters, no spaces")


def check_value(value: bytes, expires_at: float) -> None:
    """Refuse a value that is too large, or has no end. Raises StoreFault (`store_refused`)."""
    if len(value) > MAX_VALUE_BYTES:
        raise StoreFault("store_refused", f"a value of {len(value)} bytes: {MAX_VALUE_BYTES} are kept at most")
    _check_time(expires_at)


def check_member(member: str, expires_at: float) -> None:
    """Refuse a member that is empty, too long, no Unicode text, or has no end. Raises StoreFault (`store_refused`)."""
    if not 1 <= len(member) <= MAX_MEMBER_CHARACTERS or "\0" in member or _has_surrogate(member):
        raise StoreFault("store_refused", f"a member is a text of 1 to {MAX_MEMBER_CHARACTERS} characters")
    _check_time(expires_at)


def _check_time(expires_at: float) -> None:
    if not math.isfinite(expires_at):
        raise StoreFault("store_refused", "what is kept has an end: `expires_at` is a finite time")


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in text)
