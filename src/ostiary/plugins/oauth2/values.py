"""The kinds of values that attributes of `oauth2` have, and what is read as one.

Numbers are taken for texts where Higress does so; a token's path is written as a suffix, with or without its slash.
"""

import re
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from ostiary.config.section import refuse
from ostiary.errors import ClientFault
from ostiary.http.fields import Role, classify, is_identity_name
from ostiary.http.target import parse_target

_PEM = "-----BEGIN "
_NEVER_LITERAL = re.compile(r"[\s?#%]")


def _read_text(value: object) -> object:
    """Take an unsigned number as its digits, as Higress does."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value


def _check_name(name: str) -> str:
    if name != name.strip():
        raise refuse("begins or ends with a space, which no header keeps", "leave it out")
    return name


def _check_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text:
        raise refuse("is empty, so anybody could make tokens", "write a secret, such as $ENV://CLIENT_SECRET")
    if _PEM in text:
        raise refuse("is a key or certificate and no secret", "write at least 32 random characters")
    if len(text) > 1024:
        raise refuse("is longer than 1024 characters", "write 32 to 64 random characters")
    return secret


def _check_auth_path(path: str) -> str:
    path = path if path.startswith("/") else f"/{path}"
    try:
        usable = not _NEVER_LITERAL.search(path) and parse_target(quote(path).encode("ascii")).path == path
    except (ClientFault, UnicodeEncodeError):
        usable = False
    if not usable:
        raise refuse("no request could have such a path", "write the end of a path, such as /oauth2/token")
    return path


def _check_header_name(name: str) -> str:
    lower = name.lower().encode("ascii")
    if is_identity_name(lower):
        raise refuse(f"{name} is a name under which the gateway takes nothing from clients", "write another name")
    if classify(lower).role not in {Role.PASS, Role.SINGLE}:
        raise refuse(f"{name} is about a connection, or holds cookies: no token can be there", "write another name")
    return name


ConsumerName = Annotated[
    str, BeforeValidator(_read_text), Field(pattern=r"^[ -~]{1,256}$"), AfterValidator(_check_name)
]
ClientId = Annotated[str, BeforeValidator(_read_text), Field(min_length=1, max_length=512)]
ClientSecret = Annotated[SecretStr, BeforeValidator(_read_text), AfterValidator(_check_secret)]
AuthPath = Annotated[str, Field(max_length=1024), AfterValidator(_check_auth_path)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,128}$"), AfterValidator(_check_header_name)]
