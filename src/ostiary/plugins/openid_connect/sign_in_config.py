"""How people sign in: what is asked for, where they return to, what happens to those who are not signed in.

Texts here are the manual: they end up in it as they are.
"""

from typing import Literal

from pydantic import Field

from ostiary.config.section import Section
from ostiary.identity.authorization import ResponseMode
from ostiary.plugins.openid_connect.session_config import SessionConfig, SessionContentsConfig
from ostiary.plugins.openid_connect.values import Parameters, Switch

UnauthenticatedAction = Literal["auth", "deny", "pass"]


class SignInConfig(Section):
    """The authorization code flow and its session."""

    scope: str = Field(
        default="openid",
        pattern=r"^[ !#-\[\]-~]{1,1024}$",
        description="What is asked for at sign-in, separated by spaces. Without `openid` there is no ID token, and "
        "nobody can sign in.",
    )
    redirect_uri: str | None = Field(
        default=None,
        min_length=1,
        max_length=1024,
        description="Where the provider sends people back to: a URL or a path, registered there, and not itself a "
        "protected page. Default: the requested path with `/.apisix/redirect` after it.",
    )
    response_mode: ResponseMode = Field(
        default="query",
        description="How the provider's answer comes back: `query`, in the address, or `form_post`, in a form that the "
        "browser posts, so that the code is in no address, history or log. `form_post` needs https (or loopback), and "
        "a session before it in the same browser is replaced, but not revoked: the cookie of a session does not come "
        "along with another site's form, unless session.cookie_same_site is None.",
    )
    use_pkce: Switch = Field(
        default=False,
        description="Use PKCE (S256) at sign-in whatever the metadata says; it is used anyway where they offer it.",
    )
    use_nonce: Switch = Field(
        default=False,
        description="Refuse an ID token without the nonce. One is always sent, and a wrong one is always refused.",
    )
    session: SessionConfig | None = Field(
        default=None,
        description="The browser session. Without it, a route that verifies bearer tokens accepts nothing else, and "
        "any other gets a generated secret.",
    )
    session_contents: SessionContentsConfig | None = Field(
        default=None, description="What a session keeps. Default: everything."
    )
    unauth_action: UnauthenticatedAction = Field(
        default="auth",
        description="What happens to a request that nobody is signed in for: `auth` sends navigations to the provider "
        "and answers 401 to everything else, `deny` answers 401, `pass` lets it through as nobody.",
    )
    authorization_params: Parameters = Field(
        default_factory=dict,
        max_length=32,
        description="More parameters for the authorization request, such as prompt or audience. An ID token has to "
        "fit them: its `acr` is one of `acr_values`, and its `auth_time` not longer ago than `max_age` (seconds).",
    )
