"""The authorization request and its answer (RFC 6749 §4.1.1, §4.1.2; OpenID Connect Core §3.1.2; RFC 9207).

What we send is built from configuration only. What comes back, in the query or in a form that the browser posts (OAuth
2.0 Form Post Response Mode), is read in the order of the checks: no parameter twice, not too many, then `iss` before
anything else is believed. Reading decides nothing about the browser: that the answer belongs to a login started there
is `ostiary.identity.login_flow`'s, and the two meet in `authorize`.
"""

import re
from collections.abc import Mapping
from typing import Literal, final
from urllib.parse import quote, unquote_plus

import msgspec

from ostiary.errors import ProviderFault
from ostiary.identity.login_flow import LoginFlow
from ostiary.identity.metadata import Metadata

ResponseMode = Literal["query", "form_post"]
FORM_TYPE = b"application/x-www-form-urlencoded"
MAX_PARAMETERS = 20
# Of the whole answer, by where it comes.
MAX_ANSWER_BYTES: dict[ResponseMode, int] = {"query": 8192, "form_post": 16_384}
MAX_CODE_BYTES = 4096
# What identity a login has, where it returns to and how: never the operator's to overwrite (RFC 9700 §2.1, RFC 9101).
PROTOCOL_PARAMETERS = frozenset({
    "client_id", "client_secret", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "request",
    "request_uri", "response_mode", "response_type", "state",
})  # fmt: skip
_ONCE = frozenset({"code", "error", "error_description", "id_token", "iss", "session_state", "state"})
_ERROR_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_MAX_DESCRIPTION = 300


class CallbackRefused(Exception):  # noqa: N818 - the design's word: a refusal is an answer, not an error of ours
    """An authorization response that is not accepted. `code` is stable and says which rule."""

    def __init__(self, code: str) -> None:
        """Remember the stable `code`."""
        super().__init__(code)
        self.code = code


class AuthorizationDenied(Exception):  # noqa: N818 - the provider's answer, not an error of ours
    """The provider answered with an error (RFC 6749 §4.1.2.1): its code, and its description in printable ASCII."""

    def __init__(self, error: str, description: str) -> None:
        """Remember what may be shown, escaped."""
        super().__init__(error)
        self.error = error
        self.description = description


@final
class AuthorizationResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a callback, each there at most once; nothing is believed yet."""

    state: str
    code: str | None = None
    issuer: str | None = None
    error: str | None = None
    error_description: str = ""

    def __repr__(self) -> str:
        """Say which parameters are there; code and state are secrets."""
        return f"AuthorizationResponse(code={self.code is not None}, error={self.error is not None})"


@final
class AuthorizedCallback:
    """An authorization code that belongs to a login of this browser; its only maker is `authorize`."""

    __slots__ = ("code", "flow")

    def __init__(self, code: str, flow: LoginFlow) -> None:
        """Hold a checked code and its flow."""
        self.code = code
        self.flow = flow


def build_authorization_base(
    endpoint: str, client_id: str, scope: str, extra: Mapping[str, str], response_mode: ResponseMode = "query"
) -> str:
    """Return the part of the authorization URL that is the same for every login, ending in `&`.

    `extra` may name another `scope`; the usual response mode goes without saying (OAuth 2.0 Multiple Response Types
    §2.1). Raises ProviderFault `authorization_endpoint_invalid` for an endpoint with a fragment or with one of our
    parameters, ValueError for an extra parameter of the protocol.
    """
    check_extra_parameters(extra)
    names = {unquote_plus(pair.partition("=")[0]) for pair in endpoint.partition("?")[2].split("&")}
    parameters = {"response_type": "code", "client_id": client_id, "scope": scope, **extra}
    if response_mode != "query":
        parameters["response_mode"] = response_mode
    if "#" in endpoint or names & (PROTOCOL_PARAMETERS | set(parameters)):
        raise ProviderFault("authorization_endpoint_invalid", "a fragment, or a parameter that is ours", passing=False)
    joint = "&" if "?" in endpoint else "?"
    return endpoint + joint + "".join(f"{_quote(name)}={_quote(value)}&" for name, value in parameters.items())


def build_authorization_url(base: str, flow: LoginFlow, code_challenge: str | None) -> str:
    """Return the URL that a person is sent to: the base, and what is new with every login."""
    url = f"{base}redirect_uri={_quote(flow.redirect_uri)}&state={flow.state}&nonce={flow.nonce}"
    return url if code_challenge is None else f"{url}&code_challenge={code_challenge}&code_challenge_method=S256"


def check_extra_parameters(extra: Mapping[str, str]) -> None:
    """Refuse extra parameters that would overwrite the protocol's. Raises ValueError, naming the parameter."""
    for name in extra:
        if not name or name in PROTOCOL_PARAMETERS:
            message = f"the parameter {name!r} belongs to the protocol and is set for every login"
            raise ValueError(message)


