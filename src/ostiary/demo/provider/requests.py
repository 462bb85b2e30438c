"""A request as Authlib takes it: a method, an address, headers and parameters, read before by us.

Authlib asks for values synchronously and trusts its framework to have read them well. So they are read here, strictly:
form bodies only, of bounded size, every parameter once, and one way of client authentication (RFC 6749 sections 2.3,
3.1 and 3.2). An empty parameter counts as absent, as section 3.1 wants.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from starlette.requests import Request

from ostiary.demo.loopback import read_body
from ostiary.demo.provider.memory import TokenFamily

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 65_536  # end-session takes an ID token in a form
MAX_PARAMETERS = 100

Parameters = Mapping[str, str]
Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request that was read. `parameters` are those of one place, query or form, never of both."""

    method: str
    url: str
    headers: Mapping[str, str]
    parameters: Parameters


class ProtocolRequest(OAuth2Request):  # type: ignore[misc]  # Authlib ships no types
    """The same as Authlib names it. `family` is that of the tokens it got, from when they are saved."""

    family: TokenFamily

    def __init__(self, read: ReadRequest) -> None:
        super().__init__(read.method, read.url, headers=read.headers)
        self.payload = BasicOAuth2Payload(dict(read.parameters))

    @property
    def form(self) -> Parameters:
        """The parameters, which for Authlib's token endpoints are a form's."""
        parameters: Parameters = self.payload.data
        return parameters


def refuse(error: str, description: str) -> OAuth2Error:
    """Return an error of the protocol, for raising. `description` is for people and is plain ASCII without quotes."""
    return OAuth2Error(error=error, description=description)


def read_parameters(pairs: Pairs) -> Parameters:
    """Return parameters by name. Raises OAuth2Error when one came twice; `resource` may (RFC 8707), and is not used."""
    given = [(name, value) for name, value in pairs if value and name != "resource"]
    if any(count > 1 for count in Counter(name for name, _ in given).values()):
        raise refuse("invalid_request", "A parameter was sent more than once.")
    return dict(given)


def read_query(request: Request) -> Parameters:
    """Return the parameters of the query. Raises OAuth2Error."""
    return read_parameters(_parse(request.scope["query_string"]))


async def read_form(request: Request) -> Parameters:
    """Return the parameters of the body. Raises OAuth2Error when it is no form, HTTPException 413 beyond the limit."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM_TYPE:
        raise refuse("invalid_request", f"The body must be {FORM_TYPE}.")
    return read_parameters(_parse(await read_body(request, MAX_FORM_BYTES)))


async def read_client_request(request: Request) -> ReadRequest:
    """Read a request to an endpoint where clients authenticate: everything is in the form, or in Authorization.

    Raises OAuth2Error, also for two ways of authentication at once and for a Basic header that cannot be read.
    """
    parameters = await read_form(request)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        if "client_secret" in parameters:
            raise refuse("invalid_request", "The client must authenticate in one way.")
        _check_basic(authorization)
    return ReadRequest(request.method, str(request.url.replace(query="")), request.headers, parameters)


def _check_basic(authorization: str) -> None:
    scheme, _, credentials = authorization.partition(" ")
    try:
        is_readable = scheme.lower() == "basic" and ":" in base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        is_readable = False
    if not is_readable:
        raise refuse("invalid_request", "The Authorization header is not HTTP Basic.")


def _parse(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(encoded.decode("ascii"), max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError as error:  # more fields than allowed, or bytes that are no text
        raise refuse("invalid_request", "The parameters cannot be read.") from error
