"""What the upstream is told about who is there. Texts here are the manual: they end up in it as they are.

The headers themselves are built by `ostiary.relying_party` and `ostiary.resource_server`; a client cannot send them.
"""

from pydantic import Field

from ostiary.config.section import Section
from ostiary.plugins.openid_connect.values import Switch


class HeadersConfig(Section):
    """The headers for the upstream."""

    set_access_token_header: Switch = Field(
        default=True, description="Give the upstream the access token, in X-Access-Token unless told otherwise."
    )
    access_token_in_authorization_header: Switch = Field(
        default=False, description="Give the upstream the access token in Authorization, as a bearer token."
    )
    set_id_token_header: Switch = Field(
        default=True, description="Give the upstream the ID token's claims: X-ID-Token, base64 of JSON."
    )
    set_userinfo_header: Switch = Field(
        default=True,
        description="Fetch the userinfo at sign-in and give it to the upstream: X-Userinfo, base64 of JSON.",
    )
    set_refresh_token_header: Switch = Field(
        default=False, description="Give the upstream the refresh token, if there is one: X-Refresh-Token."
    )
    set_raw_id_token_header: Switch = Field(
        default=False, description="Give the upstream the ID token as the provider signed it: X-Raw-ID-Token."
    )
