"""The plugin's own paths, and the hosts that `rd` may lead to. Texts here are the manual.

The paths are answered by `ostiary.plugins.oidc.endpoints` and by `ostiary.relying_party`, which also judges each `rd`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse
from ostiary.plugins.oidc.values import Path, read_list

ENDPOINTS = ("start", "callback", "sign_out", "auth", "userinfo")
_DOMAIN = re.compile(r"(?:\*?\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?::(?:[0-9]{1,5}|\*))?\Z|\[[0-9A-Fa-f:.]+\]\Z")


def _check_prefix(prefix: str) -> str:
    if prefix.endswith("/"):
        raise refuse("ends in `/`", f"write {prefix.rstrip('/') or '/oauth2'}")
    return prefix


def _check_target(domain: str) -> str:
    if "/" in domain or "@" in domain:
        raise refuse("is no domain", "write it without scheme and path, such as app.example.com or .example.com")
    if not _DOMAIN.match(domain):
        remedy = "write app.example.com, or .example.com for all below it, with :8443 for a port or :* for any"
        raise refuse("is no domain", remedy)
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
        "for any. At sign-out the provider's own logout page is always allowed.",
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
    """Yield paths that would mean two things."""
    prefix = written.get("proxy_prefix", EndpointsConfig.model_fields["proxy_prefix"].default)
    taken = {f"{prefix}/{name}": f"{prefix}/{name}" for name in ENDPOINTS}
    for name in ("ping_path", "ready_path"):
        path = written.get(name) or f"{prefix}/{name.removesuffix('_path')}"
        if path in taken:
            yield name, refuse(f"is the path of {taken[path]}, too", "give each a path of its own")
        taken[path] = name
