"""From the documented attributes to the client's credentials at one of the provider's endpoints.

Which of the methods is used in the end depends on what the provider offers: `ostiary.identity.client_authentication`.
"""

from ostiary.identity.client_authentication import ClientAuthenticationMethod, ClientCredentials
from ostiary.identity.signing_keys import read_signing_key
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig


def compile_credentials(config: OpenIdConnectConfig, method: ClientAuthenticationMethod) -> ClientCredentials:
    """Return how the gateway authenticates itself where `method` is configured.

    Secret and key are both there whatever the method is, for the fallback. Without a secret, a method that needs one
    gives way to the key, and without either the client is a public one.
    """
    secret = "" if config.client_secret is None else config.client_secret.get_secret_value()
    pem = config.client_rsa_private_key
    key = None if pem is None else read_signing_key(pem.get_secret_value())
    if not secret and method != "private_key_jwt":
        method = "none" if key is None else "private_key_jwt"
    return ClientCredentials(
        client_id=config.client_id,
        client_secret=secret,
        method=method,
        signing_key=key,
        signing_key_id=config.client_rsa_private_key_id,
        assertion_algorithm=config.client_jwt_assertion_alg,
        assertion_lifetime_s=config.client_jwt_assertion_expires_in,
        assertion_audience=config.client_jwt_assertion_audience,
    )
