"""From the documented attributes to the client's credentials at one of the provider's endpoints."""

from ostiary.identity.client_authentication import ClientAuthenticationMethod, ClientCredentials
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig


def compile_credentials(config: OpenIdConnectConfig, method: ClientAuthenticationMethod) -> ClientCredentials:
    """Return how the gateway authenticates itself where `method` is configured."""
    if config.client_secret is None:
        return ClientCredentials(client_id=config.client_id, method="none")
    secret = config.client_secret.get_secret_value()
    return ClientCredentials(client_id=config.client_id, client_secret=secret, method=method)
