"""The UserInfo endpoint's two halves (OpenID Connect Core §5.3).

The answer counts only when it speaks of the subject of the ID token (§5.3.4): anything else is a token that was
swapped. Signed answers (`application/jwt`, §5.3.2) count when issuer, audience and signature are right. Encrypted ones
are not supported, and distributed claims are never fetched.
"""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, final

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.claims import check_issuer, read_texts
from ostiary.identity.jose import CompactToken, TokenRefused, UnknownKey, check_type, parse_compact_token
from ostiary.identity.keys import KeySet, check_issuer_signature
from ostiary.identity.strict_json import InvalidJson, parse_json_object

_TYPES = frozenset({"jwt"})


@final
class ExpectedUserinfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a signed answer has to say. `algorithms` None accepts every asymmetric one; HMAC has to be among them."""

    issuer: str
    client_id: str
    algorithms: frozenset[str] | None = None
    client_secret: str = ""

    def __repr__(self) -> str:
        """Name issuer and client; the rest holds a secret."""
        return f"ExpectedUserinfo({self.issuer!r}, {self.client_id!r})"


def build_userinfo_request(endpoint: str, access_token: str) -> OutboundRequest:
    """Build the GET with the access token in its header, never in the query."""
    headers = (("Authorization", f"Bearer {access_token}"), ("Accept", "application/json"))
    return OutboundRequest(method="GET", url=endpoint, headers=headers)


def read_userinfo(
    response: OutboundResponse, subject: str, keys: KeySet | None = None, expected: ExpectedUserinfo | None = None
) -> Mapping[str, Any]:
    """Read the answer; its `sub` must be the ID token's. A signed one needs `keys` and what is `expected` of it.

    Raises ProviderFault `userinfo_refused` (a status other than 200), `userinfo_answer_invalid` or
    `userinfo_subject_mismatch`, and UnknownKey when fetching the keys again may help.
    """
    if response.status != 200:
        passing = response.status >= 500 or response.status == 429
        raise ProviderFault("userinfo_refused", f"the endpoint answered with status {response.status}", passing=passing)
    if response.header("content-type").partition(";")[0].strip().lower() == "application/jwt":
        claims = _read_signed(response.body, keys, expected)
    else:
        claims = _read_plain(response.body)
    named = claims.get("sub")
    if type(named) is not str or not compare_digest(named.encode("utf-8"), subject.encode("utf-8")):
        detail = "the answer's sub is not that of the ID token"
        raise ProviderFault("userinfo_subject_mismatch", detail, passing=False)
    return claims


def _read_plain(body: bytes) -> Mapping[str, Any]:
    try:
        return parse_json_object(body)
    except InvalidJson as error:
        raise ProviderFault("userinfo_answer_invalid", f"the answer cannot be read: {error}", passing=False) from None


def _read_signed(body: bytes, keys: KeySet | None, expected: ExpectedUserinfo | None) -> Mapping[str, Any]:
    """Verify a signed answer (§5.3.2): it names the issuer, and us as its audience."""
    if keys is None or expected is None:
        detail = "the answer is signed (application/jwt), and there is nothing to verify it with"
        raise ProviderFault("userinfo_answer_invalid", detail, passing=False)
    try:
        token = parse_compact_token(body.strip())
        _check_token(token, keys, expected)
    except UnknownKey:
        raise
    except TokenRefused as refused:
        detail = f"the signed answer is refused: {refused.code}"
        raise ProviderFault("userinfo_answer_invalid", detail, passing=False) from None
    return token.claims


def _check_token(token: CompactToken, keys: KeySet, expected: ExpectedUserinfo) -> None:
    check_type(token, _TYPES)
    check_issuer(token.claims, expected.issuer)
    if expected.client_id not in read_texts(token.claims, "aud"):
        raise TokenRefused("token_audience")
    check_issuer_signature(token, keys, expected.algorithms, expected.client_secret)