def read_authorization_response(answer: bytes | None, response_mode: ResponseMode = "query") -> AuthorizationResponse:
    """Read the callback's query or form, which are encoded alike (RFC 6749 §4.1.2). Raises CallbackRefused.

    Codes: `callback_too_large`, `callback_parameter_repeated`, `callback_state_missing`.
    """
    if answer is not None and len(answer) > MAX_ANSWER_BYTES[response_mode]:
        raise CallbackRefused("callback_too_large")
    pairs = read_parameters(answer)
    if len(pairs) > MAX_PARAMETERS:
        raise CallbackRefused("callback_too_large")
    names = [name for name, _ in pairs if name in _ONCE]
    if len(names) != len(set(names)):
        raise CallbackRefused("callback_parameter_repeated")
    found = dict(pairs)
    if not found.get("state"):
        raise CallbackRefused("callback_state_missing")
    return AuthorizationResponse(
        state=found["state"],
        code=found.get("code"),
        issuer=found.get("iss"),
        error=found.get("error"),
        error_description=_UNPRINTABLE.sub(" ", found.get("error_description", ""))[:_MAX_DESCRIPTION],
    )


def read_parameters(answer: bytes | None) -> list[tuple[str, str]]:
    """Split a query or form into decoded (name, value) pairs, in order, repeated ones included; up to one too many."""
    pairs = []
    for pair in (answer or b"").split(b"&", MAX_PARAMETERS + 1)[: MAX_PARAMETERS + 1]:
        if pair:
            name, _, value = pair.decode("latin-1").partition("=")
            pairs.append((unquote_plus(name, errors="replace"), unquote_plus(value, errors="replace")))
    return pairs


def check_issuer(response: AuthorizationResponse, flow: LoginFlow, metadata: Metadata) -> None:
    """RFC 9207 §2.4: `iss`, where it is or must be there, names the issuer that the person was sent to.

    Raises CallbackRefused `callback_issuer_missing` or `callback_issuer_differs`.
    """
    if flow.issuer != metadata.issuer:
        raise CallbackRefused("callback_issuer_differs")
    if response.issuer is None:
        if metadata.authorization_response_iss_parameter_supported:
            raise CallbackRefused("callback_issuer_missing")
    elif response.issuer != metadata.issuer:
        raise CallbackRefused("callback_issuer_differs")


def authorize(response: AuthorizationResponse, flow: LoginFlow, metadata: Metadata) -> AuthorizedCallback:
    """RFC 6749 §4.1.2: after the issuer, an error ends the login; otherwise there is a code of a sane size.

    `flow` is the one found under the response's state. Raises CallbackRefused (also `callback_code_missing`,
    `callback_code_too_large`) and AuthorizationDenied.
    """
    check_issuer(response, flow, metadata)
    if response.error is not None:
        error = response.error if _ERROR_CODE.match(response.error) else "unknown_error"
        raise AuthorizationDenied(error, response.error_description)
    if not response.code:
        raise CallbackRefused("callback_code_missing")
    if len(response.code) > MAX_CODE_BYTES:
        raise CallbackRefused("callback_code_too_large")
    return AuthorizedCallback(response.code, flow)


def _quote(text: str) -> str:
    return quote(text, safe="")
