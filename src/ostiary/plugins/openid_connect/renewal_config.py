"""Tokens over time: when they are renewed, and when a person is asked again. Texts here are the manual.

What they mean over a session's life stands in `ostiary.identity.session_lifetime`.
"""

from typing import Annotated

from pydantic import Field

from ostiary.config.section import Section
from ostiary.plugins.openid_connect.values import Number, Seconds, Switch


class RenewalConfig(Section):
    """Renewal of tokens and sessions."""

    renew_access_token_on_expiry: Switch = Field(
        default=True,
        description="Renew the access token by the refresh token when it is over, once for all requests, workers and "
        "nodes; where that is refused, or there is no refresh token, people sign in again. With `false` the session "
        "goes on, and the upstream is given no access token any more.",
    )
    access_token_expires_in: Seconds | None = Field(
        default=None,
        description="The access token's lifetime in seconds where the provider does not say (`expires_in`). Default: "
        "3600.",
    )
    access_token_expires_leeway: Annotated[Number, Field(ge=0, le=86_400)] = Field(
        default=0,
        description="How many seconds before its end the access token is renewed, so that none is over when it "
        "arrives; never before half of its lifetime.",
    )
    refresh_session_interval: Seconds | None = Field(
        default=None,
        description="After how many seconds the provider has to confirm a session again: by the refresh token if "
        "there is one, else by a redirect that asks nothing of the person (`prompt=none`), on navigations only. A "
        "person whom the provider does not know any more signs in. Default: never.",
    )
    force_reauthorize: Switch = Field(
        default=False,
        description="Send every navigation to the provider, whatever the session says. The one that returns from the "
        "sign-in is served, and so are the calls that pages make.",
    )
