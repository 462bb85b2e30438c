"""Signing out: where, what is told to the provider, and where people end up. Texts here are the manual.

RP-Initiated Logout 1.0 and RFC 7009; `ostiary.relying_party.logout` carries it out.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from ostiary.config.section import Section, refuse
from ostiary.plugins.openid_connect.values import Switch, check_url

_PATH = re.compile(r"/(?![/\\])[\x21\x24-\x3a\x3c-\x3e\x40-\x5b\x5d-\x7e]*\Z")


def _check_path(path: str) -> str:
    if not _PATH.match(path) or "%" in path:
        raise refuse("is no plain path", "write one such as /logout, without a query")
    return path


def _check_landing(landing: str) -> str:
    return _check_path(landing) if landing.startswith("/") else check_url(landing)


class LogoutConfig(Section):
    """Signing out."""

    logout_path: Annotated[str, AfterValidator(_check_path), Field(max_length=1024)] = Field(
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
    revoke_tokens_on_logout: Switch = Field(
        default=False,
        description="Tell the provider at sign-out that refresh and access token are no longer needed (RFC 7009). The "
        "person does not wait for it, and a failure is logged.",
    )
