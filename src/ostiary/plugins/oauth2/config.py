"""The configuration of `oauth2`: who may ask for tokens and what those open, or which of them may pass.

Names, types and defaults are those of Higress's document; where one is stricter, its description says so. Texts here
are the manual: they end up in it as they are. What belongs to a level only is checked when the plugin is built.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, final

from pydantic import AfterValidator, AliasChoices, Field
from pydantic_core import PydanticCustomError

from ostiary.config.scalars import Number, Switch
from ostiary.config.section import refuse
from ostiary.plugins.oauth2.beyond_config import PROOFS, BeyondConfig, BeyondConsumerConfig, find_unsigned
from ostiary.plugins.oauth2.values import AuthPath, ClientId, ClientSecret, ConsumerName, HeaderName

_EXAMPLE = "add `consumers: [{name: billing, client_id: billing-id, client_secret: $ENV://BILLING_SECRET}]`"
# Where Higress's page is copied: it lost the indentation below `- name:`.
_OF_A_CONSUMER = "indent it below its consumer, as far as the `name` behind the dash"
_HEADER_NAMES = ("auth_header_name", "auth_header")


@final
class ConsumerConfig(BeyondConsumerConfig):
    """A machine that asks for tokens and shows them."""

    name: ConsumerName = Field(
        description="The consumer's name, in printable ASCII: what `allow` lists, what the upstream is told in "
        "X-Mse-Consumer, and the `sub` of its tokens. Renaming a consumer ends its tokens."
    )
    client_id: ClientId = Field(description="What the consumer calls itself when it asks for a token.")
    client_secret: ClientSecret | None = Field(
        default=None,
        description="What it proves that by, and what its tokens are signed with (HS256). RFC 7518 wants 32 bytes or "
        "more; shorter ones work, and are told at start. Changing it ends the consumer's tokens, unless the old one is "
        "written as previous_client_secret. With `signing_keys` it signs nothing, and changing it ends no token.",
    )

    needed: ClassVar[Mapping[str, str]] = {"client_secret": "unless client_secret_hash or public_keys is written"}

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """A client has to be able to prove itself in some way."""
        yield from super().check_shape(written)
        if all(written.get(name) is None for name in PROOFS):
            problem = "a consumer needs a `client_secret`"
            yield "", refuse(problem, "write one, such as $ENV://CLIENT_SECRET")


def _check_distinct(consumers: tuple[ConsumerConfig, ...] | None) -> tuple[ConsumerConfig, ...] | None:
    """Refuse a second consumer with the same name or client id."""
    for field in ("name", "client_id"):
        first: dict[str, int] = {}
        for index, consumer in enumerate(consumers or ()):
            before = first.setdefault(getattr(consumer, field), index)
            if before != index:
                problem = f"consumers {before} and {index} have the same {field}"
                raise refuse(problem, f"give each a {field} of its own; they are counted from 0")
    return consumers


ConsumerConfigs = Annotated[tuple[ConsumerConfig, ...], AfterValidator(_check_distinct)]


@final
class OAuth2Config(BeyondConfig):
    """`oauth2`: machines get access tokens for their credentials, and routes are opened by those."""

    consumers: ConsumerConfigs | None = Field(
        default=None,
        min_length=1,
        max_length=1_000_000,
        description="Who may ask for tokens. Names and client ids are unique. Numbers are read as their digits: "
        "put one that begins with 0 in quotes.",
    )
    issuer: str = Field(
        default="Higress-Gateway",
        min_length=1,
        max_length=1024,
        description="The `iss` of tokens; what is shown has to name the same.",
    )
    auth_path: AuthPath = Field(
        default="/oauth2/token",
        description="The token endpoint: every path that ends with these whole segments, on whatever reaches the "
        "plugin. GET and POST are answered there, other methods get 405, and nothing is forwarded.",
    )
    global_credentials: Switch | None = Field(
        default=None,
        description="Whether a token opens every place where its consumer is known. With false it opens only the "
        "route at whose address it was issued, 403 elsewhere. Default: false in a route's own rule, true for a "
        "service, a domain and the instance.",
    )
    auth_header_name: HeaderName = Field(
        default="Authorization",
        validation_alias=AliasChoices(*_HEADER_NAMES),
        description="The request header that a token is read from, as `Bearer <token>`. `auth_header` is the same.",
    )
    token_ttl: Annotated[Number, Field(ge=0, le=2**31)] = Field(
        default=7200, description="For how many seconds a token is valid: its `exp`, and `expires_in` of the answer."
    )
    clock_skew_seconds: Annotated[Number, Field(ge=0, le=86_400)] = Field(
        default=60, description="How many seconds clocks may differ when `exp`, `iat` and `nbf` are judged."
    )
    keep_token: Switch = Field(
        default=True, description="Leave the token in the request that goes to the upstream; false takes it out."
    )
    global_auth: Switch | None = Field(
        default=None,
        description="At instance level only. True: every request needs a token. False: only where a route, service or "
        "domain names this plugin. Default: every request, unless one of those names it.",
    )
    allow: tuple[ConsumerName, ...] | None = Field(
        default=None,
        max_length=1_000_000,
        description="Names of consumers of the next wider level that may pass; everything else is that level's. It "
        "stands alone in a rule of a route, service or domain. An empty list lets nobody pass.",
    )
    allow_query_credentials: Switch = Field(
        default=True,
        description="Take a secret from the query of a GET, as the document recommends although addresses end up in "
        "histories and logs. With false such a request is refused: a form by POST, or HTTP Basic, remains.",
    )

    needed: ClassVar[Mapping[str, str]] = {"consumers": "unless `allow` restricts a wider level's"}
    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(("name", "client_id", "client_secret"), _OF_A_CONSUMER)
    renamed: ClassVar[Mapping[str, str]] = {
        "header_name": "auth_header_name",
        "clock_skew": "clock_skew_seconds",
        "ttl": "token_ttl",
        "token_path": "auth_path",
        "clients": "consumers",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """Authentication and authorization do not stand in one rule, and one of them has to be there."""
        yield from super().check_shape(written)
        if written.get("allow") is not None:
            others = ", ".join(str(name) for name in written if name != "allow")
            if others:
                problem = f"`allow` restricts what a wider level configures, and stands beside {others}"
                remedy = "keep `allow` alone in this rule, and write the rest at a wider level; or leave `allow` out"
                yield "allow", refuse(problem, remedy)
        elif not written.get("signing_keys"):
            yield from find_unsigned(written.get("consumers"))
        if written.get("allow") is None and written.get("consumers") is None:
            yield "consumers", refuse("consumers are required, but missing", f"{_EXAMPLE}, or `allow` alone")
        if all(name in written for name in _HEADER_NAMES):
            yield "auth_header", refuse("is the same as auth_header_name, which is written too", "keep one of them")
