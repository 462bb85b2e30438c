"""From the documented attributes to how bearer tokens are verified."""

from ostiary.plugins.openid_connect.compile_credentials import compile_credentials
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.resource_server.settings import BearerSettings


def compile_bearer_settings(config: OpenIdConnectConfig) -> BearerSettings:
    """Return how bearer tokens are verified."""
    return BearerSettings(
        public_key=config.public_key,
        use_jwks=config.use_jwks,
        introspection_endpoint=config.introspection_endpoint,
        credentials=compile_credentials(config, config.introspection_endpoint_auth_method),
        realm=config.realm,
        required_scopes=config.required_scopes,
        algorithm=config.token_signing_alg_values_expected,
        slack_s=float(config.iat_slack),
        set_access_token_header=config.set_access_token_header,
        access_token_in_authorization_header=config.access_token_in_authorization_header,
        set_userinfo_header=config.set_userinfo_header,
    )
