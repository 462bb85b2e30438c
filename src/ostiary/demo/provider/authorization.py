"""An authorization request, read and checked before anybody is asked for a password (RFC 6749 section 4.1.1).

The order matters: until client and redirect URI are known to be right, an error is shown and not sent anywhere
(section 4.1.2.1). After that it goes back to the client. Pure: parameters in, a value or an error out.
"""

from dataclasses import dataclass
from typing import final
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error

from ostiary.demo.provider.client import DemoClient
from ostiary.demo.provider.memory import Login
from ostiary.demo.provider.requests import Parameters, refuse

# OpenID Connect Core sections 6 and 7.2.1: what is not supported is refused by its own name.
UNSUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
ASKING_PROMPTS = frozenset({"login", "consent", "select_account"})


@final
@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request whose client and redirect URI are known. `parameters` are all that came, each once."""

    parameters: Parameters
    redirect_uri: str
    prompts: frozenset[str]
    max_age_s: int | None

    @property
    def query(self) -> str:
        """The request again, as a query."""
        return urlencode(self.parameters)

    @property
    def is_silent(self) -> bool:
        """Whether the client wants no page to be shown."""
        return "none" in self.prompts

    def is_satisfied_by(self, login: Login | None, now: float) -> bool:
        """Return whether who is signed in is enough, without asking again (OpenID Connect Core 3.1.2.1)."""
        if login is None or self.prompts & ASKING_PROMPTS:
            return False
        return self.max_age_s is None or now - login.auth_time < self.max_age_s


def read_authorization_request(parameters: Parameters, client: DemoClient) -> AuthorizationRequest:
    """Return the checked request. Raises OAuth2Error; with a `redirect_uri` it may be sent there, else only shown."""
    if parameters.get("client_id") != client.client_id:
        raise refuse("invalid_client", "No client is known by that client_id.")
    redirect_uri = parameters.get("redirect_uri", "")
    if not client.check_redirect_uri(redirect_uri):
        raise refuse("invalid_request", "The redirect_uri must be an http address on this machine, and was not.")
    try:
        return _read_rest(parameters, redirect_uri)
    except OAuth2Error as error:
        error.redirect_uri = redirect_uri
        error.state = parameters.get("state")
        raise


def _read_rest(parameters: Parameters, redirect_uri: str) -> AuthorizationRequest:
    if "response_type" not in parameters:
        raise refuse("invalid_request", "The response_type is missing.")
    if parameters["response_type"] != "code":
        raise refuse("unsupported_response_type", "The response_type must be code.")
    if parameters.get("response_mode", "query") != "query":
        raise refuse("invalid_request", "The response_mode must be query.")
    for name, error in UNSUPPORTED.items():
        if name in parameters:
            raise refuse(error, f"The parameter {name} is not supported.")
    prompts = frozenset(parameters.get("prompt", "").split())
    if "none" in prompts and len(prompts) > 1:
        raise refuse("invalid_request", "The prompt none stands alone.")
    return AuthorizationRequest(parameters, redirect_uri, prompts, _read_max_age(parameters.get("max_age")))


def _read_max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise refuse("invalid_request", "The max_age must be a number of seconds.")
    return int(text)
