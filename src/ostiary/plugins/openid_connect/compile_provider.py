"""From the documented attributes to how the provider is called; `timeout` keeps its legacy spelling."""

from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.providers.provider import ProviderSettings


def compile_provider_settings(config: OpenIdConnectConfig) -> ProviderSettings:
    """Return where and how the provider is called; a `timeout` in whole thousands is APISIX's old milliseconds."""
    timeout_s = config.timeout / 1000 if config.timeout % 1000 == 0 else config.timeout
    return ProviderSettings(discovery=config.discovery, timeout_s=float(timeout_s), tls_verify=config.ssl_verify)
