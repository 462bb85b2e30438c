"""What a relying party is configured with, compiled from a plugin's configuration when the snapshot is built.

Values only; where a plugin's documented attributes have another shape, the plugin translates.
"""

from collections.abc import Mapping
from typing import Literal, final

import msgspec

from ostiary.http.cookies import SameSite
from ostiary.identity.authorization import ResponseMode
from ostiary.identity.claim_schema import ClaimSchema
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.identity.keys import KeySet
from ostiary.identity.members import MemberRule
from ostiary.identity.session_lifetime import RenewalPolicy, SessionLimits
from ostiary.relying_party.option_names import OptionNames
from ostiary.store_settings import StoreSettings


@final
class SessionHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """Which headers tell the upstream who is there.

    `forwarded_user` are X-Forwarded-User, -Email, -Groups and -Preferred-Username, `forwarded_access_token` is
    X-Forwarded-Access-Token.
    """

    access_token: bool = True
    access_token_in_authorization: bool = False
    id_token: bool = True
    raw_id_token: bool = False
    userinfo: bool = True
    refresh_token: bool = False
    id_token_in_authorization: bool = False
    forwarded_access_token: bool = False
    forwarded_user: bool = False


@final
class SessionContents(msgspec.Struct, frozen=True, kw_only=True):
    """What a session keeps. A refresh token is kept with the access token, or not at all."""

    access_token: bool = True
    id_token: bool = True
    raw_id_token: bool = True
    userinfo: bool = True


@final
class CookieSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The session cookie as the operator wants it. `name` None: made of provider and client; `secure` None: by scheme.

    A sealed name prefix (`__Host-`, `__Secure-`) is added to names that are made here, as far as the attributes let it.
    Of `domains` the longest that the request's host lies in is set, else the shortest. A login's own cookie has a name
    of ours, or `flow_name`: then it has the session cookie's attributes, and there is one for each login
    (`flow_per_login`), or a single one. `is_browser_session`: browsers forget the session when they are closed.
    """

    name: str | None = None
    path: str = "/"
    domains: tuple[str, ...] = ()
    secure: bool | None = None
    http_only: bool = True
    same_site: SameSite | None = "Lax"
    flow_name: str | None = None
    flow_per_login: bool = True
    flow_lifetime_s: float = 600.0
    is_browser_session: bool = False


@final
class LogoutSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How people sign out. `landing` is where they end up: a URL or a path of the gateway; None: a page of ours.

    `back_channel_path` and `front_channel_path` are where the provider says that somebody did elsewhere; None: nowhere.
    With the mode `rd` the session ends here only, and the person is sent where the request wishes, if that is allowed.
    """

    path: str = "/logout"
    is_path_typed: bool = False
    landing: str | None = None
    revokes_tokens: bool = False
    mode: Literal["provider", "rd"] = "provider"
    back_channel_path: str | None = None
    front_channel_path: str | None = None


@final
class IdTokenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What ID tokens have to be, besides the rules. `key` None: the provider's published keys.

    Where they were asked for at sign-in, `acr` is one of `acr_values`, and `auth_time` within the last `max_age_s`.
    """

    require_nonce: bool = False
    slack_s: float = 120.0
    accept_unsigned: bool = False
    key: KeySet | None = None
    acr_values: frozenset[str] = frozenset()
    max_age_s: float | None = None


@final
class RelyingPartySettings(msgspec.Struct, frozen=True, kw_only=True):
    """One client at one provider.

    `discovery` stands for the issuer in cookie names and seals, because the issuer itself is not known before the
    provider answered. `redirect_uri` is absolute, a path, or None (derived from each request). Of `secrets` the first
    seals and all open. `fingerprint` is that of the plugin instance. `store` None: sessions are sealed into cookies.
    `unsaid_lifetime_s` is taken for an access token whose provider does not say. `revalidate_s` is the longest that a
    revoked session lives. Lifetimes in seconds.

    `login` is what kind of sign-in the provider has: `github` has no ID token. With `follows_rd` a request may wish
    where it leads, as far as `allowed_redirects` (hosts) go. `members` may enter, of all that the provider signs in.
    `extra_audiences` are audiences that an ID token may have besides us. `names` are what the log calls all this.
    """

    discovery: str
    credentials: ClientCredentials
    secrets: tuple[str, ...]
    fingerprint: str
    redirect_uri: str | None = None
    scope: str = "openid"
    required_scopes: tuple[str, ...] = ()
    authorization_parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    response_mode: ResponseMode = "query"
    use_pkce: bool = False
    id_tokens: IdTokenSettings = IdTokenSettings()
    limits: SessionLimits = SessionLimits()
    renewal: RenewalPolicy = RenewalPolicy()
    unsaid_lifetime_s: float = 3600.0
    force_reauthorize: bool = False
    headers: SessionHeaders = SessionHeaders()
    contents: SessionContents = SessionContents()
    cookie: CookieSettings = CookieSettings()
    store: StoreSettings | None = None
    revalidate_s: float = 1.0
    claim_schema: ClaimSchema | None = None
    logout: LogoutSettings = LogoutSettings()
    login: Literal["oidc", "aliyun", "github"] = "oidc"
    follows_rd: bool = False
    allowed_redirects: tuple[str, ...] = ()
    members: MemberRule | None = None
    extra_audiences: tuple[str, ...] = ()
    names: OptionNames = OptionNames()

    def __repr__(self) -> str:
        """Name client and provider; secrets stay inside."""
        return f"RelyingPartySettings({self.credentials.client_id!r} at {self.discovery!r})"
