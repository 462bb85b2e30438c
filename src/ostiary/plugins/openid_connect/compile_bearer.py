"""From the documented attributes to how bearer tokens are verified.

What is not written compiles to nothing at all: a check that nobody asked for costs a token no time.
"""

from ostiary.identity.claim_schema import compile_claim_schema
from ostiary.plugins.openid_connect.compile_credentials import compile_credentials
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.plugins.openid_connect.verification_config import AudienceValidator
from ostiary.resource_server.audience import AudienceRule
from ostiary.resource_server.settings import BearerSettings


def compile_bearer_settings(config: OpenIdConnectConfig) -> BearerSettings:
    """Return how bearer tokens are verified."""
    validator = config.claim_validator
    return BearerSettings(
        public_key=config.public_key,
        use_jwks=config.use_jwks,
        introspection_endpoint=config.introspection_endpoint,
        credentials=compile_credentials(config, config.introspection_endpoint_auth_method),
        realm=config.realm,
        required_scopes=config.required_scopes,
        algorithm=config.token_signing_alg_values_expected,
        issuers=validator.issuer.valid_issuers or (),
        slack_s=float(config.iat_slack),
        introspection_interval_s=float(config.introspection_interval),
        introspection_expiry_claim=config.introspection_expiry_claim,
        addon_headers=config.introspection_addon_headers or (),
        cache_segment=config.cache_segment or "",
        remembers=not config.jwt_verification_cache_ignore,
        audience=_compile_audience(validator.audience, config.client_id),
        claim_schema=None if config.claim_schema is None else compile_claim_schema(config.claim_schema),
        set_access_token_header=config.set_access_token_header,
        access_token_in_authorization_header=config.access_token_in_authorization_header,
        set_userinfo_header=config.set_userinfo_header,
    )


def _compile_audience(validator: AudienceValidator, client_id: str) -> AudienceRule | None:
    """Return what an audience has to be; None where it may be anything. To match, it has to be there."""
    if validator.match_with_client_id:
        return AudienceRule(claim=validator.claim, client_id=client_id)
    return AudienceRule(claim=validator.claim) if validator.required else None
