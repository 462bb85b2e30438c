"""From the documented attributes to how people sign in, and how long they stay."""

from collections.abc import Callable

from ostiary.plugins.openid_connect.compile_credentials import compile_credentials
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.relying_party.settings import RelyingPartySettings, SessionHeaders


def compile_party_settings(
    config: OpenIdConnectConfig, fingerprint: str, generated_secret: Callable[[], str]
) -> RelyingPartySettings:
    """Return how people sign in; without `session` the secret is the host's generated one."""
    session = config.session
    secrets = (generated_secret(),) if session is None else tuple(each.get_secret_value() for each in session.secret)
    return RelyingPartySettings(
        discovery=config.discovery,
        credentials=compile_credentials(config, config.token_endpoint_auth_method),
        secrets=secrets,
        fingerprint=fingerprint,
        redirect_uri=config.redirect_uri,
        scope=config.scope,
        required_scopes=config.required_scopes,
        authorization_parameters=config.authorization_params,
        use_pkce=config.use_pkce,
        require_nonce=config.use_nonce,
        lifetime_s=3600 if session is None else session.cookie.lifetime,
        slack_s=float(config.iat_slack),
        headers=SessionHeaders(
            access_token=config.set_access_token_header,
            access_token_in_authorization=config.access_token_in_authorization_header,
            id_token=config.set_id_token_header,
            userinfo=config.set_userinfo_header,
        ),
    )
