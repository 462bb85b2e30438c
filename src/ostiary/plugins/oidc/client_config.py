"""Who the gateway is at the provider (RFC 6749 §2.3.1). Texts here are the manual: they end up in it as they are.

Private keys and other methods are `openid-connect`'s; a client of this plugin has a secret, as it is documented.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from ostiary.config.section import Section, refuse


def _check_secret(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value():
        raise refuse("is empty", "write the client's secret, such as $ENV://CLIENT_SECRET")
    return secret


class ClientConfig(Section):
    """The client at the provider."""

    client_id: str = Field(min_length=1, max_length=512, description="The client's id at the provider.")
    client_secret: Annotated[SecretStr, AfterValidator(_check_secret)] = Field(
        description="The client's secret. It goes in the body of calls to the token endpoint (client_secret_post), or "
        "in the Authorization header where that is all that the provider offers.",
    )
