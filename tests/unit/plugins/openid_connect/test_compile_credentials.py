"""Who the gateway is at the provider's endpoints."""

from ostiary.identity.client_authentication import ClientCredentials
from ostiary.plugins.openid_connect.compile_credentials import compile_credentials
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig


def test_a_public_client_has_no_secret_to_show() -> None:
    """It names itself, and no more."""
    config = OpenIdConnectConfig.model_validate({
        "client_id": "shop", "discovery": "https://id.example/d", "use_pkce": True
    })  # fmt: skip

    assert compile_credentials(config, "client_secret_basic") == ClientCredentials(client_id="shop", method="none")
