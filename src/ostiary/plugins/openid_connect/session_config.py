"""The browser session: what it is sealed with, where it is kept, how long it lives.

Texts here are the manual: they end up in it as they are.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, final

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from ostiary.config.section import Section, refuse
from ostiary.plugins.openid_connect.later import SESSION_NOT_YET
from ostiary.plugins.openid_connect.values import Seconds

MIN_SECRET_CHARACTERS = 16
MAX_SECRETS = 8


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


Secrets = Annotated[
    tuple[SecretStr, ...],
    BeforeValidator(_list_secrets),
    Field(min_length=1, max_length=MAX_SECRETS),
    AfterValidator(_check_secrets),
]


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
