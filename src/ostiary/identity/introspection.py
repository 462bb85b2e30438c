"""Token introspection's two halves: what we ask, and what we accept as an answer (RFC 7662 §2).

Only `active: true`, the boolean, makes a token active. Times and issuer are checked when the answer has them. A
failing endpoint is a fault of the provider, never an inactive token: a client would throw a good one away.
"""

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.access_token import ExpectedAccessToken, VerifiedAccessToken
from ostiary.identity.claims import check_expiry, check_not_before, read_text
from ostiary.identity.client_authentication import ClientCredentials, build_authenticated_form
from ostiary.identity.jose import TokenRefused
from ostiary.identity.strict_json import InvalidJson, parse_json_object

MAX_ANSWER_BYTES = 65_536


def build_introspection(endpoint: str, credentials: ClientCredentials | None, token: str) -> OutboundRequest:
    """Build the request (§2.1): the token alone in the form, besides what authenticates us."""
    return build_authenticated_form(endpoint, credentials, [("token", token)], max_body_bytes=MAX_ANSWER_BYTES)


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
    """Check `exp`, `nbf` and `iss` of an active answer as far as it has them, and return it with its expiry.

    `expected` may be None when the answer has no `iss`: then no issuer has to be known. Raises TokenRefused.
    """
    claims = introspected.claims
    issuer = read_text(claims, "iss")
    if issuer is not None and (expected is None or issuer not in expected.issuers):
        raise TokenRefused("token_issuer")
    expires_at = None if claims.get("exp") is None else check_expiry(claims, now, slack_s)
    check_not_before(claims, now, slack_s)
    read_text(claims, "sub")
    return VerifiedAccessToken(claims, introspected.payload, expires_at)
