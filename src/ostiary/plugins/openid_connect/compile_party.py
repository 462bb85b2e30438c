"""From the documented attributes to how people sign in, how long they stay, and how they leave.

Defaults that depend on each other are settled here: limits, what is kept, and whose secret seals.
"""

from collections.abc import Callable

from ostiary.identity.claim_schema import compile_claim_schema
from ostiary.identity.keys import read_public_key
from ostiary.identity.session_lifetime import RenewalPolicy, SessionLimits
from ostiary.plugins.openid_connect.compile_credentials import compile_credentials
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.plugins.openid_connect.session_config import SessionConfig
from ostiary.relying_party.settings import (
    CookieSettings,
    IdTokenSettings,
    LogoutSettings,
    RelyingPartySettings,
    SessionContents,
    SessionHeaders,
)


def compile_party_settings(
    config: OpenIdConnectConfig, fingerprint: str, generated_secret: Callable[[], str]
) -> RelyingPartySettings:
    """Return how people sign in; without `session` the secret is the host's generated one.

    Raises OperatorFault `public_key_invalid`.
    """
    session = config.session
    return RelyingPartySettings(
        discovery=config.discovery,
        credentials=compile_credentials(config, config.token_endpoint_auth_method),
        secrets=(generated_secret(),) if session is None else _reveal_secrets(session),
        fingerprint=fingerprint,
        redirect_uri=config.redirect_uri,
        scope=config.scope,
        required_scopes=config.required_scopes,
        authorization_parameters=config.authorization_params,
        response_mode=config.response_mode,
        use_pkce=config.use_pkce,
        id_tokens=_compile_id_tokens(config),
        limits=SessionLimits() if session is None else _compile_limits(session),
        renewal=_compile_renewal(config),
        unsaid_lifetime_s=float(config.access_token_expires_in or 3600),
        force_reauthorize=config.force_reauthorize and config.unauth_action == "auth",
        headers=_compile_headers(config),
        contents=_compile_contents(config),
        cookie=CookieSettings() if session is None else _compile_cookie(session),
        store=None if session is None else session.store,
        revalidate_s=1.0 if session is None else session.revalidate_s,
        claim_schema=None if config.claim_schema is None else compile_claim_schema(config.claim_schema),
        logout=_compile_logout(config),
    )


def _reveal_secrets(session: SessionConfig) -> tuple[str, ...]:
    return tuple(secret.get_secret_value() for secret in session.secret)


def _compile_id_tokens(config: OpenIdConnectConfig) -> IdTokenSettings:
    """What is asked for with the authorization request is held against the answer (OpenID Connect Core §3.1.3.7)."""
    asked = config.authorization_params
    return IdTokenSettings(
        require_nonce=config.use_nonce,
        slack_s=float(config.iat_slack),
        accept_unsigned=config.accept_none_alg,
        key=None if config.public_key is None else read_public_key(config.public_key),
        acr_values=frozenset(asked.get("acr_values", "").split()),
        max_age_s=float(asked["max_age"]) if "max_age" in asked else None,
    )


def _compile_limits(session: SessionConfig) -> SessionLimits:
    """Return the limits; the later `absolute_timeout` goes before the older `cookie.lifetime`."""
    return SessionLimits(
        absolute_s=float(session.absolute_timeout or session.cookie.lifetime),
        idling_s=float(session.idling_timeout) or None,
        rolling_s=float(session.rolling_timeout) or None,
    )


def _compile_renewal(config: OpenIdConnectConfig) -> RenewalPolicy:
    interval = config.refresh_session_interval
    return RenewalPolicy(
        renew_on_expiry=config.renew_access_token_on_expiry,
        leeway_s=float(config.access_token_expires_leeway),
        interval_s=None if interval is None else float(interval),
    )


def _compile_headers(config: OpenIdConnectConfig) -> SessionHeaders:
    return SessionHeaders(
        access_token=config.set_access_token_header,
        access_token_in_authorization=config.access_token_in_authorization_header,
        id_token=config.set_id_token_header,
        raw_id_token=config.set_raw_id_token_header,
        userinfo=config.set_userinfo_header,
        refresh_token=config.set_refresh_token_header,
    )


def _compile_contents(config: OpenIdConnectConfig) -> SessionContents:
    contents = config.session_contents
    if contents is None:
        return SessionContents()
    return SessionContents(
        access_token=contents.access_token,
        id_token=contents.id_token,
        raw_id_token=contents.enc_id_token,
        userinfo=contents.user,
    )


def _compile_cookie(session: SessionConfig) -> CookieSettings:
    same_site = session.cookie_same_site
    return CookieSettings(
        name=session.cookie_name,
        path=session.cookie_path,
        domains=() if session.cookie_domain is None else (session.cookie_domain,),
        secure=True if same_site == "None" else session.cookie_secure,
        http_only=session.cookie_http_only,
        same_site=None if same_site == "Default" else same_site,
    )


def _compile_logout(config: OpenIdConnectConfig) -> LogoutSettings:
    return LogoutSettings(
        path=config.logout_path,
        is_path_typed="logout_path" in config.model_fields_set,
        landing=config.post_logout_redirect_uri,
        revokes_tokens=config.revoke_tokens_on_logout,
        back_channel_path=config.backchannel_logout_path,
        front_channel_path=config.frontchannel_logout_path,
    )
