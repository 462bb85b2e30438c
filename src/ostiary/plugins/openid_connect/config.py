"""The configuration of `openid-connect`: its attributes by subject, and the rules between them.

Names, types and defaults are those of APISIX; where one is stricter, its description says so. Each subject has a
module of its own (`*_config.py`); what is refused by name stands in `later.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, final

from pydantic_core import PydanticCustomError

from ostiary.config.section import refuse
from ostiary.plugins.openid_connect.client_config import ClientConfig
from ostiary.plugins.openid_connect.headers_config import HeadersConfig
from ostiary.plugins.openid_connect.later import NOT_YET
from ostiary.plugins.openid_connect.provider_config import ProviderConfig
from ostiary.plugins.openid_connect.session_config import SessionConfig
from ostiary.plugins.openid_connect.sign_in_config import SignInConfig
from ostiary.plugins.openid_connect.values import read_switch
from ostiary.plugins.openid_connect.verification_config import VerificationConfig

__all__ = ["OpenIdConnectConfig", "SessionConfig"]


@final
class OpenIdConnectConfig(ClientConfig, ProviderConfig, SignInConfig, VerificationConfig, HeadersConfig):
    """`openid-connect`: people sign in at an OpenID provider, programs show its tokens."""

    not_yet: ClassVar[Mapping[str, str]] = NOT_YET
    renamed: ClassVar[Mapping[str, str]] = {
        "discovery_url": "discovery",
        "issuer": "discovery",
        "scopes": "scope",
        "redirect_url": "redirect_uri",
        "callback": "redirect_uri",
        "unauthenticated_action": "unauth_action",
    }

    @property
    def verifies_bearer_tokens(self) -> bool:
        """Whether bearer tokens are looked at."""
        return self.bearer_only or _verifies_bearer_tokens(vars(self))

    @property
    def is_bearer_only(self) -> bool:
        """Whether bearer tokens are all that is looked at: said, or meant by leaving the session out."""
        return self.bearer_only or (self.session is None and self.verifies_bearer_tokens)

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """A client secret is needed unless nobody asks for it."""
        if written.get("client_secret") is None and not _can_do_without_secret(written):
            yield (
                "client_secret",
                refuse("client_secret is required, but missing", "add it, such as $ENV://CLIENT_SECRET"),
            )
        if written.get("client_secret") == "":
            yield "client_secret", refuse("is empty", "write the client's secret, such as $ENV://CLIENT_SECRET")


def _verifies_bearer_tokens(written: Mapping[str, Any]) -> bool:
    return bool(written.get("introspection_endpoint")) or _verifies_locally(written)


def _verifies_locally(written: Mapping[str, Any]) -> bool:
    return bool(written.get("public_key")) or _is_on(written, "use_jwks")


def _is_on(written: Mapping[str, Any], name: str) -> bool:
    return read_switch(written.get(name)) is True


def _can_do_without_secret(written: Mapping[str, Any]) -> bool:
    """Local verification needs no secret, and neither does a public client with PKCE (RFC 7636, RFC 8252)."""
    is_local = _verifies_locally(written)
    is_bearer_only = written.get("session") is None and _verifies_bearer_tokens(written)
    if _is_on(written, "bearer_only") or is_bearer_only:
        return is_local
    return _is_on(written, "use_pkce") and (is_local or not written.get("introspection_endpoint"))
