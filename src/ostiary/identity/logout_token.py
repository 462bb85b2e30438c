"""Logout tokens: every check of OpenID Connect Back-Channel Logout 1.0 §2.6, in its order.

They are signed as ID tokens are, by the same keys, and nothing unsigned is ever taken: they come from whoever sends
them. What tells them from every other token is the event; what an ID token has (`nonce`) they must not have. That one
works once, and which sessions it ends, is `ostiary.relying_party.back_channel_logout`'s.
"""

from collections.abc import Mapping
from typing import Any, final

import msgspec

from ostiary.identity.claims import (
    check_audience,
    check_expiry,
    check_issued_at,
    check_issuer,
    check_not_before,
    check_subject,
    read_session_id,
    read_text,
)
from ostiary.identity.jose import TokenRefused, check_type, parse_compact_token
from ostiary.identity.keys import KeySet, check_issuer_signature

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
MAX_LOGOUT_AGE_S = 300.0
MAX_ID_CHARACTERS = 512
_TYPES = frozenset({"jwt", "logout+jwt"})


@final
class ExpectedLogoutToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a logout token has to say to be ours; `algorithms` and `client_secret` are as for ID tokens."""

    issuer: str
    client_id: str
    algorithms: frozenset[str] | None = None
    client_secret: str = ""
    slack_s: float = 120.0

    def __repr__(self) -> str:
        """Name issuer and client; the rest holds a secret."""
        return f"ExpectedLogoutToken({self.issuer!r}, {self.client_id!r})"


@final
class VerifiedLogoutToken(msgspec.Struct, frozen=True, kw_only=True):
    """A logout token that passed every check; its only maker is `read_logout_token`.

    Of `session_id` (`sid`) and `subject` (`sub`) at least one is there. `id` is its `jti`, `issued_at` its `iat`. From
    `refused_from` on no copy of it would pass any more. Times in wall-clock seconds.
    """

    issuer: str
    id: str
    session_id: str | None
    subject: str | None
    issued_at: float
    refused_from: float

    def __repr__(self) -> str:
        """Show nothing: it is about a person."""
        return "VerifiedLogoutToken(***)"


def read_logout_token(raw: str, expected: ExpectedLogoutToken, keys: KeySet, now: float) -> VerifiedLogoutToken:
    """Return the verified token. Raises TokenRefused, or UnknownKey when fetching the keys again may help.

    Codes, besides those of `parse_compact_token`: `token_type`, `token_issuer`, `token_audience`, `token_algorithm`,
    `token_signature`, `token_key_unknown`, `token_issued_at`, `token_expired`, `token_not_yet_valid`, `token_subject`,
    `token_claim` for a claim of the wrong type, `logout_token_nobody`, `logout_token_event`, `logout_token_nonce` and
    `logout_token_id`.
    """
    try:
        token = parse_compact_token(raw.encode("ascii"))
    except UnicodeEncodeError:
        raise TokenRefused("token_malformed") from None
    claims = token.claims
    check_type(token, _TYPES)
    check_issuer(claims, expected.issuer)
    check_audience(claims, expected.client_id)
    check_issuer_signature(token, keys, expected.algorithms, expected.client_secret)
    slack_s = expected.slack_s
    issued_at = check_issued_at(claims, now, slack_s, MAX_LOGOUT_AGE_S + slack_s)
    expires_at = check_expiry(claims, now, slack_s)
    check_not_before(claims, now, slack_s)
    session_id, subject = read_session_id(claims), _read_subject(claims)
    if session_id is None and subject is None:
        raise TokenRefused("logout_token_nobody")
    _check_event(claims)
    if "nonce" in claims:
        raise TokenRefused("logout_token_nonce")
    return VerifiedLogoutToken(
        issuer=expected.issuer,
        id=_read_id(claims),
        session_id=session_id,
        subject=subject,
        issued_at=issued_at,
        refused_from=min(expires_at, issued_at + MAX_LOGOUT_AGE_S) + slack_s,
    )


def _read_subject(claims: Mapping[str, Any]) -> str | None:
    """§2.4: `sub` may be missing; one that is there is as in an ID token."""
    if claims.get("sub") is None:
        return None
    check_subject(claims)
    return read_text(claims, "sub")


def _check_event(claims: Mapping[str, Any]) -> None:
    """§2.4: `events` is an object with the member of logouts, which is an object (usually empty)."""
    events = claims.get("events")
    if type(events) is not dict or type(events.get(LOGOUT_EVENT)) is not dict:
        raise TokenRefused("logout_token_event")


def _read_id(claims: Mapping[str, Any]) -> str:
    """§2.4: `jti` is there, so that a token works once."""
    token_id = claims.get("jti")
    if type(token_id) is not str or not 0 < len(token_id) <= MAX_ID_CHARACTERS:
        raise TokenRefused("logout_token_id")
    return token_id
