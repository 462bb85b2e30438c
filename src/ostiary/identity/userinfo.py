"""The UserInfo endpoint's two halves (OpenID Connect Core §5.3).

The answer counts only when it speaks of the subject of the ID token (§5.3.4): anything else is a token that was
swapped. Signed answers (`application/jwt`) are not supported, and distributed claims are never fetched.
"""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.strict_json import InvalidJson, parse_json_object


def build_userinfo_request(endpoint: str, access_token: str) -> OutboundRequest:
    """Build the GET with the access token in its header, never in the query."""
    headers = (("Authorization", f"Bearer {access_token}"), ("Accept", "application/json"))
    return OutboundRequest(method="GET", url=endpoint, headers=headers)


def read_userinfo(response: OutboundResponse, subject: str) -> Mapping[str, Any]:
    """Read the answer; its `sub` must be the ID token's.

    Raises ProviderFault `userinfo_refused` (a status other than 200), `userinfo_answer_invalid` or
    `userinfo_subject_mismatch`.
    """
    if response.status != 200:
        passing = response.status >= 500 or response.status == 429
        raise ProviderFault("userinfo_refused", f"the endpoint answered with status {response.status}", passing=passing)
    if response.header("content-type").partition(";")[0].strip().lower() == "application/jwt":
        detail = "the answer is signed (application/jwt), which is not supported"
        raise ProviderFault("userinfo_answer_invalid", detail, passing=False)
    try:
        claims = parse_json_object(response.body)
    except InvalidJson as error:
        raise ProviderFault("userinfo_answer_invalid", f"the answer cannot be read: {error}", passing=False) from None
    named = claims.get("sub")
    if type(named) is not str or not compare_digest(named.encode("utf-8"), subject.encode("utf-8")):
        detail = "the answer's sub is not that of the ID token"
        raise ProviderFault("userinfo_subject_mismatch", detail, passing=False)
    return claims
