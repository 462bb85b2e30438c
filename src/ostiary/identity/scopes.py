"""Which scopes a token gets: those that were asked for, as far as the client may have them (RFC 6749 §3.3).

Nothing is granted that nobody configured, and what cannot be granted refuses the request: a token with less than was
asked for would fail later, somewhere else.
"""

import re

from ostiary.identity.oauth_refusal import OAuthRefused

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*\Z")


def grant_scope(requested: str | None, available: tuple[str, ...]) -> str | None:
    """Return the `scope` of a token, space-separated; None for a token without. Nothing requested: all there are.

    Raises OAuthRefused `scope_refused`.
    """
    if requested is None:
        return " ".join(available) or None
    if not _SCOPE.match(requested):
        raise OAuthRefused("scope_refused", "invalid_scope", "the scope is not space-separated words")
    names = dict.fromkeys(requested.split(" "))
    if not available:
        raise OAuthRefused("scope_refused", "invalid_scope", "no scopes are granted here: ask without a scope")
    if not names.keys() <= set(available):
        raise OAuthRefused("scope_refused", "invalid_scope", "this client may not have one of these scopes")
    return " ".join(names)
