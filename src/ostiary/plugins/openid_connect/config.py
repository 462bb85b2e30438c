"""The configuration of `openid-connect`, attribute by attribute, with what each is for and what it may be.

Names, types and defaults are those of APISIX; where one is stricter, its description says so. What is not supported
yet stands in `later.py`. Texts here are the manual: they end up in it as they are.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse
from ostiary.identity.algorithms import MODELS
from ostiary.identity.authorization import check_extra_parameters
from ostiary.plugins.openid_connect.later import NOT_YET, SESSION_NOT_YET

UnauthenticatedAction = Literal["auth", "deny", "pass"]
AuthenticationMethod = Literal["client_secret_basic", "client_secret_post"]

MIN_SECRET_CHARACTERS = 16
MAX_SECRETS = 8
_ASSERTION_METHODS = frozenset({"private_key_jwt", "client_secret_jwt"})


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    try:
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.fragment or "@" in parts.netloc or any(ord(character) <= 0x20 for character in url):
        raise refuse("is no http(s) URL", "write it in full, such as https://id.example.com/...")
    return url


def _check_method(method: object) -> object:
    if method in _ASSERTION_METHODS:
        raise refuse(f"{method} is not supported yet", "write client_secret_basic or client_secret_post")
    return method


def _check_algorithm(name: str) -> str:
    if name not in MODELS:
        raise refuse("is no signature algorithm that is known here", "write one such as RS256, ES256 or EdDSA")
    return name


def _read_switch(value: object) -> object:
    """Take the texts that a variable can hold; nothing else that is merely like a truth value."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _read_verify(value: object) -> object:
    """APISIX takes the text `no` for false here."""
    return False if value == "no" else value


def _read_number(value: object) -> object:
    """Take the digits that a variable can hold; no fractions and no truth values."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def _list_secrets(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _check_storage(value: object) -> object:
    if value == "redis":
        raise refuse("redis is not supported yet", "leave it out: the session is sealed into cookies")
    return value


def _check_secrets(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    shortest = min(len(secret.get_secret_value()) for secret in secrets)
    if shortest < MIN_SECRET_CHARACTERS:
        remedy = f"write {MIN_SECRET_CHARACTERS} or more random characters, such as `openssl rand -base64 32` gives"
        raise refuse(f"a secret of {shortest} characters is too short", remedy)
    return secrets


def _read_parameter(value: object) -> object:
    """Write numbers and truth values as they are sent."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def _check_parameters(parameters: dict[str, str]) -> dict[str, str]:
    try:
        check_extra_parameters(parameters)
    except ValueError as error:
        raise refuse(str(error), "leave it out") from None
    return parameters


Url = Annotated[str, AfterValidator(_check_url)]
Switch = Annotated[bool, Field(strict=True), BeforeValidator(_read_switch)]
Number = Annotated[int, Field(strict=True), BeforeValidator(_read_number)]
Seconds = Annotated[Number, Field(ge=1, le=2**31)]
Method = Annotated[AuthenticationMethod, BeforeValidator(_check_method)]
Secrets = Annotated[
    tuple[SecretStr, ...],
    BeforeValidator(_list_secrets),
    Field(min_length=1, max_length=MAX_SECRETS),
    AfterValidator(_check_secrets),
]
Parameter = Annotated[str, BeforeValidator(_read_parameter), Field(max_length=1024)]
ScopeName = Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,256}$")]


@final
class CookieConfig(Section):
    """The session's cookie."""

    lifetime: Seconds = Field(
        default=3600, description="How long a person stays signed in, in seconds, counted from the login."
    )


@final
class SessionConfig(Section):
    """The browser session of the authorization code flow."""

    not_yet: ClassVar[Mapping[str, str]] = SESSION_NOT_YET

    secret: Secrets = Field(
        description="What sessions are sealed with: 16 or more characters, the same on every node. A list lets a "
        "secret be changed: the first seals, all of them open."
    )
    cookie: CookieConfig = Field(default_factory=CookieConfig, description="The session's cookie.")
    storage: Annotated[Literal["cookie"], BeforeValidator(_check_storage)] = Field(
        default="cookie", description="Where sessions are kept: sealed into the browser's cookies."
    )


