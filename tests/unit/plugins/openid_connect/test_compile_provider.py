"""How the provider is called."""

from pathlib import Path
from typing import Any

import pytest

from ostiary.http.proxies import Proxy, ProxySettings
from ostiary.identity.metadata import Endpoints
from ostiary.plugins.openid_connect.compile_provider import compile_provider_settings
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from tests.fakes.certificates import make_authority

GOOD = {"client_id": "shop", "client_secret": "sesame", "discovery": "https://id.example/d"}


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration."""
    return OpenIdConnectConfig.model_validate(GOOD | attributes)


@pytest.mark.parametrize(("timeout", "seconds"), [(3, 3.0), (999, 999.0), (1000, 1.0), (1500, 1500.0), (5000, 5.0)])
def test_whole_thousands_are_milliseconds(timeout: int, seconds: float) -> None:
    """APISIX's old spelling, and exactly that."""
    assert compile_provider_settings(read(timeout=timeout)).timeout_s == seconds


def test_the_provider_is_where_discovery_says() -> None:
    """With the certificate check that was asked for."""
    settings = compile_provider_settings(read(ssl_verify=False))

    assert (settings.discovery, settings.tls_verify) == ("https://id.example/d", False)
    assert compile_provider_settings(read()).tls_verify


def test_endpoints_and_keys_are_as_they_were_written() -> None:
    """The introspection endpoint among them, which stands with the bearer tokens."""
    config = read(jwks_uri="https://id.example/k", introspection_endpoint="https://id.example/i", jwk_expires_in=60)
    settings = compile_provider_settings(config)

    assert settings.endpoints == Endpoints(
        jwks_uri="https://id.example/k", introspection_endpoint="https://id.example/i"
    )
    assert settings.keys_expire_s == 60.0
    assert compile_provider_settings(read()).endpoints == Endpoints()


def test_proxies_and_authorities_go_along() -> None:
    """By value: equal ones are one provider."""
    written = {"https_proxy": "http://p.example:1", "https_proxy_authorization": "Basic YTpi", "no_proxy": "x.example"}
    settings = compile_provider_settings(read(proxy_opts=written))

    assert settings.proxies.https == Proxy("http://p.example:1", "Basic YTpi")
    assert settings.proxies.find("https://x.example/") is None
    assert {settings} == {compile_provider_settings(read(proxy_opts=written))}
    assert "YTpi" not in repr(settings)
    plain = compile_provider_settings(read())
    assert (plain.proxies, plain.trusted_certificates, plain.issuers) == (ProxySettings(), "", ())


def test_a_private_authority_goes_along(tmp_path: Path) -> None:
    """As the certificates themselves."""
    pem = make_authority().pem
    (tmp_path / "ca.pem").write_text(pem)

    assert compile_provider_settings(read(ssl_ca_file=str(tmp_path / "ca.pem"))).trusted_certificates == pem


def test_issuers_that_are_vouched_for_may_stand_in_the_discovery_document() -> None:
    """Providers whose issuer is not the one that their URL names: the operator knows better than a rule."""
    settings = compile_provider_settings(read(claim_validator={"issuer": {"valid_issuers": ["https://a.example"]}}))

    assert settings.issuers == ("https://a.example",)
