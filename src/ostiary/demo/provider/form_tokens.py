"""Tokens in our forms that tie a form to the browser it was shown to, so that no other site can send it.

A browser gets a random name in a cookie; the form carries an HMAC over that name and what the form is for. Nothing is
stored. (The pages send no referrer, so a browser posts them with `Origin: null`, which could not tell friend from foe.)
"""

import hashlib
import hmac
import secrets
from typing import final


@final
class FormTokens:
    """Makes and recognises form tokens under a key of this run."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def make(self, browser: str, purpose: str) -> str:
        """Return the token for the form `purpose` in the browser named `browser`."""
        message = f"{len(browser)}:{browser}{purpose}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def is_genuine(self, token: str, browser: str | None, purpose: str) -> bool:
        """Return whether the token was made for this browser and purpose; a browser without its cookie has none."""
        if not browser:
            return False
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self.make(browser, purpose).encode("ascii"))


def name_browser() -> str:
    """Return a new name for a browser that has none."""
    return secrets.token_urlsafe(24)
