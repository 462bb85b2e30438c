"""How a client says who it is at one of our endpoints: exactly one way per request (RFC 6749 §2.3).

HTTP Basic with form-encoded id and secret, both as parameters, or an assertion (RFC 7521 §4.2). Nothing is proven
here; two ways at once are refused, because different readers would believe different ones.
"""

from binascii import Error, a2b_base64
from collections.abc import Mapping
from typing import Literal, final

import msgspec

from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.identity.strict_form import decode_form_text

PresentedBy = Literal["basic", "parameters", "assertion"]


@final
class PresentedClient(msgspec.Struct, frozen=True, kw_only=True):
    """What a client presents; `secret` or `assertion` is empty. An assertion may come without `client_id`."""

    by: PresentedBy
    client_id: str
    secret: str = ""
    assertion: str = ""
    assertion_type: str = ""

    def __repr__(self) -> str:
        """Say how it came, not what."""
        return f"PresentedClient({self.by})"


def read_presented_client(authorization: bytes | None, parameters: Mapping[str, str]) -> PresentedClient:
    """Return what the client presents. Authorization schemes other than Basic are not about clients, and not read.

    Raises OAuthRefused: `client_missing` without any, `client_ambiguous` for two ways at once,
    `token_request_malformed` for a Basic header that is none.
    """
    basic = None if authorization is None else parse_basic(authorization)
    client_id = parameters.get("client_id", "")
    secret = parameters.get("client_secret", "")
    assertion = parameters.get("client_assertion", "")
    ways = (basic is not None) + bool(secret) + bool(assertion)
    if ways > 1 or (basic is not None and client_id not in ("", basic[0])):
        raise OAuthRefused(
            "client_ambiguous", "invalid_request", "the client says who it is in more than one way: use exactly one"
        )
    if basic is not None:
        return PresentedClient(by="basic", client_id=basic[0], secret=basic[1])
    if assertion:
        kind = parameters.get("client_assertion_type", "")
        return PresentedClient(by="assertion", client_id=client_id, assertion=assertion, assertion_type=kind)
    if not client_id or not secret:
        description = "client_id and client_secret are needed, as parameters or by HTTP Basic"
        raise OAuthRefused("client_missing", "invalid_client", description)
    return PresentedClient(by="parameters", client_id=client_id, secret=secret)


def parse_basic(authorization: bytes) -> tuple[str, str] | None:
    """Return id and secret, each form-decoded (RFC 6749 §2.3.1), or None for another scheme.

    Raises OAuthRefused `token_request_malformed`.
    """
    scheme, _, credentials = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        pair = a2b_base64(credentials, strict_mode=True)
    except Error:
        pair = b""
    client_id, colon, secret = pair.partition(b":")
    if not colon or not client_id or not secret:
        description = "the Basic credentials are not the base64 of id:secret"
        raise OAuthRefused("token_request_malformed", "invalid_request", description)
    return decode_form_text(client_id), decode_form_text(secret)
