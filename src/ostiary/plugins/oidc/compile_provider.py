"""From the options to where and how the provider is called.

What comes out is a value: instances whose options say the same share one provider, its metadata and its keys. Nothing
is asked here; a service source is the snapshot's own word about addresses.
"""

from collections.abc import Callable

import msgspec

from ostiary.config.patterns import parse_server
from ostiary.errors import OperatorFault
from ostiary.http.outbound import Address
from ostiary.identity.metadata import WELL_KNOWN, Endpoints
from ostiary.plugins.oidc.config import OidcConfig
from ostiary.providers.provider import ProviderSettings

FindService = Callable[[str], tuple[Address, ...] | None]

_SERVICE_TYPES = ("dns", "static")
# GitHub publishes no metadata; its documentation has these.
_GITHUB = Endpoints(
    authorization_endpoint="https://github.com/login/oauth/authorize",
    token_endpoint="https://github.com/login/oauth/access_token",  # noqa: S106 - an address
    userinfo_endpoint="https://api.github.com/user",
)


def find_discovery(config: OidcConfig) -> str:
    """Return the URL of the metadata, which stands for the provider also where nothing is discovered."""
    return config.issuer.rstrip("/") + WELL_KNOWN


def compile_provider_settings(config: OidcConfig, find_service: FindService) -> ProviderSettings:
    """Return where and how the provider is called. Raises OperatorFault for a service that there is not."""
    return ProviderSettings(
        discovery=find_discovery(config),
        timeout_s=config.oidc_verifier_request_timeout / 1000,
        tls_verify=not config.ssl_insecure_skip_verify,
        issuers=_find_issuers(config),
        endpoints=_find_endpoints(config),
        trusted_certificates="".join(config.provider_ca_files),
        addresses=_find_addresses(config, find_service),
        discovers=not config.skip_oidc_discovery and config.provider != "github",
    )


def _find_issuers(config: OidcConfig) -> tuple[str, ...]:
    """Return the spellings that the operator vouches for: Alibaba Cloud's documents do not agree on the last slash."""
    if config.provider == "aliyun":
        bare = config.issuer.rstrip("/")
        return (bare, f"{bare}/")
    return (config.issuer,)


def _find_endpoints(config: OidcConfig) -> Endpoints:
    """Return what is written; of GitHub also what is not."""
    own = config.own_endpoints
    if config.provider != "github":
        return own
    written = {name: url for name, url in msgspec.structs.asdict(own).items() if url is not None}
    return msgspec.structs.replace(_GITHUB, **written)


def _find_addresses(config: OidcConfig, find_service: FindService) -> tuple[Address, ...]:
    """Return where the provider is connected to; nothing where its host names say so."""
    name, port = config.service_name, config.service_port
    if name is None:
        return ()
    addresses = find_service(name)
    if addresses is None:
        remedy = _suggest_service(name, find_service)
        raise OperatorFault(
            "service_unknown", f"service_name is {name}, and service_sources name no such service: {remedy}"
        )
    if config.service_host is not None:
        return (_read_address(config.service_host, port),)
    if name.endswith(".dns") and port is not None and all(found != port for _, found in addresses):
        known = ", ".join(str(found) for found in sorted({found for _, found in addresses}))
        raise OperatorFault(
            "service_unknown", f"service_port is {port}, and the service source {name} has port {known}: write that"
        )
    return addresses


def _suggest_service(name: str, find_service: FindService) -> str:
    """Say what to write in the place of a service that there is not: they are called NAME.dns or NAME.static."""
    bare, _, kind = name.rpartition(".")
    if bare and kind in _SERVICE_TYPES:
        return f"add `{{name: {bare}, type: {kind}, ...}}` there"
    meant = next((full for full in (f"{name}.{kind}" for kind in _SERVICE_TYPES) if find_service(full)), None)
    return f"write {meant}" if meant else "write NAME.dns or NAME.static of one that is there"


def _read_address(host: str, port: int | None) -> Address:
    """Read `host:port`, or a host that is at service_port."""
    server = parse_server(host)
    return server.host.removeprefix("[").removesuffix("]"), server.port or port or 80
