"""The configuration of `openid-connect`: its attributes by subject, and the rules between them.

Names, types and defaults are those of APISIX; where one is stricter, its description says so. Each subject has a
module of its own (`*_config.py`); what is refused by name stands in `refused.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, final

from pydantic_core import PydanticCustomError

from ostiary.config.section import refuse
from ostiary.plugins.openid_connect.client_config import ClientConfig, find_client_faults, uses_method
from ostiary.plugins.openid_connect.headers_config import HeadersConfig
from ostiary.plugins.openid_connect.logout_config import LogoutConfig, find_logout_faults
from ostiary.plugins.openid_connect.provider_config import ProviderConfig
from ostiary.plugins.openid_connect.refused import REFUSED
from ostiary.plugins.openid_connect.renewal_config import RenewalConfig
from ostiary.plugins.openid_connect.session_config import SessionConfig
from ostiary.plugins.openid_connect.session_rules import find_contents_faults, find_path_faults
from ostiary.plugins.openid_connect.sign_in_config import SignInConfig
from ostiary.plugins.openid_connect.values import read_switch
from ostiary.plugins.openid_connect.verification_config import VerificationConfig

__all__ = ["OpenIdConnectConfig", "SessionConfig"]


@final
class OpenIdConnectConfig(
    ClientConfig, ProviderConfig, SignInConfig, RenewalConfig, LogoutConfig, VerificationConfig, HeadersConfig
):
    """`openid-connect`: people sign in at an OpenID provider, programs show its tokens."""

    refused: ClassVar[Mapping[str, str]] = REFUSED
    needed: ClassVar[Mapping[str, str]] = {
        "client_secret": "unless keys alone verify tokens, `use_pkce` makes a public client, or a private key signs",
        "client_rsa_private_key": "with `private_key_jwt`",
    }
    renamed: ClassVar[Mapping[str, str]] = {
        "discovery_url": "discovery",
        "session_content": "session_contents",
        "issuer": "discovery",
        "scopes": "scope",
        "redirect_url": "redirect_uri",
        "callback": "redirect_uri",
        "unauthenticated_action": "unauth_action",
        "backchannel_logout": "backchannel_logout_path",
        "backchannel_logout_uri": "backchannel_logout_path",
        "frontchannel_logout": "frontchannel_logout_path",
        "frontchannel_logout_uri": "frontchannel_logout_path",
    }

    @property
    def verifies_bearer_tokens(self) -> bool:
        """Whether bearer tokens are looked at."""
        return self.bearer_only or _verifies_bearer_tokens(vars(self))

    @property
    def is_bearer_only(self) -> bool:
        """Whether bearer tokens are all that is looked at: said, or meant by leaving the session out."""
        return _is_bearer_only(vars(self))

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """A client secret is needed unless nobody asks for it, and what signs has to fit."""
        if written.get("client_secret") is None and not _can_do_without_secret(written):
            yield (
                "client_secret",
                refuse(
                    "client_secret is required, but missing",
                    "add it, such as $ENV://CLIENT_SECRET, or authenticate by private_key_jwt",
                ),
            )
        if written.get("client_secret") == "":
            yield "client_secret", refuse("is empty", "write the client's secret, such as $ENV://CLIENT_SECRET")
        yield from find_client_faults(written)
        yield from ProviderConfig.check_shape(written)
        yield from find_contents_faults(written)
        yield from find_path_faults(written)
        yield from find_logout_faults(written, is_bearer_only=_is_bearer_only(written))


def _verifies_bearer_tokens(written: Mapping[str, Any]) -> bool:
    return bool(written.get("introspection_endpoint")) or _verifies_locally(written)


def _verifies_locally(written: Mapping[str, Any]) -> bool:
    return bool(written.get("public_key")) or _is_on(written, "use_jwks")


def _is_on(written: Mapping[str, Any], name: str) -> bool:
    return read_switch(written.get(name)) is True


def _is_bearer_only(written: Mapping[str, Any]) -> bool:
    return _is_on(written, "bearer_only") or (written.get("session") is None and _verifies_bearer_tokens(written))


def _can_do_without_secret(written: Mapping[str, Any]) -> bool:
    """Needed neither for local verification, nor by a public client with PKCE (RFC 8252), nor beside a private key."""
    if uses_method(written, "client_secret_jwt"):
        return False
    has_verifier = _verifies_locally(written) or written.get("introspection_endpoint_auth_method") == "private_key_jwt"
    if _is_bearer_only(written):
        return has_verifier
    signs_in = _is_on(written, "use_pkce") or written.get("token_endpoint_auth_method") == "private_key_jwt"
    return signs_in and (has_verifier or not written.get("introspection_endpoint"))
