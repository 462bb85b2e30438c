"""The one client of the demo provider: confidential, allowed every grant, and sent back to loopback only.

Here as Authlib asks about it. Its secret is given at start (`ostiary demo` makes one for each run).
"""

from typing import Final
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin

from ostiary.demo.provider.accounts import CLIENT_ID, SCOPES, is_equal

DEFAULT_SCOPE: Final = "profile email"
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials", "password")
AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post")

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_NOT_IN_A_URI = frozenset('"<>\\^`{|}')


class DemoClient(ClientMixin):  # type: ignore[misc]  # Authlib ships no types
    """The one client, as Authlib asks about it. It may use every grant, and redirect to loopback only."""

    def __init__(self, secret: str) -> None:
        self.client_id = CLIENT_ID
        self._secret = secret

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """There is none: the request must name it."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the part of `scope` that this provider knows, the default for none, or None: nothing known at all."""
        if not scope:
            return DEFAULT_SCOPE
        asked = scope.split()
        return " ".join(name for name in SCOPES if name in asked) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return is_loopback_redirect(redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        return is_equal(client_secret, self._secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in AUTH_METHODS

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in GRANT_TYPES


def is_loopback_redirect(uri: str) -> bool:
    """Return whether a code may be sent to `uri`: http or https on this machine, any port and path, no fragment.

    A registered client would have a list of exact URIs (RFC 9700 section 2.1). Here the places are those of whoever
    tries the gateway, and a code that stays on loopback reaches nobody else (RFC 8252 section 7.3).
    """
    if not uri.isascii() or not uri.isprintable() or " " in uri or _NOT_IN_A_URI & set(uri):
        return False
    try:
        parts = urlsplit(uri)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and parts.hostname in _LOOPBACK_HOSTS
        and has_port
        and "@" not in parts.netloc
        and "#" not in uri
    )
