"""How people sign in."""

from typing import Any

from ostiary.plugins.openid_connect.compile_party import compile_party_settings
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.relying_party.settings import SessionHeaders

GOOD = {"client_id": "shop", "client_secret": "sesame", "discovery": "https://id.example/d"}
SECRET = "0123456789abcdef"


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration."""
    return OpenIdConnectConfig.model_validate(GOOD | attributes)


def generate() -> str:
    """Stand for the host."""
    return "a-generated-secret"


def test_people_sign_in_as_written() -> None:
    """Each attribute in its place."""
    config = read(
        redirect_uri="/cb",
        scope="openid email",
        required_scopes=["email"],
        authorization_params={"prompt": "login"},
        use_pkce=True,
        use_nonce=True,
        iat_slack=7,
        token_endpoint_auth_method="client_secret_post",
        set_access_token_header=False,
        access_token_in_authorization_header=True,
        set_id_token_header=False,
        set_userinfo_header=False,
        session={"secret": [SECRET, SECRET + "2"], "cookie": {"lifetime": 60}},
    )
    settings = compile_party_settings(config, "a-fingerprint", generate)

    assert settings.secrets == (SECRET, SECRET + "2")
    assert settings.credentials.method == "client_secret_post"
    assert (settings.redirect_uri, settings.scope, settings.required_scopes) == ("/cb", "openid email", ("email",))
    assert settings.authorization_parameters == {"prompt": "login"}
    assert (settings.use_pkce, settings.require_nonce, settings.lifetime_s, settings.slack_s) == (True, True, 60, 7.0)
    assert settings.headers == SessionHeaders(
        access_token=False, access_token_in_authorization=True, id_token=False, userinfo=False
    )
    assert settings.fingerprint == "a-fingerprint"


def test_without_a_session_the_secret_is_the_hosts() -> None:
    """And it lives an hour, as documented."""
    settings = compile_party_settings(read(), "f", generate)

    assert (settings.secrets, settings.lifetime_s) == (("a-generated-secret",), 3600)
