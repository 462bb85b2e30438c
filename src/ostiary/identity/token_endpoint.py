"""The token endpoint's two halves: what we ask, and what we accept as an answer (RFC 6749 §4.1.3, §5, §6).

An answer is believed when it is a strict JSON object with a bearer token in it. What a provider writes beside an
error is never repeated: it may quote the code or a secret. Revocation (RFC 7009) is the same call, with less to read.
"""

import re
from typing import Any, final

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.client_authentication import AssertionMoment, ClientCredentials, build_authenticated_form
from ostiary.identity.strict_json import InvalidJson, parse_json_object

_ERROR_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}\Z")
_HEADER_TEXT = re.compile(r"[\x21-\x7e]+\Z")
MAX_LIFETIME_S = 2**31


@final
class TokenSet(msgspec.Struct, frozen=True, kw_only=True):
    """What a token endpoint gave. Texts as they came; `expires_in` in seconds, None when the provider did not say."""

    access_token: str
    token_type: str
    expires_in: int | None = None
    refresh_token: str | None = None
    id_token: str | None = None
    scope: str | None = None

    def __repr__(self) -> str:
        """Say which parts are there, never what they are."""
        return f"TokenSet(refresh_token={self.refresh_token is not None}, id_token={self.id_token is not None})"


def build_code_exchange(
    endpoint: str,
    credentials: ClientCredentials,
    moment: AssertionMoment | None,
    *,
    code: str,
    redirect_uri: str,
    code_verifier: str | None,
) -> OutboundRequest:
    """Build the request that redeems an authorization code; `code_verifier` None when no challenge was sent."""
    fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)]
    if code_verifier is not None:
        fields.append(("code_verifier", code_verifier))
    return build_authenticated_form(endpoint, credentials, fields, moment=moment)


def build_refresh(
    endpoint: str,
    credentials: ClientCredentials,
    moment: AssertionMoment | None,
    *,
    refresh_token: str,
) -> OutboundRequest:
    """Build the request for new tokens (RFC 6749 §6): without a scope, which asks for what was granted before."""
    fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)]
    return build_authenticated_form(endpoint, credentials, fields, moment=moment)


def build_revocation(
    endpoint: str,
    credentials: ClientCredentials,
    moment: AssertionMoment | None,
    *,
    token: str,
    hint: str | None,
) -> OutboundRequest:
    """Build the request that revokes a token (RFC 7009 §2.1); `hint` is `access_token`, `refresh_token` or None."""
    fields = [("token", token)]
    if hint is not None:
        fields.append(("token_type_hint", hint))
    return build_authenticated_form(endpoint, credentials, fields, moment=moment)


def read_revocation_response(response: OutboundResponse) -> None:
    """Read the answer to a revocation (RFC 7009 §2.2). Raises ProviderFault `revocation_refused`.

    A token that was invalid before is answered like one that is revoked now; the body says nothing.
    """
    if response.status not in {200, 204}:
        raise _refuse("revocation_refused", response)


def read_token_response(response: OutboundResponse) -> TokenSet:
    """Read the answer (§5.1, §5.2), also to a refresh. Raises ProviderFault `token_refused` or `token_answer_invalid`.

    The detail of `token_refused` is the provider's error code alone (`invalid_grant`, `invalid_client` where it does
    not accept how we say who we are, ...), or the status. `scope` may come as an array of texts.
    """
    if response.status != 200:
        raise _refuse("token_refused", response)
    try:
        answer = parse_json_object(response.body)
    except InvalidJson as error:
        raise _invalid(f"the answer cannot be read: {error}") from None
    access_token = answer.get("access_token")
    token_type = answer.get("token_type")
    if type(access_token) is not str or not _HEADER_TEXT.match(access_token):
        raise _invalid("the answer has no access_token that fits into a header")
    if type(token_type) is not str or token_type.lower() != "bearer":
        raise _invalid("the answer's token_type is not Bearer")
    return TokenSet(
        access_token=access_token,
        token_type=token_type,
        expires_in=_read_lifetime(answer),
        refresh_token=_read_optional(answer, "refresh_token"),
        id_token=_read_optional(answer, "id_token"),
        scope=_read_scope(answer),
    )


def _invalid(detail: str) -> ProviderFault:
    return ProviderFault("token_answer_invalid", detail, passing=False)


def _refuse(code: str, response: OutboundResponse) -> ProviderFault:
    """Make a fault of an error answer; 5xx and 429 pass by themselves, a refused grant does not."""
    passing = response.status >= 500 or response.status == 429
    try:
        error = parse_json_object(response.body).get("error")
    except InvalidJson:
        error = None
    if type(error) is str and _ERROR_CODE.match(error):
        return ProviderFault(code, error, passing=passing)
    return ProviderFault(code, f"status {response.status}", passing=passing)


def _read_lifetime(answer: dict[str, Any]) -> int | None:
    """Return `expires_in` in whole seconds. A number in quotes is read too: some providers write it so."""
    value = answer.get("expires_in")
    if value is None:
        return None
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if type(value) not in {int, float} or not 0 <= value < MAX_LIFETIME_S:
        raise _invalid("the answer's expires_in is no number of seconds")
    return int(value)


def _read_optional(answer: dict[str, Any], name: str) -> str | None:
    value = answer.get(name)
    if value is not None and type(value) is not str:
        raise _invalid(f"the answer's {name} is no text")
    return value or None


def _read_scope(answer: dict[str, Any]) -> str | None:
    """Return `scope` as the specification writes it (§3.3); some providers write an array of texts instead."""
    value = answer.get("scope")
    if type(value) is list and all(type(each) is str for each in value):
        return " ".join(value) or None
    return _read_optional(answer, "scope")
