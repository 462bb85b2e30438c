"""How tokens are verified: bearer tokens above all, and what holds for every token.

RFC 6750, RFC 7662, RFC 9068. Texts here are the manual: they end up in it as they are.
"""

from typing import Annotated

from pydantic import Field

from ostiary.config.section import Section
from ostiary.plugins.openid_connect.values import Algorithm, Number, ScopeName, Switch, Url


class VerificationConfig(Section):
    """The checks of tokens."""

    bearer_only: Switch = Field(
        default=False, description="Accept bearer tokens only: no session, no redirect to the provider."
    )
    realm: str = Field(
        default="apisix",
        pattern=r"^[ -~]{0,256}$",
        description="The realm in the WWW-Authenticate header of a refused token. Nothing else depends on it.",
    )
    required_scopes: tuple[ScopeName, ...] = Field(
        default=(),
        max_length=64,
        description="Scopes that a token or a session must have been granted; 403 where one is missing.",
    )
    public_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=65_536,
        description="A PEM public key or certificate that bearer tokens are verified with, in place of introspection.",
    )
    use_jwks: Switch = Field(
        default=False,
        description="Verify bearer tokens with the provider's published keys, in place of introspection.",
    )
    token_signing_alg_values_expected: Algorithm | None = Field(
        default=None, description="The one algorithm that bearer tokens may be signed with, such as RS256."
    )
    introspection_endpoint: Url | None = Field(
        default=None,
        description="Where bearer tokens are introspected (RFC 7662). Default, with bearer_only: the one of the "
        "metadata.",
    )
    iat_slack: Annotated[Number, Field(ge=0, le=86_400)] = Field(
        default=120, description="How many seconds the provider's clock and ours may differ, for every token."
    )