@final
class OpenIdConnectConfig(Section):
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

    client_id: str = Field(min_length=1, max_length=512, description="The client's id at the provider.")
    client_secret: SecretStr | None = Field(
        default=None,
        description="The client's secret. Needed wherever the client has to say who it is: for the code flow without "
        "PKCE, and for introspection.",
    )
    discovery: Url = Field(
        description="The URL of the provider's metadata, ending in /.well-known/openid-configuration. It is read on "
        "first use."
    )
    scope: str = Field(
        default="openid",
        pattern=r"^[ !#-\[\]-~]{1,1024}$",
        description="What is asked for at sign-in, separated by spaces. Without `openid` there is no ID token, and "
        "nobody can sign in.",
    )
    required_scopes: tuple[ScopeName, ...] = Field(
        default=(),
        max_length=64,
        description="Scopes that a token or a session must have been granted; 403 where one is missing.",
    )
    realm: str = Field(
        default="apisix",
        pattern=r"^[ -~]{0,256}$",
        description="The realm in the WWW-Authenticate header of a refused token. Nothing else depends on it.",
    )
    bearer_only: Switch = Field(
        default=False, description="Accept bearer tokens only: no session, no redirect to the provider."
    )
    redirect_uri: str | None = Field(
        default=None,
        min_length=1,
        max_length=1024,
        description="Where the provider sends people back to: a URL or a path, registered there, and not itself a "
        "protected page. Default: the requested path with `/.apisix/redirect` after it.",
    )
    timeout: Seconds = Field(
        default=3,
        description="How long a call to the provider may take, in seconds. Whole thousands are read as milliseconds, "
        "as APISIX does.",
    )
    ssl_verify: Annotated[Switch, BeforeValidator(_read_verify)] = Field(
        default=True,
        description="Whether the provider's certificate is checked. Only a typed `false` switches it off, and every "
        "start says so.",
    )
    introspection_endpoint: Url | None = Field(
        default=None,
        description="Where bearer tokens are introspected (RFC 7662). Default, with bearer_only: the one of the "
        "metadata.",
    )
    introspection_endpoint_auth_method: Method = Field(
        default="client_secret_basic", description="How the gateway authenticates itself at the introspection endpoint."
    )
    token_endpoint_auth_method: Method = Field(
        default="client_secret_basic",
        description="How the gateway authenticates itself at the token endpoint. Where the provider does not offer "
        "it, the first method that it does offer and that is supported here.",
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
    use_pkce: Switch = Field(
        default=False,
        description="Use PKCE (S256) at sign-in whatever the metadata says; it is used anyway where they offer it.",
    )
    use_nonce: Switch = Field(
        default=False,
        description="Refuse an ID token without the nonce. One is always sent, and a wrong one is always refused.",
    )
    token_signing_alg_values_expected: Annotated[str, AfterValidator(_check_algorithm)] | None = Field(
        default=None, description="The one algorithm that bearer tokens may be signed with, such as RS256."
    )
    set_access_token_header: Switch = Field(
        default=True, description="Give the upstream the access token, in X-Access-Token unless told otherwise."
    )
    access_token_in_authorization_header: Switch = Field(
        default=False, description="Give the upstream the access token in Authorization, as a bearer token."
    )
    set_id_token_header: Switch = Field(
        default=True, description="Give the upstream the ID token's claims: X-ID-Token, base64 of JSON."
    )
    set_userinfo_header: Switch = Field(
        default=True,
        description="Fetch the userinfo at sign-in and give it to the upstream: X-Userinfo, base64 of JSON.",
    )
    session: SessionConfig | None = Field(
        default=None,
        description="The browser session. Without it, a route that verifies bearer tokens accepts nothing else, and "
        "any other gets a generated secret.",
    )
    unauth_action: UnauthenticatedAction = Field(
        default="auth",
        description="What happens to a request that nobody is signed in for: `auth` sends navigations to the provider "
        "and answers 401 to everything else, `deny` answers 401, `pass` lets it through as nobody.",
    )
    authorization_params: Annotated[dict[str, Parameter], AfterValidator(_check_parameters)] = Field(
        default_factory=dict,
        max_length=32,
        description="More parameters for the authorization request, such as prompt or audience.",
    )
    iat_slack: Annotated[Number, Field(ge=0, le=86_400)] = Field(
        default=120, description="How many seconds the provider's clock and ours may differ, for every token."
    )

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
    return _read_switch(written.get(name)) is True


def _can_do_without_secret(written: Mapping[str, Any]) -> bool:
    """Local verification needs no secret, and neither does a public client with PKCE (RFC 7636, RFC 8252)."""
    is_local = _verifies_locally(written)
    is_bearer_only = written.get("session") is None and _verifies_bearer_tokens(written)
    if _is_on(written, "bearer_only") or is_bearer_only:
        return is_local
    return _is_on(written, "use_pkce") and (is_local or not written.get("introspection_endpoint"))
