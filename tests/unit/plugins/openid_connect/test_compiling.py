"""From documented attributes to the settings of the roles."""

from typing import Any

import pytest

from ostiary.identity.client_authentication import ClientCredentials
from ostiary.plugins.openid_connect.compiling import (
    compile_bearer_settings,
    compile_party_settings,
    compile_provider_settings,
    find_fingerprint,
    find_notices,
)
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


@pytest.mark.parametrize(("timeout", "seconds"), [(3, 3.0), (999, 999.0), (1000, 1.0), (1500, 1500.0), (5000, 5.0)])
def test_whole_thousands_are_milliseconds(timeout: int, seconds: float) -> None:
    """APISIX's old spelling, and exactly that."""
    assert compile_provider_settings(read(timeout=timeout)).timeout_s == seconds


def test_the_provider_is_where_discovery_says() -> None:
    """With the certificate check that was asked for."""
    settings = compile_provider_settings(read(ssl_verify=False))

    assert (settings.discovery, settings.tls_verify) == ("https://id.example/d", False)
    assert compile_provider_settings(read()).tls_verify


def test_bearer_tokens_are_verified_as_written() -> None:
    """Each attribute in its place."""
    settings = compile_bearer_settings(
        read(
            public_key="PEM",
            use_jwks=True,
            introspection_endpoint="https://id.example/i",
            introspection_endpoint_auth_method="client_secret_post",
            realm="r",
            required_scopes=["a", "b"],
            token_signing_alg_values_expected="ES256",
            iat_slack=7,
            set_access_token_header=False,
            access_token_in_authorization_header=True,
            set_userinfo_header=False,
        )
    )

    assert settings.public_key == "PEM"
    assert settings.use_jwks
    assert settings.introspection_endpoint == "https://id.example/i"
    assert settings.credentials == ClientCredentials(
        client_id="shop", client_secret="sesame", method="client_secret_post"
    )
    assert (settings.realm, settings.required_scopes, settings.algorithm, settings.slack_s) == (
        "r", ("a", "b"), "ES256", 7.0
    )  # fmt: skip
    assert not settings.set_access_token_header
    assert settings.access_token_in_authorization_header
    assert not settings.set_userinfo_header


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


def test_a_public_client_has_no_secret_to_show() -> None:
    """It names itself, and no more."""
    config = OpenIdConnectConfig.model_validate({
        "client_id": "shop", "discovery": "https://id.example/d", "use_pkce": True
    })  # fmt: skip

    assert compile_party_settings(config, "f", generate).credentials == ClientCredentials(
        client_id="shop", method="none"
    )


def test_a_fingerprint_tells_configurations_apart_and_shows_nothing() -> None:
    """Secrets count: two instances with different ones do not decide alike."""
    one = find_fingerprint(read(session={"secret": SECRET}))

    assert one == find_fingerprint(read(session={"secret": [SECRET]}))
    assert one != find_fingerprint(read(session={"secret": SECRET + "2"}))
    assert one != find_fingerprint(read(session={"secret": SECRET}, client_secret="other"))
    assert one != find_fingerprint(read(session={"secret": SECRET}, scope="openid email"))
    assert len(one) == 64


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"ssl_verify": False}, "ssl_verify is false"),
        ({"discovery": "http://id.example/d"}, "discovery is not https"),
        ({}, "generated secret"),
        ({"use_jwks": True}, "bearer tokens are all that is accepted"),
        ({"unauth_action": "pass"}, "unauth_action is pass"),
        ({"scope": "email"}, "does not have `openid`"),
        ({"timeout": 3000}, "milliseconds"),
    ],
)
def test_what_weakens_or_surprises_is_said(attributes: dict[str, Any], words: str) -> None:
    """One sentence each."""
    assert [notice for notice in find_notices(read(**attributes)) if words in notice]


@pytest.mark.parametrize(
    "attributes",
    [
        {"session": {"secret": SECRET}},
        {"session": {"secret": SECRET}, "discovery": "http://127.0.0.1:9090/d"},
        {"bearer_only": True, "unauth_action": "pass", "scope": "x"},
    ],
)
def test_an_ordinary_configuration_is_no_news(attributes: dict[str, Any]) -> None:
    """A notice that always comes is read by nobody."""
    assert find_notices(read(**attributes)) == ()
