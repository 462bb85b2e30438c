"""Where and how the provider is called."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ostiary.errors import OperatorFault
from ostiary.http.outbound import Address
from ostiary.plugins.oidc.compile_provider import compile_provider_settings
from ostiary.providers.provider import ProviderSettings
from tests.fakes.certificates import make_authority
from tests.fakes.issuer import DISCOVERY, ISSUER
from tests.fakes.oidc_configs import LEFT_OUT, make_oidc

SOURCES: dict[str, tuple[Address, ...]] = {
    "auth.dns": (("id.example", 443),),
    "keycloak.static": (("127.0.0.1", 9090), ("10.0.0.5", 9090)),
}
find_service: Callable[[str], tuple[Address, ...] | None] = SOURCES.get


def compile_with(**written: Any) -> ProviderSettings:
    """Compile a configuration in which the two services are known."""
    return compile_provider_settings(make_oidc(**written), find_service)


def test_the_metadata_are_below_the_issuer() -> None:
    """With or without the slash at its end, which the issuer keeps."""
    plain, slashed = compile_with(), compile_with(oidc_issuer_url=f"{ISSUER}/")

    assert (DISCOVERY, DISCOVERY) == (plain.discovery, slashed.discovery)
    assert ((ISSUER,), (f"{ISSUER}/",)) == (plain.issuers, slashed.issuers)
    assert plain.discovers


@pytest.mark.parametrize("written", ["https://oauth.aliyun.com/", "https://oauth.aliyun.com", LEFT_OUT])
def test_alibaba_cloud_is_known_under_both_spellings(written: object) -> None:
    """Its documents do not agree on the slash."""
    settings = compile_with(provider="aliyun", oidc_issuer_url=written)

    assert ("https://oauth.aliyun.com", "https://oauth.aliyun.com/") == settings.issuers
    assert "https://oauth.aliyun.com/.well-known/openid-configuration" == settings.discovery


def test_github_is_known_without_metadata() -> None:
    """By what its documentation says, and by what is written in its place."""
    settings = compile_with(provider="github", oidc_issuer_url=LEFT_OUT, redeem_url="https://git.example/token")

    assert not settings.discovers
    assert ("https://github.com",) == settings.issuers
    assert ("https://github.com/login/oauth/authorize", "https://git.example/token", "https://api.github.com/user") == (
        settings.endpoints.authorization_endpoint, settings.endpoints.token_endpoint,
        settings.endpoints.userinfo_endpoint,
    )  # fmt: skip


def test_calls_take_milliseconds_and_verify_certificates() -> None:
    """Unless something else is typed."""
    usual = compile_with()
    other = compile_with(oidc_verifier_request_timeout=500, ssl_insecure_skip_verify=True)

    assert (2.0, True) == (usual.timeout_s, usual.tls_verify)
    assert (0.5, False) == (other.timeout_s, other.tls_verify)


def test_private_authorities_are_trusted(tmp_path: Path) -> None:
    """All that are in the files."""
    authorities = [make_authority(), make_authority()]
    files = [tmp_path / f"{index}.pem" for index in range(2)]
    for file, authority in zip(files, authorities, strict=True):
        file.write_text(authority.pem)

    trusted = compile_with(provider_ca_files=[str(file) for file in files]).trusted_certificates

    assert 2 == trusted.count("BEGIN CERTIFICATE")


def test_endpoints_can_be_written() -> None:
    """And are all that is known where nothing is discovered."""
    urls = {name: f"https://id.example/{name}" for name in ("login_url", "redeem_url", "oidc_jwks_url")}
    settings = compile_with(skip_oidc_discovery=True, **urls)

    assert not settings.discovers
    assert "https://id.example/redeem_url" == settings.endpoints.token_endpoint


@pytest.mark.parametrize(
    ("written", "addresses"),
    [
        ({}, ()),
        ({"service_name": "auth.dns", "service_port": 443}, SOURCES["auth.dns"]),
        ({"service_name": "auth.dns"}, SOURCES["auth.dns"]),
        ({"service_name": "keycloak.static", "service_port": 80}, SOURCES["keycloak.static"]),
        (
            {"service_name": "keycloak.static", "service_port": 80, "service_host": "127.0.0.1:9090"},
            (("127.0.0.1", 9090),),
        ),
        ({"service_name": "keycloak.static", "service_port": 81, "service_host": "10.0.0.7"}, (("10.0.0.7", 81),)),
        ({"service_name": "keycloak.static", "service_host": "[::1]:9090"}, (("::1", 9090),)),
    ],
)
def test_a_service_source_says_where_to_connect(written: dict[str, Any], addresses: tuple[Address, ...]) -> None:
    """And service_host says it of a static one."""
    assert addresses == compile_with(**written).addresses


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (
            {"service_name": "nowhere.dns"},
            "service_sources name no such service: add `{name: nowhere, type: dns, ...}`",
        ),
        ({"service_name": "nowhere.static", "service_host": "127.0.0.1:80"}, "service_sources name no such service"),
        ({"service_name": "auth"}, "name no such service: write auth.dns"),
        ({"service_name": "nowhere"}, "write NAME.dns or NAME.static of one that is there"),
        ({"service_name": "auth.example"}, "write NAME.dns or NAME.static of one that is there"),
        ({"service_name": "auth.dns", "service_port": 8443}, "the service source auth.dns has port 443: write that"),
    ],
)
def test_a_service_that_there_is_not_is_refused(written: dict[str, Any], says: str) -> None:
    """With what to add or write."""
    with pytest.raises(OperatorFault) as caught:
        compile_with(**written)

    assert "service_unknown" == caught.value.code
    assert says in caught.value.detail
