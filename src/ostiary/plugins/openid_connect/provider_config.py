"""Where the provider is and how it is reached. Texts here are the manual: they end up in it as they are.

Discovery names everything; each endpoint can be written besides and goes before it. OpenID Connect Discovery 1.0,
RFC 8414 for the names.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.files import read_certificates
from ostiary.config.section import Section, refuse
from ostiary.config.urls import Url
from ostiary.identity.metadata import Endpoints, is_endpoint
from ostiary.plugins.openid_connect.proxy_config import ProxyConfig
from ostiary.plugins.openid_connect.values import Seconds, VerifySwitch


def _check_endpoint(url: str) -> str:
    if not is_endpoint(url):
        raise refuse("is no http(s) URL", "write it in full and in ASCII, such as https://id.example.com/...")
    return url


Endpoint = Annotated[Url, AfterValidator(_check_endpoint)]
CertificateFile = Annotated[str, AfterValidator(read_certificates)]


class ProviderConfig(Section):
    """The provider."""

    discovery: Url = Field(
        description="The URL of the provider's metadata, ending in /.well-known/openid-configuration. It is read on "
        "first use, and again every hour."
    )
    authorization_endpoint: Endpoint | None = Field(
        default=None, description="Where browsers are sent to sign in. Default: the one of the metadata."
    )
    token_endpoint: Endpoint | None = Field(
        default=None, description="Where codes and refresh tokens are redeemed. Default: the one of the metadata."
    )
    userinfo_endpoint: Endpoint | None = Field(
        default=None, description="Where userinfo is asked for. Default: the one of the metadata."
    )
    jwks_uri: Endpoint | None = Field(
        default=None, description="Where the provider publishes its keys. Default: the one of the metadata."
    )
    end_session_endpoint: Endpoint | None = Field(
        default=None, description="Where browsers are sent to sign out. Default: the one of the metadata."
    )
    revocation_endpoint: Endpoint | None = Field(
        default=None, description="Where tokens are revoked (RFC 7009). Default: the one of the metadata."
    )
    jwk_expires_in: Seconds = Field(
        default=86_400,
        description="How long the provider's keys may be used without the provider confirming them, in seconds. They "
        "are asked for every ten minutes anyway, and when a token names a new one.",
    )
    timeout: Seconds = Field(
        default=3,
        description="How long a call to the provider may take, in seconds: connecting, asking and reading together. "
        "Whole thousands are read as milliseconds, as APISIX does.",
    )
    ssl_verify: VerifySwitch = Field(
        default=True,
        description="Whether the certificates of the provider and of https proxies are checked. Only a typed `false` "
        "switches it off, and every start says so.",
    )
    ssl_ca_file: CertificateFile | None = Field(
        default=None,
        description="A PEM file with the certificates of a private authority, trusted for this provider besides the "
        "system's. The path is absolute, or starts at the configuration file's folder; the file is read with the "
        "configuration.",
    )
    proxy_opts: ProxyConfig | None = Field(
        default=None, description="The forward proxies on the way to the provider. Default: none."
    )

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """An authority is for checking certificates."""
        if written.get("ssl_ca_file") is not None and written.get("ssl_verify") in (False, "false", "no"):
            yield "ssl_ca_file", refuse("no certificate is checked with `ssl_verify: false`", "remove one of the two")

    @property
    def own_endpoints(self) -> Endpoints:
        """The endpoints that are written here; `introspection_endpoint` stands elsewhere."""
        return Endpoints(
            authorization_endpoint=self.authorization_endpoint,
            token_endpoint=self.token_endpoint,
            userinfo_endpoint=self.userinfo_endpoint,
            jwks_uri=self.jwks_uri,
            end_session_endpoint=self.end_session_endpoint,
            revocation_endpoint=self.revocation_endpoint,
        )
