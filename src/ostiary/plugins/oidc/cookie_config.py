"""The cookies of `oidc`: names, attributes, lifetimes, and the secret. Texts here are the manual.

The session's cookie has `cookie_name`; the note about a sign-in under way has `_csrf` behind it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from ostiary.config.scalars import Switch, read_switch
from ostiary.config.section import Section, refuse
from ostiary.plugins.oidc.cookie_secret import decode_cookie_secret
from ostiary.plugins.oidc.values import Lifetime, Timespan, find_seconds, read_list

MAX_NAME = 242  # of a cookie's 256 characters, `_csrf_` and eight more are ours
MAX_SECRETS = 8
MAX_DOMAINS = 32
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+\Z")
_SECRET_REMEDY = (
    "write the output of "
    "`python -c 'import os, base64; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'`, quoted"
)


def _list_secrets(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _check_secret(secret: SecretStr) -> SecretStr:
    try:
        decode_cookie_secret(secret.get_secret_value())
    except ValueError as error:
        raise refuse(str(error), _SECRET_REMEDY) from None
    return secret


def _check_name(name: str) -> str:
    if not _NAME.match(name):
        raise refuse("is no name of a cookie", "write letters, digits, `-` and `_`, such as _oauth2_proxy")
    if len(name) > MAX_NAME:
        raise refuse(f"has {len(name)} characters", f"write at most {MAX_NAME}: parts of a long session add to it")
    return name


def _check_domain(domain: str) -> str:
    if ":" in domain or "/" in domain:
        raise refuse("is no domain", "write it without scheme, port and path, such as .example.com")
    if "." not in domain.strip("."):
        raise refuse("is a top-level domain, for which browsers keep no cookie", "write one such as .example.com")
    return domain.lower()


_Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
_SecretList = Annotated[list[SecretStr], Field(min_length=1, max_length=MAX_SECRETS)]
Secrets = Annotated[
    tuple[_Secret, ...],
    BeforeValidator(_list_secrets, json_schema_input_type=SecretStr | _SecretList),
    Field(min_length=1, max_length=MAX_SECRETS),
]
_Domain = Annotated[
    str, Field(pattern=r"^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$|[:/]", max_length=253), AfterValidator(_check_domain)
]
Domains = Annotated[
    tuple[_Domain, ...],
    BeforeValidator(read_list, json_schema_input_type=str | list[str]),
    Field(max_length=MAX_DOMAINS),
]


class CookieConfig(Section):
    """The cookies."""

    cookie_name: Annotated[str, AfterValidator(_check_name)] = Field(
        default="_oauth2_proxy",
        description="The name of the session's cookie; longer sessions take `<name>_1` and so on besides, and sign-ins "
        "under way `<name>_csrf`. With the prefix `__Host-` or `__Secure-` browsers hold it to https, and the former "
        "to one host.",
    )
    cookie_secret: Secrets = Field(
        description="What sessions are sealed with, the same on every node: 16, 24 or 32 bytes, as they are or in "
        "URL-safe base64. A list lets a secret be changed without signing anybody out: the first seals, all open.",
    )
    cookie_domains: Domains = Field(
        default=(),
        description="Domains whose hosts all get the cookies, such as `.example.com`: one, or a list. The longest that "
        "is the request's host or a parent of it is used, the shortest where none is. Default: the one host.",
    )
    cookie_path: Annotated[str, Field(pattern=r"^/[!-:<-~]{0,255}$")] = Field(
        default="/", description="The path below which browsers send the cookies."
    )
    cookie_expire: Lifetime = Field(
        default="168h0m0s",
        description="How long people stay signed in, counted from the sign-in, such as 168h or 12h30m. `0` makes a "
        "cookie that is gone when the browser is closed, and ends the session after 168h at the latest.",
    )
    cookie_refresh: Lifetime = Field(
        default="0",
        description="After how long a session is renewed by its refresh token, such as 55m; less than cookie_expire. "
        "`0`: when its access token or ID token is over. Where the provider gives no refresh token (often for want of "
        "`offline_access` in scope), people are sent to the provider when their tokens are over.",
    )
    cookie_secure: Switch = Field(
        default=True,
        description="Whether the cookies go over https only. With a redirect_url that is http they cannot, so there "
        "the default is false, which every start says.",
    )
    cookie_httponly: Switch = Field(default=True, description="Whether scripts in pages cannot read the cookies.")
    cookie_samesite: Literal["", "lax", "strict", "none"] = Field(
        default="",
        description="Which requests from other sites bring the cookies: links (`lax`), none (`strict`), all (`none`, "
        "https only), or what the browser decides (the empty text, which sends no attribute).",
    )
    cookie_csrf_per_request: Switch = Field(
        default=False,
        description="Give each sign-in under way a cookie of its own, so that several tabs can sign in at once: five "
        "at most, and the oldest leave. With `false` there is one, and the last sign-in that began is the one that can "
        "end well.",
    )
    cookie_csrf_expire: Timespan = Field(
        default="15m", description="How long a sign-in may take, from being sent to the provider to coming back."
    )


def find_cookie_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield what is wrong between the fields about cookies, each with the field it is told at."""
    yield from _find_refresh_fault(written)
    redirect = written.get("redirect_url")
    is_plain = isinstance(redirect, str) and redirect.lower().startswith("http://")
    secure = read_switch(written.get("cookie_secure"))
    if is_plain and secure is True:
        problem = "is true, but redirect_url is http, where browsers keep no such cookie"
        yield "cookie_secure", refuse(problem, "write an https redirect_url, or leave cookie_secure out")
    is_secure = secure is not False and not is_plain
    if written.get("cookie_samesite") == "none" and not is_secure:
        problem = "is none, which browsers take for secure cookies only"
        yield "cookie_samesite", refuse(problem, "write lax, or an https redirect_url and no cookie_secure: false")
    yield from _find_prefix_fault(written, is_secure=is_secure)


def _find_refresh_fault(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    refresh_s = _peek_seconds(written, "cookie_refresh")
    expire_s = _peek_seconds(written, "cookie_expire")
    if refresh_s and expire_s and refresh_s >= expire_s:
        expire = written.get("cookie_expire", CookieConfig.model_fields["cookie_expire"].default)
        problem = f"is not less than cookie_expire ({expire}), so nothing would ever be renewed"
        yield "cookie_refresh", refuse(problem, "write a shorter one, or a longer cookie_expire")


def _peek_seconds(written: Mapping[str, Any], name: str) -> float | None:
    """Return a duration in seconds; None for one that is none, which its own field says."""
    value = written.get(name, CookieConfig.model_fields[name].default)
    try:
        return find_seconds(value) if isinstance(value, str) else None
    except PydanticCustomError:
        return None


def _find_prefix_fault(written: Mapping[str, Any], *, is_secure: bool) -> Iterator[tuple[str, PydanticCustomError]]:
    """RFC 6265bis §4.1.3: browsers drop a cookie that breaks its name's promise, without a word."""
    name = written.get("cookie_name")
    if not isinstance(name, str) or not name.startswith(("__Host-", "__Secure-")):
        return
    if not is_secure:
        problem = f"begins with {name.partition('-')[0]}-, which browsers take over https only"
        yield "cookie_name", refuse(problem, "write another name, or an https redirect_url and no cookie_secure: false")
    if name.startswith("__Host-") and (written.get("cookie_domains") or written.get("cookie_path", "/") != "/"):
        problem = "begins with __Host-, which browsers take without cookie_domains and with `cookie_path: /` only"
        yield "cookie_name", refuse(problem, "write the prefix __Secure-, or leave the two out")
