"""From the documented attributes of `openid-connect` to the settings of the roles that carry them out.

Everything that follows from the configuration alone is settled here, when a snapshot is built: defaults that depend on
each other, legacy spellings, the fingerprint, and what the operator should read at start.
"""

from collections.abc import Callable
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from ostiary.identity.client_authentication import ClientAuthenticationMethod, ClientCredentials
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.settings import RelyingPartySettings, SessionHeaders
from ostiary.resource_server.settings import BearerSettings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def compile_provider_settings(config: OpenIdConnectConfig) -> ProviderSettings:
    """Return where and how the provider is called; a `timeout` in whole thousands is APISIX's old milliseconds."""
    timeout_s = config.timeout / 1000 if config.timeout % 1000 == 0 else config.timeout
    return ProviderSettings(discovery=config.discovery, timeout_s=float(timeout_s), tls_verify=config.ssl_verify)


def compile_bearer_settings(config: OpenIdConnectConfig) -> BearerSettings:
    """Return how bearer tokens are verified."""
    return BearerSettings(
        public_key=config.public_key,
        use_jwks=config.use_jwks,
        introspection_endpoint=config.introspection_endpoint,
        credentials=_build_credentials(config, config.introspection_endpoint_auth_method),
        realm=config.realm,
        required_scopes=config.required_scopes,
        algorithm=config.token_signing_alg_values_expected,
        slack_s=float(config.iat_slack),
        set_access_token_header=config.set_access_token_header,
        access_token_in_authorization_header=config.access_token_in_authorization_header,
        set_userinfo_header=config.set_userinfo_header,
    )


def compile_party_settings(
    config: OpenIdConnectConfig, fingerprint: str, generated_secret: Callable[[], str]
) -> RelyingPartySettings:
    """Return how people sign in; without `session` the secret is the host's generated one."""
    session = config.session
    secrets = (generated_secret(),) if session is None else tuple(each.get_secret_value() for each in session.secret)
    return RelyingPartySettings(
        discovery=config.discovery,
        credentials=_build_credentials(config, config.token_endpoint_auth_method),
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


def find_fingerprint(config: OpenIdConnectConfig) -> str:
    """Return a digest of type and configuration, secrets included: equal for instances that decide alike."""
    written = msgspec.json.encode(("openid-connect", config.model_dump()), enc_hook=_reveal)
    return sha256(written).hexdigest()


def find_notices(config: OpenIdConnectConfig) -> tuple[str, ...]:
    """Return what the operator should read at start: what weakens, and what is not what it may seem."""
    discovery = urlsplit(config.discovery)
    notices = {
        "ssl_verify is false: whoever sits between here and the provider can read and forge everything, tokens and "
        "secrets included": not config.ssl_verify,
        "discovery is not https: whoever sits between here and the provider can read and forge everything": (
            discovery.scheme == "http" and discovery.hostname not in _LOOPBACK
        ),
        "there is no `session`, so bearer tokens are all that is accepted: nobody is sent to sign in": (
            config.is_bearer_only and not config.bearer_only
        ),
        "there is no `session`, so sessions are sealed with a generated secret that only this installation has: write "
        "session.secret": config.session is None and not config.is_bearer_only,
        "unauth_action is pass: requests that nobody is signed in for go through": (
            config.unauth_action == "pass" and not config.is_bearer_only
        ),
        "scope does not have `openid`: there will be no ID token, and nobody can sign in": (
            "openid" not in config.scope.split() and not config.is_bearer_only
        ),
        "timeout is read as milliseconds": config.timeout % 1000 == 0,
    }
    return tuple(notice for notice, applies in notices.items() if applies)


def _build_credentials(config: OpenIdConnectConfig, method: ClientAuthenticationMethod) -> ClientCredentials:
    if config.client_secret is None:
        return ClientCredentials(client_id=config.client_id, method="none")
    secret = config.client_secret.get_secret_value()
    return ClientCredentials(client_id=config.client_id, client_secret=secret, method=method)


def _reveal(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    message = f"a {type(value).__name__} has no place in a configuration"
    raise NotImplementedError(message)
