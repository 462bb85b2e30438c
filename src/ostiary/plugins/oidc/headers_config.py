"""What the upstream, or the proxy that asks `/oauth2/auth`, is told about who is there. Texts here are the manual.

The headers themselves are built by `ostiary.relying_party`; a client cannot send them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field
from pydantic_core import PydanticCustomError

from ostiary.config.scalars import Switch, read_switch
from ostiary.config.section import Section, refuse


class HeadersConfig(Section):
    """The headers."""

    pass_authorization_header: Switch = Field(
        default=True,
        description="Give the upstream the ID token in Authorization, as a bearer token, in place of whatever the "
        "client sent there.",
    )
    pass_access_token: Switch = Field(
        default=False, description="Give the upstream the access token: X-Forwarded-Access-Token."
    )
    pass_user_headers: Switch = Field(
        default=False,
        description="Give the upstream X-Forwarded-User (the subject), -Email (unless the provider calls it "
        "unverified), -Groups (separated by commas) and -Preferred-Username.",
    )
    set_xauthrequest: Switch = Field(
        default=True,
        description="Let `/oauth2/auth` answer with X-Auth-Request-User, -Email, -Groups and -Preferred-Username, for "
        "the proxy that asked to pass on.",
    )
    skip_claims_from_profile_url: Switch = Field(
        default=False,
        description="Ask for no userinfo. Otherwise it is asked for at sign-in where email addresses, groups or "
        "user names are configured to count, since many ID tokens do not have them.",
    )


def find_headers_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield what a provider cannot give."""
    name = "pass_authorization_header"
    if written.get("provider") == "github" and read_switch(written.get(name)) is True:
        problem = "is true, but GitHub gives no ID token"
        yield name, refuse(problem, "leave it out, and write pass_access_token or pass_user_headers")
