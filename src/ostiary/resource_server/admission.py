"""From a verified access token to the verdict: the operator's own checks, the principal, and headers for the upstream.

What is made here is remembered and served again as it is, so that a repeated token costs a look-up.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from typing import Any, final

from ostiary.identity.access_token import VerifiedAccessToken
from ostiary.identity.bearer import find_missing_scopes
from ostiary.identity.claims import read_scopes
from ostiary.identity.jose import TokenRefused
from ostiary.identity.subject import digest_subject, read_kind
from ostiary.plugin import MAX_EDIT_VALUE_BYTES, Admit, Principal, Reply, RequestEdits, edit_request
from ostiary.ports import Log
from ostiary.resource_server.answers import BearerAnswers
from ostiary.resource_server.audience import find_audience_fault
from ostiary.resource_server.settings import BearerSettings


@final
class Admission:
    """Makes the verdict for verified tokens; `reason` is the stable code for the access log."""

    __slots__ = ("_log", "_reason", "_settings", "answers")

    def __init__(self, settings: BearerSettings, reason: str, log: Log) -> None:
        """Render the answers. Raises OperatorFault for a realm or scopes that no header can carry."""
        self._settings = settings
        self._reason = reason
        self._log = log
        self.answers = BearerAnswers(settings.realm, settings.required_scopes)

    def settle(self, token: bytes, verified: VerifiedAccessToken, issuer: str) -> Admit | Reply:
        """Return the verdict: 403 for scope or audience, 401 for claims that the schema refuses, else admitted.

        `issuer` is whose token it is. Raises TokenRefused for claims of the wrong type.
        """
        claims = verified.claims
        refusal = self._find_refusal(claims)
        if refusal is not None:
            return refusal
        return Admit(_name(claims, issuer), reason=self._reason, edits=self._edit(token, verified))

    def _find_refusal(self, claims: Mapping[str, Any]) -> Reply | None:
        settings = self._settings
        if settings.required_scopes and find_missing_scopes(settings.required_scopes, read_scopes(claims)):
            return self.answers.insufficient_scope
        if settings.audience is not None:
            fault = find_audience_fault(settings.audience, claims)
            if fault is not None:
                return self.answers.audience[fault]
        if settings.claim_schema is not None:
            place = settings.claim_schema.find_fault(claims)
            if place is not None:
                self._log.event("warning", "claims_refused", "a token does not fit claim_schema", at=place)
                return self.answers.invalid("claims_refused")
        return None

    def _edit(self, token: bytes, verified: VerifiedAccessToken) -> RequestEdits | None:
        headers = []
        settings = self._settings
        if settings.set_access_token_header:
            text = token.decode("ascii")
            if settings.access_token_in_authorization_header:
                headers.append(("Authorization", f"Bearer {text}"))
            else:
                headers.append(("X-Access-Token", text))
        if settings.set_userinfo_header:
            headers.append(("X-Userinfo", b2a_base64(verified.payload, newline=False).decode("ascii")))
        if any(len(value) > MAX_EDIT_VALUE_BYTES for _, value in headers):
            headers = self._leave_out(headers)
        return edit_request(headers) if headers else None

    def _leave_out(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Drop what no header may carry, and say so."""
        for name, value in headers:
            if len(value) > MAX_EDIT_VALUE_BYTES:
                message = f"{name} would be longer than {MAX_EDIT_VALUE_BYTES} bytes and was left out"
                self._log.event("warning", "identity_header_left_out", message, header=name, bytes=len(value))
        return [header for header in headers if len(header[1]) <= MAX_EDIT_VALUE_BYTES]


def _name(claims: Mapping[str, Any], issuer: str) -> Principal:
    """Name whom the token speaks for; the client stands in where a token has no `sub`."""
    client_id = _text(claims, "client_id") or _text(claims, "azp")
    subject = _text(claims, "sub") or client_id
    return Principal(
        issuer=issuer,
        subject=subject,
        client_id=client_id,
        kind=read_kind(claims),
        digest=digest_subject(issuer, subject),
        claims=claims,
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        raise TokenRefused("token_claim")
    return value
