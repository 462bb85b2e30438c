"""The browser session: what it is sealed with, where it is kept, how long it lives.

Texts here are the manual: they end up in it as they are.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, final

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse
from ostiary.plugins.openid_connect.store_config import RedisConfig, SqliteConfig
from ostiary.plugins.openid_connect.values import Number, Switch, read_fraction, read_switch
from ostiary.store_settings import StoreSettings

MIN_SECRET_CHARACTERS = 16
MAX_SECRETS = 8
# The longest that browsers keep a cookie: 400 days (RFC 6265bis §5.5).
MAX_LIFETIME_S = 34_560_000


def _list_secrets(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _check_secrets(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    shortest = min(len(secret.get_secret_value()) for secret in secrets)
    if shortest < MIN_SECRET_CHARACTERS:
        remedy = f"write {MIN_SECRET_CHARACTERS} or more random characters, such as `openssl rand -base64 32` gives"
        raise refuse(f"a secret of {shortest} characters is too short", remedy)
    return secrets


_Secret = Annotated[SecretStr, Field(min_length=MIN_SECRET_CHARACTERS)]
_SecretList = Annotated[list[_Secret], Field(min_length=1, max_length=MAX_SECRETS)]
Secrets = Annotated[
    tuple[SecretStr, ...],
    BeforeValidator(_list_secrets, json_schema_input_type=_Secret | _SecretList),
    Field(min_length=1, max_length=MAX_SECRETS),
    AfterValidator(_check_secrets),
]


Lifetime = Annotated[Number, Field(ge=1, le=MAX_LIFETIME_S)]
DomainName = Annotated[str, Field(pattern=r"^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$", max_length=253)]
OffOrSeconds = Annotated[Number, Field(ge=0, le=MAX_LIFETIME_S)]


@final
class CookieConfig(Section):
    """The session's cookie."""

    lifetime: Lifetime = Field(
        default=3600,
        description="How long a person stays signed in, in seconds, counted from the login. `session.absolute_timeout` "
        "goes before it.",
    )


@final
class SessionContentsConfig(Section):
    """What a session keeps; without this object everything. A smaller session fits into fewer cookies."""

    access_token: Switch = Field(
        default=False,
        description="Keep the access token, and the refresh token with it. Without them nothing is renewed, and the "
        "upstream is given none.",
    )
    id_token: Switch = Field(default=False, description="Keep the ID token's claims, for X-ID-Token.")
    enc_id_token: Switch = Field(
        default=False,
        description="Keep the ID token as the provider encoded it: the hint that lets it sign people out at once.",
    )
    user: Switch = Field(default=False, description="Fetch and keep the userinfo, for X-Userinfo.")


@final
class SessionConfig(Section):
    """The browser session of the authorization code flow."""

    needed: ClassVar[Mapping[str, str]] = {"redis": "with `storage: redis`"}
    renamed: ClassVar[Mapping[str, str]] = {
        "secrets": "secret",
        "secret_fallbacks": "secret",
        "name": "cookie_name",
        "idle_timeout": "idling_timeout",
    }

    secret: Secrets = Field(
        description="What sessions are sealed with: 16 or more characters, the same on every node. A list lets a "
        "secret be changed without signing anybody out: the first seals, all of them open. Keep the old one until the "
        "sessions of its time are over; with several nodes, let each of them know both before the new one comes first.",
    )
    cookie: CookieConfig = Field(default_factory=CookieConfig, description="The session's cookie.")
    cookie_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = Field(
        default=None,
        description="The cookie's name; longer sessions take `<name>_1` and so on besides. Default: one made of "
        "provider and client, so that two clients on one host do not share it.",
    )
    cookie_path: Annotated[str, Field(pattern=r"^/[!-:<-~]{0,255}$")] = Field(
        default="/", description="The path below which browsers send the cookie."
    )
    cookie_domain: Annotated[str, Field(pattern=r"^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$", max_length=253)] | None = (
        Field(
            default=None,
            description="The domain whose hosts all get the cookie; write it only to share a session between hosts. "
            "Default: the one host.",
        )
    )
    cookie_secure: Switch | None = Field(
        default=None,
        description="Whether the cookie goes over https only. Default: wherever the public scheme is https.",
    )
    cookie_http_only: Switch = Field(default=True, description="Whether scripts in pages cannot read the cookie.")
    cookie_same_site: Literal["Strict", "Lax", "None", "Default"] = Field(
        default="Lax",
        description="Which requests from other sites bring the cookie: none (`Strict`), links (`Lax`), all (`None`, "
        "https only), or what the browser decides (`Default`).",
    )
    idling_timeout: OffOrSeconds = Field(
        default=0, description="After how many seconds without use a session is over. 0: no such limit."
    )
    rolling_timeout: OffOrSeconds = Field(
        default=0,
        description="How many seconds a session lasts when it is not renewed; a use after three quarters of them "
        "renews it. 0: no such limit.",
    )
    absolute_timeout: OffOrSeconds = Field(
        default=0,
        description="How many seconds after the login a session is over whatever happens. 0: as "
        "`session.cookie.lifetime` says.",
    )
    revalidate_s: Annotated[float, BeforeValidator(read_fraction), Field(ge=0, le=3600)] = Field(
        default=1.0,
        description="The longest that a revoked session lives, in seconds, for sealed cookies too: how long a worker "
        "goes by what it knows before it asks the store again.",
    )
    storage: Literal["cookie", "redis", "sqlite"] = Field(
        default="cookie",
        description="Where sessions are kept: sealed into the browser's cookies, in Redis (or Valkey) for any number "
        "of nodes, or in a SQLite file for the workers of one machine.",
    )
    redis: RedisConfig | None = Field(default=None, description="The Redis server, with `storage: redis`.")
    sqlite: SqliteConfig | None = Field(default=None, description="The SQLite file, with `storage: sqlite`.")

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """A store is described where it is used, and nowhere else; a cookie for all sites has to be Secure."""
        storage = written.get("storage", "cookie")
        if storage == "redis" and written.get("redis") is None:
            yield "redis", refuse("redis is required with `storage: redis`, but missing", "write its host and port")
        for name in ("redis", "sqlite"):
            if written.get(name) is not None and storage != name and storage in {"cookie", "redis", "sqlite"}:
                yield (
                    name,
                    refuse(f"is not used with `storage: {storage}`", f"write `storage: {name}`, or leave it out"),
                )
        if written.get("cookie_same_site") == "None" and read_switch(written.get("cookie_secure")) is False:
            yield "cookie_secure", refuse("is false, but `cookie_same_site: None` needs it", "leave it out")

    @property
    def store(self) -> StoreSettings | None:
        """The store that sessions live in; None: sealed into cookies."""
        if self.storage == "redis" and self.redis is not None:
            return self.redis.settings
        if self.storage == "sqlite":
            return (self.sqlite or SqliteConfig()).settings
        return None
