"""The plugin's own paths, and the hosts that `rd` may lead to. Texts here are the manual.

The paths are answered by `ostiary.plugins.oidc.endpoints` and by `ostiary.relying_party`, which also judges each `rd`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse
from ostiary.http.cookies import is_sent_to
from ostiary.identity.redirect_target import read_allowed_host
from ostiary.plugins.oidc.sign_in_config import plan_redirect_url
from ostiary.plugins.oidc.values import Path, read_list

ENDPOINTS = ("start", "sign_out", "auth", "userinfo")


def _check_prefix(prefix: str) -> str:
    if prefix.endswith("/"):
        raise refuse("ends in `/`", f"write {prefix.rstrip('/') or '/oauth2'}")
    return prefix


def _check_target(domain: str) -> str:
    if "/" in domain or "@" in domain:
        raise refuse("is no domain", "write it without scheme and path, such as app.example.com or .example.com")
    remedy = "write app.example.com, or .example.com for all below it, with :8443 for a port or :* for any"
    if domain.startswith("*") and not domain.startswith("*."):
        raise refuse("is no domain: `*` stands for whole labels", remedy)
    try:
        read_allowed_host(domain)
    except ValueError:
        raise refuse("is no domain", remedy) from None
    return domain.lower()


class EndpointsConfig(Section):
    """The plugin's own paths."""

    proxy_prefix: Annotated[Path, AfterValidator(_check_prefix)] = Field(
        default="/oauth2",
        description="What the plugin's own paths begin with: `start`, `callback`, `sign_out`, `auth`, `userinfo`, "
        "`ping` and `ready` below it, exactly so. Anything else below it is a path like any other.",
    )
    ping_path: Path | None = Field(
        default=None, description="The path that always answers 200 `OK`. Default: `ping` below proxy_prefix."
    )
    ready_path: Path | None = Field(
        default=None,
        description="The path that answers 200 `OK` while the store of sessions answers, and 503 otherwise. Default: "
        "`ready` below proxy_prefix.",
    )
    whitelist_domains: Annotated[
        tuple[Annotated[str, Field(max_length=260), AfterValidator(_check_target)], ...],
        BeforeValidator(read_list, json_schema_input_type=str | list[str]),
        Field(max_length=256),
    ] = Field(
        default=(),
        description="Hosts besides the request's own that `rd` and X-Auth-Request-Redirect may lead to: "
        "`app.example.com`, `.example.com` (all below it), with `:8443` for another port than the scheme's, or `:*` "
        "for any. At sign-out the provider's hosts, of its issuer and its logout page, are always allowed.",
    )

    @property
    def ping(self) -> str:
        """The path of the answer that says that the gateway is there."""
        return self.ping_path or f"{self.proxy_prefix}/ping"

    @property
    def ready(self) -> str:
        """The path of the answer that says that sessions can be kept."""
        return self.ready_path or f"{self.proxy_prefix}/ready"


def find_endpoints_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield paths that would mean two things, and those to which browsers would send no cookie of ours."""
    prefix = written.get("proxy_prefix", EndpointsConfig.model_fields["proxy_prefix"].default)
    if not isinstance(prefix, str):
        return
    callback = _find_callback(written.get("redirect_url"), prefix)
    taken = {f"{prefix}/{name}": f"{prefix}/{name}" for name in ENDPOINTS}
    paths = {
        name: written.get(name) or f"{prefix}/{name.removesuffix('_path')}" for name in ("ping_path", "ready_path")
    }
    for name, path in {"redirect_url": callback, **paths}.items():
        if path in taken:
            yield name, refuse(f"is the path of {taken[path]}, too", "give each a path of its own")
        taken[path] = name
    place = written.get("cookie_path")
    if not isinstance(place, str) or not place.startswith("/"):
        return
    outside = [path for path in (callback, f"{prefix}/sign_out") if not is_sent_to(path, place)]
    if outside:
        remedy = "write a proxy_prefix and a redirect_url below it, or `cookie_path: /`"
        yield "cookie_path", refuse(f"is {place}, so browsers send no cookie to {' and '.join(outside)}", remedy)


def _find_callback(redirect_url: object, prefix: str) -> str:
    """Return the path that sign-ins return to, as far as it can be told."""
    if not isinstance(redirect_url, str):
        return f"{prefix}/callback"
    try:
        return urlsplit(plan_redirect_url(redirect_url, prefix)).path
    except ValueError:
        return f"{prefix}/callback"  # its own field says what is wrong
