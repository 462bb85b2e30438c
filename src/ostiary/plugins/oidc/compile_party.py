"""From the options to how people sign in, how long they stay, and how they leave.

What `ostiary.relying_party` calls otherwise is translated here; no part of the sign-in is.
"""

from ostiary.http.cookies import SameSite
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.identity.members import MemberRule
from ostiary.identity.session_lifetime import RenewalPolicy, SessionLimits
from ostiary.plugins.oidc.compile_provider import find_discovery
from ostiary.plugins.oidc.config import OidcConfig
from ostiary.plugins.oidc.cookie_secret import decode_cookie_secret
from ostiary.plugins.oidc.option_names import OIDC_NAMES
from ostiary.plugins.oidc.values import find_seconds
from ostiary.relying_party.settings import (
    CookieSettings,
    IdTokenSettings,
    LogoutSettings,
    RelyingPartySettings,
    SessionContents,
    SessionHeaders,
)

# How long a session lasts at most whose cookie is gone with the browser: what the default says of all others.
BROWSER_SESSION_S = 604_800.0
_SAME_SITE: dict[str, SameSite | None] = {"": None, "lax": "Lax", "strict": "Strict", "none": "None"}


def compile_party_settings(config: OidcConfig, fingerprint: str) -> RelyingPartySettings:
    """Return how people sign in."""
    return RelyingPartySettings(
        discovery=find_discovery(config),
        credentials=ClientCredentials(
            client_id=config.client_id,
            client_secret=config.client_secret.get_secret_value(),
            method="client_secret_post",
        ),
        secrets=tuple(decode_cookie_secret(secret.get_secret_value()).hex() for secret in config.cookie_secret),
        fingerprint=fingerprint,
        redirect_uri=config.callback_url,
        scope=config.asked_scope,
        authorization_parameters=_compile_parameters(config),
        use_pkce=config.code_challenge_method == "S256",
        id_tokens=IdTokenSettings(
            require_nonce=not config.insecure_oidc_skip_nonce, acr_values=frozenset(config.acr_values.split())
        ),
        limits=SessionLimits(absolute_s=find_seconds(config.cookie_expire) or BROWSER_SESSION_S),
        renewal=_compile_renewal(config),
        headers=_compile_headers(config),
        contents=_compile_contents(config),
        cookie=_compile_cookie(config),
        store=config.store,
        logout=LogoutSettings(path=f"{config.proxy_prefix}/sign_out", is_path_typed=True, mode="rd"),
        follows_rd=True,
        allowed_redirects=config.whitelist_domains,
        members=compile_members(config),
        login=config.provider,
        extra_audiences=config.oidc_extra_audiences,
        names=OIDC_NAMES,
    )


def _compile_parameters(config: OidcConfig) -> dict[str, str]:
    """Return what the authorization request says besides; Alibaba Cloud gives refresh tokens on demand only."""
    wished = {
        "access_type": "offline" if config.provider == "aliyun" else "",
        "prompt": config.prompt,
        "approval_prompt": config.approval_prompt,
        "acr_values": config.acr_values,
    }
    return {name: value for name, value in wished.items() if value}


def _compile_renewal(config: OidcConfig) -> RenewalPolicy:
    """An ID token that goes upstream counts; of Alibaba Cloud's a refresh brings no new one."""
    return RenewalPolicy(
        interval_s=find_seconds(config.cookie_refresh) or None,
        silently=False,
        counts_id_token=config.passes_id_token and config.provider == "oidc",
    )


def _compile_headers(config: OidcConfig) -> SessionHeaders:
    return SessionHeaders(
        access_token=False,
        id_token=False,
        userinfo=False,
        id_token_in_authorization=config.passes_id_token,
        forwarded_access_token=config.pass_access_token,
        forwarded_user=config.pass_user_headers,
    )


def _compile_contents(config: OidcConfig) -> SessionContents:
    keeps_tokens = not config.session_cookie_minimal
    return SessionContents(
        access_token=keeps_tokens,
        raw_id_token=keeps_tokens,
        userinfo=config.counts_people and not config.skip_claims_from_profile_url,
    )


def _compile_cookie(config: OidcConfig) -> CookieSettings:
    """Unset, `cookie_secure` goes by the public scheme: that of redirect_url, where it has one."""
    is_typed = "cookie_secure" in config.model_fields_set
    return CookieSettings(
        name=config.cookie_name,
        path=config.cookie_path,
        domains=config.cookie_domains,
        secure=config.cookie_secure if is_typed else None,
        http_only=config.cookie_httponly,
        same_site=_SAME_SITE[config.cookie_samesite],
        flow_name=f"{config.cookie_name}_csrf",
        flow_per_login=config.cookie_csrf_per_request,
        flow_lifetime_s=find_seconds(config.cookie_csrf_expire),
        is_browser_session=find_seconds(config.cookie_expire) == 0,
    )


def compile_members(config: OidcConfig) -> MemberRule:
    """Return who may enter; also where everybody may, it says which claims hold address and groups."""
    return MemberRule(
        groups=config.allowed_groups,
        emails=config.allowed_emails,
        email_domains=config.email_domains,
        email_claim=config.oidc_email_claim,
        groups_claim=config.oidc_groups_claim,
        require_verified_email=not config.insecure_oidc_allow_unverified_email,
    )
