"""Where the provider is connected to: a service source in place of what its host name resolves to.

Texts here are the manual. The names themselves are resolved when the plugin is built (`compile_provider`).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.patterns import parse_server
from ostiary.config.scalars import Number
from ostiary.config.section import Section, refuse
from ostiary.errors import ClientFault


def _check_host(host: str) -> str:
    try:
        parse_server(host)
    except ClientFault:
        remedy = "write a name or an address, with a port if it is not service_port, such as 127.0.0.1:9090"
        raise refuse("is no host", remedy) from None
    return host


class ServiceConfig(Section):
    """The connection to the provider."""

    service_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,253}$")] | None = Field(
        default=None,
        description="A service source that calls to the provider are connected to, such as `auth.dns` or "
        "`keycloak.static`; URLs, Host header and certificates stay those of oidc_issuer_url. Default: the hosts that "
        "the URLs name.",
    )
    service_port: Annotated[Number, Field(ge=1, le=65535)] | None = Field(
        default=None,
        description="The service's port. Of a dns source it is the real one; of a static one it is nominal (80), and "
        "the source's addresses have their own.",
    )
    service_host: Annotated[str, Field(min_length=1, max_length=270), AfterValidator(_check_host)] | None = Field(
        default=None,
        description="Where a static service is connected to, in place of the source's addresses: `host:port`, or a "
        "host at service_port.",
    )


def find_service_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield what is wrong between the fields about the connection, each with the field it is told at."""
    name = written.get("service_name")
    if name is None:
        for other in ("service_port", "service_host"):
            if written.get(other) is not None:
                yield other, refuse("does nothing without service_name", "add service_name, or leave it out")
        return
    if written.get("provider") == "github":
        problem = "one address cannot be that of github.com and of api.github.com"
        yield "service_name", refuse(problem, "leave service_name, service_port and service_host out")
    host = written.get("service_host")
    if host is None or not isinstance(name, str) or not isinstance(host, str):
        return
    if not name.endswith(".static"):
        yield "service_host", refuse("is for static services; a dns source names its hosts itself", "leave it out")
    elif written.get("service_port") is None and not _names_port(host):
        yield "service_host", refuse("names no port", "write host:port, or service_port")


def _names_port(host: str) -> bool:
    try:
        return parse_server(host).port is not None
    except ClientFault:
        return True  # its own field says what is wrong
