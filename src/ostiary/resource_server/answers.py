"""The answers of a resource server, rendered once (RFC 6750 §3).

Every reason for refusing a token looks the same from outside; the reason code is for the access log alone.
"""

from collections.abc import Mapping
from typing import final

import msgspec

from ostiary.errors import OperatorFault
from ostiary.identity.bearer import challenge
from ostiary.plugin import Reply
from ostiary.resource_server.audience import AudienceFault

_JSON = ("Content-Type", "application/json")


@final
class BearerAnswers:
    """The replies for one realm and one list of required scopes."""

    __slots__ = ("_invalid_body", "_invalid_headers", "audience", "insufficient_scope", "malformed", "missing")

    def __init__(self, realm: str, required_scopes: tuple[str, ...]) -> None:
        """Render them. Raises OperatorFault `realm_invalid` or `required_scopes_invalid`."""
        try:
            plain = challenge(realm)
        except ValueError as error:
            raise OperatorFault("realm_invalid", f"realm: {error}") from None
        self.missing = Reply(
            401,
            reason="token_missing",
            headers=(_JSON, ("WWW-Authenticate", plain)),
            body=_render("unauthorized", "This resource needs a bearer token in the Authorization header."),
        )
        self.malformed = Reply(
            400,
            reason="authorization_malformed",
            headers=(_JSON, ("WWW-Authenticate", challenge(realm, "invalid_request"))),
            body=_render("invalid_request", "The Authorization header is not of the form: Bearer <token>"),
        )
        self._invalid_headers = (_JSON, ("WWW-Authenticate", challenge(realm, "invalid_token")))
        self._invalid_body = _render(
            "invalid_token", "The access token is malformed, expired, revoked or not meant for this service."
        )
        self.audience: Mapping[AudienceFault, Reply] = {
            "audience_missing": _render_forbidden("audience_missing", "required audience claim not present"),
            "audience_mismatch": _render_forbidden("audience_mismatch", "mismatched audience"),
        }
        self.insufficient_scope = _render_insufficient_scope(realm, required_scopes)

    def invalid(self, reason: str) -> Reply:
        """Return the 401 for a token that is refused; `reason` is the stable code for the access log."""
        return Reply(401, reason=reason, headers=self._invalid_headers, body=self._invalid_body)


def _render_insufficient_scope(realm: str, scopes: tuple[str, ...]) -> Reply:
    """Render the 403, which names all required scopes, not only the missing ones."""
    try:
        value = challenge(realm, "insufficient_scope", " ".join(scopes) if scopes else None)
    except ValueError as error:
        raise OperatorFault("required_scopes_invalid", f"required_scopes: {error}") from None
    body = msgspec.json.encode({"error": f"required scopes {', '.join(scopes)} not present"})
    return Reply(403, reason="scope_missing", headers=(_JSON, ("WWW-Authenticate", value)), body=body)


def _render_forbidden(reason: str, error: str) -> Reply:
    return Reply(403, reason=reason, headers=(_JSON,), body=msgspec.json.encode({"error": error}))


def _render(error: str, message: str) -> bytes:
    return msgspec.json.encode({"error": error, "message": message})
