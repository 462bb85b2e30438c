"""Token introspection's two halves: what we ask, and what we accept as an answer (RFC 7662 §2).

Only `active: true`, the boolean, makes a token active. Times and issuer are checked when the answer has them. A
failing endpoint is a fault of the provider, never an inactive token: a client would throw a good one away.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.access_token import ExpectedAccessToken, VerifiedAccessToken
from ostiary.identity.claims import check_expiry, check_not_before, check_token_use, read_text, read_time
from ostiary.identity.client_authentication import AssertionMoment, ClientCredentials, build_authenticated_form
from ostiary.identity.jose import TokenRefused
from ostiary.identity.strict_json import InvalidJson, parse_json_object

MAX_ANSWER_BYTES = 65_536
# A number of seconds since the epoch is at least this (September 2001), a duration never.
EARLIEST_TIME = 1_000_000_000
# What RFC 7662 §2.2 says of a bearer token (RFC 6749 §5.1), and what some providers write there instead.
_TOKEN_TYPES = frozenset({"bearer", "access_token"})


def build_introspection(
    endpoint: str,
    credentials: ClientCredentials | None,
    token: str,
    *,
    moment: AssertionMoment | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> OutboundRequest:
    """Build the request (§2.1): the token alone in the form, besides what authenticates us, and further headers."""
    fields = [("token", token)]
    call = build_authenticated_form(endpoint, credentials, fields, moment=moment, max_body_bytes=MAX_ANSWER_BYTES)
    return msgspec.structs.replace(call, headers=call.headers + headers) if headers else call


def read_activity(response: OutboundResponse) -> VerifiedAccessToken:
    """Read an answer that says `active: true`; nothing else in it is checked yet (`check_introspected`).

    Raises TokenRefused `token_inactive`, or ProviderFault `introspection_refused` (a status other than 200) or
    `introspection_answer_invalid`.
    """
    if response.status != 200:
        detail = f"the introspection endpoint answered with status {response.status}"
        raise ProviderFault("introspection_refused", detail, passing=response.status >= 500 or response.status == 429)
    try:
        answer = parse_json_object(response.body)
    except InvalidJson as error:
        detail = f"the introspection answer cannot be read: {error}"
        raise ProviderFault("introspection_answer_invalid", detail, passing=False) from None
    if answer.get("active") is not True:
        raise TokenRefused("token_inactive")
    return VerifiedAccessToken(answer, response.body, None)


def check_introspected(
    introspected: VerifiedAccessToken, expected: ExpectedAccessToken | None, now: float, slack_s: float
) -> VerifiedAccessToken:
    """Check an active answer's `token_type`, `token_use`, `iss`, `exp` and `nbf`, if any; return it with its expiry.

    `expected` may be None when the answer has no `iss`: then no issuer has to be known. Raises TokenRefused. Some
    providers call each token of theirs active: refresh tokens and ID tokens too, which open no service.
    """
    claims = introspected.claims
    token_type = read_text(claims, "token_type")
    if token_type is not None and token_type.lower() not in _TOKEN_TYPES:
        raise TokenRefused("token_type")
    check_token_use(claims)
    issuer = read_text(claims, "iss")
    if issuer is not None and (expected is None or issuer not in expected.issuers):
        raise TokenRefused("token_issuer")
    expires_at = None if claims.get("exp") is None else check_expiry(claims, now, slack_s)
    check_not_before(claims, now, slack_s)
    read_text(claims, "sub")
    return VerifiedAccessToken(claims, introspected.payload, expires_at)


def find_answer_end(claims: Mapping[str, Any], name: str, asked_at: float) -> float | None:
    """Return until when an active answer may be remembered by the claim of this name, or None: not at all.

    `exp` is a time. Any other claim is a duration in seconds from `asked_at`, or a time where it is large enough to be
    one, and never lengthens what `exp` says.
    """
    try:
        expires_at = read_time(claims, "exp")
        value = read_time(claims, name)
    except TokenRefused:
        return None
    if value is None or name == "exp":
        return value
    end = value if value >= EARLIEST_TIME else asked_at + value
    return end if expires_at is None else min(end, expires_at)
