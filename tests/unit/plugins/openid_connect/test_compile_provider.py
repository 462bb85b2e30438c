"""How the provider is called."""

from typing import Any

import pytest

from ostiary.plugins.openid_connect.compile_provider import compile_provider_settings
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig

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
