"""Who the gateway is at the provider: the client's id and secret, and how it authenticates itself.

RFC 6749 §2.3.1 and OpenID Connect Core §9. Texts here are the manual: they end up in it as they are.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from ostiary.config.section import Section, refuse

AuthenticationMethod = Literal["client_secret_basic", "client_secret_post"]
_ASSERTION_METHODS = frozenset({"private_key_jwt", "client_secret_jwt"})


def _check_method(method: object) -> object:
    if method in _ASSERTION_METHODS:
        raise refuse(f"{method} is not supported yet", "write client_secret_basic or client_secret_post")
    return method


Method = Annotated[AuthenticationMethod, BeforeValidator(_check_method)]


class ClientConfig(Section):
    """The client at the provider."""

    client_id: str = Field(min_length=1, max_length=512, description="The client's id at the provider.")
    client_secret: SecretStr | None = Field(
        default=None,
        description="The client's secret. Needed wherever the client has to say who it is: for the code flow without "
        "PKCE, and for introspection.",
    )
    token_endpoint_auth_method: Method = Field(
        default="client_secret_basic",
        description="How the gateway authenticates itself at the token endpoint. Where the provider does not offer "
        "it, the first method that it does offer and that is supported here.",
    )
    introspection_endpoint_auth_method: Method = Field(
        default="client_secret_basic", description="How the gateway authenticates itself at the introspection endpoint."
    )
