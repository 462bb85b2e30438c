"""Where the provider is, and what its tokens have to be. Texts here are the manual: they end up in it as they are.

Discovery names everything; each endpoint can be written besides and goes before it (OpenID Connect Discovery 1.0).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.files import read_certificates
from ostiary.config.scalars import Number, Switch, read_switch
from ostiary.config.section import Section, refuse
from ostiary.config.urls import Url
from ostiary.identity.metadata import Endpoints
from ostiary.plugins.oidc.values import Endpoint, Name

ALIYUN = "https://oauth.aliyun.com"
GITHUB = "https://github.com"
_UNUSED_AT_GITHUB = {
    "oidc_issuer_url": "GitHub is no OpenID provider, and has no issuer",
    "skip_oidc_discovery": "nothing is discovered at GitHub",
    "oidc_jwks_url": "GitHub signs no ID tokens",
    "oidc_extra_audiences": "GitHub signs no ID tokens",
}

CertificateFile = Annotated[str, AfterValidator(read_certificates)]


def _check_issuer(url: str) -> str:
    if "?" in url:
        raise refuse("an issuer has no query", "write it as the provider's metadata name it")
    if url.endswith("/.well-known/openid-configuration"):
        raise refuse("is the address of the metadata", "write what stands before /.well-known/openid-configuration")
    return url


class ProviderConfig(Section):
    """The provider."""

    provider: Literal["oidc", "aliyun", "github"] = Field(
        default="oidc",
        description="What kind of provider it is: any OpenID provider (`oidc`), Alibaba Cloud RAM (`aliyun`), or "
        "`github`, which gives no ID token.",
    )
    oidc_issuer_url: Annotated[Url, AfterValidator(_check_issuer)] | None = Field(
        default=None,
        description="The issuer, exactly as the provider's metadata and tokens name it; they are read from "
        "`/.well-known/openid-configuration` below it, on first use and again every hour. Default with "
        f"`provider: aliyun`: {ALIYUN}, and there the slash at its end makes no difference.",
    )
    oidc_verifier_request_timeout: Annotated[Number, Field(ge=1, le=600_000)] = Field(
        default=2000, description="How long a call to the provider may take, in milliseconds, whatever it is about."
    )
    skip_oidc_discovery: Switch = Field(
        default=False,
        description="Read no metadata: what the provider is, stands in oidc_issuer_url, login_url, redeem_url and "
        "oidc_jwks_url.",
    )
    login_url: Endpoint | None = Field(
        default=None, description="Where browsers are sent to sign in. Default: the one of the metadata."
    )
    redeem_url: Endpoint | None = Field(
        default=None, description="Where codes and refresh tokens are redeemed. Default: the one of the metadata."
    )
    profile_url: Endpoint | None = Field(
        default=None,
        description="Where userinfo is asked for, as far as it is needed. Default: the one of the metadata.",
    )
    oidc_jwks_url: Endpoint | None = Field(
        default=None, description="Where the provider publishes its keys. Default: the one of the metadata."
    )
    oidc_extra_audiences: Annotated[tuple[Name, ...], Field(max_length=32)] = Field(
        default=(),
        description="Audiences that an ID token may name beside client_id, which it names in any case; an `azp` in it "
        "has to be client_id, and has to be there with several.",
    )
    insecure_oidc_skip_nonce: Switch = Field(
        default=True,
        description="Accept an ID token without the nonce. One is always sent, and a wrong one is always refused; "
        "`false` refuses its absence, too.",
    )
    provider_ca_files: Annotated[tuple[CertificateFile, ...], Field(max_length=16)] = Field(
        default=(),
        description="PEM files with the certificates of private authorities, trusted for this provider besides the "
        "system's. Paths are absolute, or start at the configuration file's folder.",
    )
    ssl_insecure_skip_verify: Switch = Field(
        default=False,
        description="Take any certificate for the provider's: whoever sits in between can read and forge everything. "
        "Every start says so.",
    )

    @property
    def own_endpoints(self) -> Endpoints:
        """The endpoints that are written here."""
        return Endpoints(
            authorization_endpoint=self.login_url,
            token_endpoint=self.redeem_url,
            userinfo_endpoint=self.profile_url,
            jwks_uri=self.oidc_jwks_url,
        )


def find_provider_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield what is wrong between the fields about the provider, each with the field it is told at."""
    provider = written.get("provider", "oidc")
    if provider == "github":
        for name, reason in _UNUSED_AT_GITHUB.items():
            if written.get(name) not in (None, False, [], ()):
                yield name, refuse(f"does nothing with `provider: github`: {reason}", "leave it out")
    if provider == "oidc" and written.get("oidc_issuer_url") is None:
        remedy = "write the issuer as its metadata name it, such as https://id.example.com/realms/shop"
        yield "oidc_issuer_url", refuse("oidc_issuer_url is required, but missing", remedy)
    if provider != "github" and read_switch(written.get("skip_oidc_discovery")) is True:
        for name in ("login_url", "redeem_url", "oidc_jwks_url"):
            if written.get(name) is None:
                problem = f"{name} is required with skip_oidc_discovery, but missing"
                yield name, refuse(problem, "write it, or let the metadata say it")
    if written.get("provider_ca_files") and read_switch(written.get("ssl_insecure_skip_verify")) is True:
        problem = "no certificate is checked with `ssl_insecure_skip_verify: true`"
        yield "provider_ca_files", refuse(problem, "remove one of the two")
