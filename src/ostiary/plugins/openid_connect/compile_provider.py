"""From the documented attributes to how the provider is called; `timeout` keeps its legacy spelling.

What comes out is a value: instances whose attributes say the same share one provider, its metadata and its keys. No
file is read here and nothing is asked; the certificates of an authority are in the configuration already.
"""

import msgspec

from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.providers.provider import ProviderSettings


def compile_provider_settings(config: OpenIdConnectConfig) -> ProviderSettings:
    """Return where and how the provider is called; a `timeout` in whole thousands is APISIX's old milliseconds."""
    timeout_s = config.timeout / 1000 if config.timeout % 1000 == 0 else config.timeout
    defaults = ProviderSettings(discovery=config.discovery)
    return ProviderSettings(
        discovery=config.discovery,
        timeout_s=float(timeout_s),
        tls_verify=config.ssl_verify,
        issuers=_find_issuers(config),
        keys_expire_s=float(config.jwk_expires_in),
        endpoints=msgspec.structs.replace(config.own_endpoints, introspection_endpoint=config.introspection_endpoint),
        trusted_certificates=config.ssl_ca_file or "",
        proxies=defaults.proxies if config.proxy_opts is None else config.proxy_opts.settings,
    )


def _find_issuers(config: OpenIdConnectConfig) -> tuple[str, ...]:
    """Return the issuers that the operator vouches for, besides the one that the discovery URL names."""
    return config.claim_validator.issuer.valid_issuers or ()
