"""Bearer tokens on the wire: reading the Authorization header and writing the challenge (RFC 6750 §2.1, §3).

Tokens are taken from the Authorization header only, never from a query or a form. The challenge's texts are fixed:
the same for every reason a token is refused, so that nobody learns from them, and without anything a client sent.
"""

import re
from collections.abc import Iterable
from typing import Literal

BearerError = Literal["invalid_request", "invalid_token", "insufficient_scope"]

_INVALID_TOKEN = "The access token is malformed, expired, revoked or not meant for this service"
_TOKEN68 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
_QUOTABLE = re.compile(r"[\t\x20-\x7e]*\Z")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*\Z")


class MalformedCredentials(ValueError):  # noqa: N818 - the RFC's noun: what the client sent is malformed
    """An Authorization header that is none: no space, or a bearer token outside its alphabet."""


def parse_authorization(value: bytes) -> bytes | None:
    """Return the bearer token, or None when the scheme is another. Raises MalformedCredentials.

    The scheme is compared without case (RFC 9110 §11.1); exactly one space, then token68 (RFC 6750 §2.1).
    """
    scheme, space, token = value.partition(b" ")
    if not space:
        raise MalformedCredentials("the Authorization header has no credentials after its scheme")
    if scheme.lower() != b"bearer":
        return None
    body = token.rstrip(b"=")
    if not body or body.translate(None, _TOKEN68):
        raise MalformedCredentials("the bearer token has characters outside its alphabet")
    return token


def challenge(realm: str, error: BearerError | None = None, scope: str | None = None) -> str:
    """Return the WWW-Authenticate value (RFC 6750 §3); `scope` is space-separated.

    Raises ValueError for a realm or scope that no header can carry: control bytes, non-ASCII, or a quote in a scope.
    """
    if not _QUOTABLE.match(realm):
        raise ValueError("the realm has control bytes or non-ASCII characters")
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    parts = [f'Bearer realm="{quoted}"']
    if error is not None:
        parts.append(f'error="{error}"')
    if error == "invalid_token":
        parts.append(f'error_description="{_INVALID_TOKEN}"')
    if scope is not None:
        if not _SCOPE.match(scope):
            raise ValueError("a scope is printable ASCII without quotes, backslashes and doubled spaces")
        parts.append(f'scope="{scope}"')
    return ", ".join(parts)


def find_missing_scopes(required: Iterable[str], granted: frozenset[str]) -> tuple[str, ...]:
    """Return the required scopes that were not granted, in their order."""
    return tuple(scope for scope in required if scope not in granted)
