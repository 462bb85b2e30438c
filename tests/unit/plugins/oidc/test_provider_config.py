"""Where the provider is."""

from typing import Any

import pytest

from tests.fakes.oidc_configs import LEFT_OUT, find_problems, make_oidc

GITHUB = {"provider": "github", "oidc_issuer_url": LEFT_OUT}
ENDPOINTS = {
    "login_url": "https://id.example/login",
    "redeem_url": "https://id.example/token",
    "oidc_jwks_url": "https://id.example/keys",
}


@pytest.mark.parametrize(
    "written",
    [
        {"provider": "aliyun", "oidc_issuer_url": LEFT_OUT},
        GITHUB,
        {"skip_oidc_discovery": True, **ENDPOINTS},
        {**GITHUB, "login_url": "https://git.example/login/oauth/authorize"},
        {"oidc_issuer_url": "https://dev-o43xb1mz7ya7ach4.us.auth0.com/"},
    ],
)
def test_what_can_be_meant_is_taken(written: dict[str, Any]) -> None:
    """Without a word."""
    assert {} == find_problems(**written)


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ({"oidc_issuer_url": LEFT_OUT}, "", "oidc_issuer_url is required, but missing"),
        ({"oidc_issuer_url": "id.example"}, "oidc_issuer_url", "write it in full"),
        ({"oidc_issuer_url": "https://id.example/?a=1"}, "oidc_issuer_url", "an issuer has no query"),
        (
            {"oidc_issuer_url": "https://id.example/.well-known/openid-configuration"},
            "oidc_issuer_url",
            "write what stands before",
        ),
        ({"provider": "github"}, "oidc_issuer_url", "GitHub is no OpenID provider"),
        ({**GITHUB, "oidc_jwks_url": "https://id.example/k"}, "oidc_jwks_url", "GitHub signs no ID tokens"),
        ({"skip_oidc_discovery": True, **ENDPOINTS, "redeem_url": LEFT_OUT}, "", "redeem_url is required"),
        ({"oidc_verifier_request_timeout": 0}, "oidc_verifier_request_timeout", "at least 1"),
        ({"provider_ca_files": ["nowhere.pem"]}, "provider_ca_files[0]", "the file cannot be read"),
    ],
)
def test_what_could_never_work_is_refused(written: dict[str, Any], path: str, says: str) -> None:
    """With what is wrong or what to write."""
    problems = find_problems(**written)

    assert [path] == list(problems)
    assert says in problems[path]


def test_every_missing_endpoint_is_told() -> None:
    """All of what the metadata would have said."""
    told = find_problems(skip_oidc_discovery=True)[""]

    assert "is required with skip_oidc_discovery" in told


def test_an_authority_is_for_checking_certificates() -> None:
    """One of the two was not meant."""
    problems = find_problems(provider_ca_files=["nowhere.pem"], ssl_insecure_skip_verify=True)

    assert "remove one of the two" in problems["provider_ca_files"]


def test_endpoints_are_those_of_the_provider() -> None:
    """Under the names that metadata have for them."""
    endpoints = make_oidc(**ENDPOINTS, profile_url="https://id.example/me").own_endpoints

    assert ("https://id.example/login", "https://id.example/token", "https://id.example/keys") == (
        endpoints.authorization_endpoint, endpoints.token_endpoint, endpoints.jwks_uri
    )  # fmt: skip
    assert "https://id.example/me" == endpoints.userinfo_endpoint
