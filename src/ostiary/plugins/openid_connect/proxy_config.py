"""The forward proxies on the way to the provider. Texts here are the manual: they end up in it as they are.

Which proxy a URL takes, and the language of `no_proxy`, is `ostiary.http.proxies`'; this checks what was written.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse
from ostiary.http.proxies import Proxy, ProxySettings, parse_exclusions, parse_proxy_authorization
from ostiary.identity.metadata import is_endpoint

_FORM = "write it like `http://proxy.example.com:3128`"


def _check_proxy_url(url: str) -> str:
    """Return the proxy as scheme, host and port."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise refuse("is no URL of a proxy", _FORM) from None
    if "@" in parts.netloc:
        remedy = "write them as `Basic <base64 of user:password>` under http_proxy_authorization, or https_..."
        raise refuse("credentials do not belong into the address of a proxy", remedy)
    if parts.scheme not in {"http", "https"} and parts.netloc:
        raise refuse("proxies are spoken to by HTTP, in the clear or over TLS; others are not offered", _FORM)
    if not is_endpoint(url) or parts.path not in {"", "/"} or "?" in url:
        raise refuse("is no URL of a proxy: scheme, host and port", _FORM)
    return f"{parts.scheme}://{parts.netloc}"


def _check_authorization(secret: SecretStr) -> SecretStr:
    try:
        return SecretStr(parse_proxy_authorization(secret.get_secret_value()))
    except ValueError as error:
        remedy = "write `Basic` and the base64 of user:password, such as the output of `printf user:password | base64`"
        raise refuse(str(error), remedy) from None


def _check_exclusions(text: str) -> str:
    try:
        parse_exclusions(text)
    except ValueError as error:
        raise refuse(str(error), "write it like `localhost, .example.com, 10.0.0.0/8, [::1]:8080`") from None
    return text


ProxyUrl = Annotated[str, AfterValidator(_check_proxy_url)]
ProxyAuthorization = Annotated[SecretStr, AfterValidator(_check_authorization)]
Exclusions = Annotated[str, AfterValidator(_check_exclusions)]


@final
class ProxyConfig(Section):
    """The forward proxies between the gateway and the provider. Proxies of the environment are never taken."""

    http_proxy: ProxyUrl | None = Field(
        default=None,
        description="The proxy for endpoints that are http: `http://host:port`, or `https://host:port` where the proxy "
        "itself speaks TLS.",
    )
    https_proxy: ProxyUrl | None = Field(
        default=None,
        description="The proxy for endpoints that are https, which opens a tunnel to them (CONNECT): "
        "`http://host:port` or `https://host:port`.",
    )
    http_proxy_authorization: ProxyAuthorization | None = Field(
        default=None,
        description="What http_proxy is shown as Proxy-Authorization, with every request: `Basic <base64 of "
        "user:password>`.",
    )
    https_proxy_authorization: ProxyAuthorization | None = Field(
        default=None,
        description="What https_proxy is shown as Proxy-Authorization, with the CONNECT and never through the tunnel: "
        "`Basic <base64 of user:password>`.",
    )
    no_proxy: Exclusions | None = Field(
        default=None,
        description="Hosts that are reached without a proxy, separated by commas: a name stands for itself and all "
        "names below it; addresses, networks such as 10.0.0.0/8, `host:port` and `*` are read, too. Loopback is no "
        "exception unless it is named.",
    )

    renamed: ClassVar[Mapping[str, str]] = {
        "http": "http_proxy",
        "https": "https_proxy",
        "proxy": "https_proxy",
        "noproxy": "no_proxy",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """Credentials and exceptions of a proxy that is not there would do nothing."""
        for name in ("http_proxy", "https_proxy"):
            if written.get(f"{name}_authorization") is not None and written.get(name) is None:
                yield f"{name}_authorization", refuse(f"there is no {name} to show it to", f"add `{name}`")
        if written.get("no_proxy") is not None and not (written.get("http_proxy") or written.get("https_proxy")):
            yield "no_proxy", refuse("there is no proxy to except hosts from", "add `http_proxy` or `https_proxy`")

    @property
    def settings(self) -> ProxySettings:
        """What was written, for calls to the provider."""
        return ProxySettings(
            http=_join(self.http_proxy, self.http_proxy_authorization),
            https=_join(self.https_proxy, self.https_proxy_authorization),
            excluded=parse_exclusions(self.no_proxy or ""),
        )


def _join(url: str | None, authorization: SecretStr | None) -> Proxy | None:
    if url is None:
        return None
    return Proxy(url, "" if authorization is None else authorization.get_secret_value())
