"""The answers of our endpoints: JSON that no cache keeps (RFC 6749 §5.1, §5.2), and the two of a protected route.

What a protected route says is the document's, word for word. The realm of its challenge is the address that was asked
for, without the query, which may hold a secret.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.authorization_server.clients import TooManyFailures
from ostiary.http.request import Request
from ostiary.identity.bearer import challenge
from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.plugin import Reply

MAX_REALM_CHARACTERS = 256
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_JSON = (
    ("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache"),
    ("Referrer-Policy", "no-referrer"),  # the address may hold a secret
)  # fmt: skip
_BASIC = ("WWW-Authenticate", 'Basic realm="token", charset="UTF-8"')

ACCESS_DENIED = b"Access Denied"
INVALID_TOKEN = b"Invalid Jwt token"


def answer_json(
    body: Mapping[str, Any], reason: str, status: int = 200, *, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """Return a JSON answer that no cache keeps."""
    return Reply(status, reason=reason, headers=(*_JSON, *headers), body=msgspec.json.encode(body))


def refuse_call(refused: OAuthRefused | TooManyFailures) -> Reply:
    """Return the error of a refused call: 429 for too many failures, 401 for `invalid_client`, else 400."""
    if isinstance(refused, TooManyFailures):
        description = f"too many failed attempts: try again in {refused.wait_s} seconds"
        body = {"error": "temporarily_unavailable", "error_description": description}
        return answer_json(body, "client_limited", 429, headers=(("Retry-After", str(refused.wait_s)),))
    body = {"error": refused.error, "error_description": refused.description}
    if refused.error == "invalid_client":
        return answer_json(body, refused.code, 401, headers=(_BASIC,))
    return answer_json(body, refused.code, 400)


def refuse_method(allowed: str) -> Reply:
    """Return the 405 of an endpoint; `allowed` is the Allow header."""
    body = {"error": "invalid_request", "error_description": f"this address takes {allowed}"}
    return answer_json(body, "token_method", 405, headers=(("Allow", allowed),))


def refuse_token(request: Request, reason: str) -> Reply:
    """Return the 401 of a protected route, the same for every reason."""
    realm = f"{request.scheme}://{request.authority.text}{request.target.raw_path.decode('ascii')}"
    headers = (_TEXT, ("WWW-Authenticate", challenge(realm[:MAX_REALM_CHARACTERS])))
    return Reply(401, reason=reason, headers=headers, body=INVALID_TOKEN)


def deny_access(reason: str) -> Reply:
    """Return the 403 of a protected route."""
    return Reply(403, reason=reason, headers=(_TEXT,), body=ACCESS_DENIED)
