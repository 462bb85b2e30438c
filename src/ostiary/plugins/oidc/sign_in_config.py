"""What is asked of the provider at sign-in, and where it sends people back to. Texts here are the manual.

State, nonce and verifier are no options: `ostiary.relying_party.sign_in` always sends what protects a sign-in.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse
from ostiary.config.urls import check_url

_PATH = re.compile(r"/(?![/\\])[\x21\x24-\x3a\x3c-\x3e\x40-\x5b\x5d-\x7e]*\Z")
DEFAULT_SCOPES = {"oidc": "openid email profile", "aliyun": "openid", "github": "user:email read:org"}


def _split_scope(value: object) -> object:
    """A semicolon stands for a space: oauth2-proxy's configuration has lists in such texts."""
    return " ".join(value.replace(";", " ").split()) if isinstance(value, str) else value


def _check_redirect_url(url: str) -> str:
    if url.startswith("/"):
        if not _PATH.match(url) or "%" in url:
            raise refuse("is no plain path", "write one such as /oauth2/callback, without a query")
        return url
    if "?" in check_url(url):
        raise refuse("has a query", "write it without: the provider adds its answer as one")
    return url


def _check_challenge_method(method: str) -> str:
    if method == "plain":
        problem = "plain protects nothing: who sees the request sees the verifier (RFC 9700 §2.1.1)"
        raise refuse(problem, "write S256, or leave it out")
    if method not in {"", "S256"}:
        raise refuse("is no method that there is", "write S256, or leave it out")
    return method


Text = Annotated[str, Field(pattern=r"^[ -~]{0,1024}$")]


class SignInConfig(Section):
    """Signing in."""

    scope: Annotated[str, BeforeValidator(_split_scope), Field(pattern=r"^[ !#-\[\]-~]{1,1024}$")] | None = Field(
        default=None,
        description="What is asked for at sign-in, separated by spaces (or `;`). Default: `openid email profile`, and "
        "`groups` with allowed_groups; `openid` for aliyun; `user:email read:org` for github.",
    )
    redirect_url: Annotated[str, AfterValidator(_check_redirect_url), Field(max_length=1024)] | None = Field(
        default=None,
        description="Where the provider sends people back to, as it is registered there: a URL, or a path of the host "
        "that was opened, as far as a route names it. Default: `/oauth2/callback`, below proxy_prefix.",
    )
    code_challenge_method: Annotated[str, AfterValidator(_check_challenge_method)] = Field(
        default="",
        description="`S256` uses PKCE whatever the metadata say; it is used anyway where they offer it.",
    )
    prompt: Text = Field(
        default="", description="What the provider should ask people, such as `login` or `consent` (`prompt`)."
    )
    approval_prompt: Text = Field(
        default="", description="The same for providers that know it as `approval_prompt`, such as `force`."
    )
    acr_values: Text = Field(
        default="",
        description="How people should sign in (`acr_values`), separated by spaces; the ID token has to name one.",
    )


def find_sign_in_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield what is wrong between the fields about signing in, each with the field it is told at."""
    if written.get("prompt") and written.get("approval_prompt"):
        yield "approval_prompt", refuse("does nothing beside prompt", "leave one of the two out")
    if written.get("provider") == "github" and written.get("acr_values"):
        yield "acr_values", refuse("does nothing with `provider: github`: it signs no ID tokens", "leave it out")


def plan_redirect_url(redirect_url: str | None, proxy_prefix: str) -> str:
    """Return the callback's address: one without a path, or none at all, gets the one below the prefix."""
    callback = f"{proxy_prefix}/callback"
    if redirect_url is None:
        return callback
    if redirect_url.startswith("/"):
        return redirect_url
    return redirect_url.rstrip("/") + callback if urlsplit(redirect_url).path in {"", "/"} else redirect_url
