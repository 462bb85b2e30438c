"""Signing out: where, what is told to the provider, and where people end up. Texts here are the manual.

RP-Initiated Logout 1.0 and RFC 7009; `ostiary.relying_party.logout` carries it out.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse
from ostiary.config.urls import check_url
from ostiary.plugins.openid_connect.values import Switch

_PATH = re.compile(r"/(?![/\\])[\x21\x24-\x3a\x3c-\x3e\x40-\x5b\x5d-\x7e]*\Z")


def _check_path(path: str) -> str:
    if not _PATH.match(path) or "%" in path:
        raise refuse("is no plain path", "write one such as /logout, without a query")
    return path


def _check_landing(landing: str) -> str:
    return _check_path(landing) if landing.startswith("/") else check_url(landing)


Path = Annotated[str, AfterValidator(_check_path), Field(max_length=1024)]


class LogoutConfig(Section):
    """Signing out."""

    logout_path: Path = Field(
        default="/logout",
        description="The path that signs people out, whatever its query. The default counts where the route covers "
        "it; a path that is written here belongs to the plugin on all hosts of the route. Another site cannot sign "
        "anybody out: the person is asked first.",
    )
    post_logout_redirect_uri: Annotated[str, AfterValidator(_check_landing), Field(max_length=2048)] | None = Field(
        default=None,
        description="Where people end up after signing out: a URL, or a path of the gateway. The provider has to know "
        "it. Default: the provider's own page, or ours where the provider has none.",
    )
    backchannel_logout_path: Path | None = Field(
        default=None,
        description="The path to which the provider posts that somebody signed out elsewhere (OpenID Connect "
        "Back-Channel Logout): register it at the provider, with the public origin before it, as the client's "
        "back-channel logout URI. It belongs to the plugin on all hosts of the route. The session, or all of that "
        "person, is over within `session.revalidate_s`, on every route of the client and every node that keep their "
        "state in the same store. Default: the provider has nowhere to say so.",
    )
    frontchannel_logout_path: Path | None = Field(
        default=None,
        description="The path that a page of the provider opens in a frame to say the same (OpenID Connect "
        "Front-Channel Logout), with `sid`: register it with session required. It ends what was signed in "
        "with this path configured. Browsers may not load such frames: use the back channel where the provider has it.",
    )
    revoke_tokens_on_logout: Switch = Field(
        default=False,
        description="Tell the provider at sign-out that refresh and access token are no longer needed (RFC 7009). The "
        "person does not wait for it, and a failure is logged.",
    )


def find_logout_faults(
    written: Mapping[str, Any], *, is_bearer_only: bool
) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield paths of logouts that mean two things at once, and those of a route where nobody signs in."""
    taken: dict[str, str] = {}
    for name in ("logout_path", "backchannel_logout_path", "frontchannel_logout_path"):
        path = written.get(name, "/logout" if name == "logout_path" else None)
        if not isinstance(path, str):
            continue
        if is_bearer_only and name != "logout_path":
            yield (
                name,
                refuse(
                    "there is nobody to sign out: bearer tokens are all that is accepted",
                    "add `session`, or leave it out",
                ),
            )
        if path in taken:
            yield name, refuse(f"is the path of {taken[path]}, too", "give each a path of its own")
        taken[path] = name
