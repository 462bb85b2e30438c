"""Certificates of upstreams: what the operator writes, and the value that stands for it.

Whom a handshake is held to is settled here; how it is done is `ostiary.upstream.tls`'.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, final

import msgspec
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.files import read_certificates
from ostiary.config.patterns import parse_server
from ostiary.config.section import Section, refuse
from ostiary.errors import ClientFault
from ostiary.http.authority import parse_authority

CertificateFile = Annotated[str, AfterValidator(read_certificates)]


@final
class TlsSpec(msgspec.Struct, frozen=True):
    """How servers are spoken to over TLS: whether certificates are checked, and by which name (None: the node's host).

    `trusted_certificates` are those of authorities (PEM) that are trusted besides the system's.
    """

    verify: bool = True
    server_name: str | None = None
    trusted_certificates: str = ""


def check_server_name(name: str) -> str:
    """Return a name that a certificate can be held to: that of a server, or an address."""
    try:
        authority = parse_server(name)
    except ClientFault:
        raise refuse("this is no server's name", "write it like `orders.internal`") from None
    if authority.port is not None:
        raise refuse("a server's name has no port", f"write `{authority.host}`")
    return authority.host.strip("[]")


ServerName = Annotated[str, AfterValidator(check_server_name)]


class UpstreamTls(Section):
    """Certificates of servers that are spoken to over https."""

    verify: bool = Field(
        default=True,
        description="Whether certificates are checked. Only a typed `false` switches it off, and every start says so.",
    )
    server_name: ServerName | None = Field(
        None,
        description="The name that certificates are held to, and that is asked for (SNI). Default: the name of "
        "`upstream_host` with `pass_host: rewrite`, else each node's host.",
    )
    ca_file: CertificateFile | None = Field(
        None,
        description="A PEM file with the certificates of a private authority, trusted besides the system's. The path "
        "is absolute, or starts at the configuration file's folder.",
    )

    not_yet: ClassVar[Mapping[str, str]] = {
        "client_cert": "client certificates are not shown to services so far: remove it",
        "client_key": "client certificates are not shown to services so far: remove it",
        "client_cert_id": "client certificates are not shown to services so far: remove it",
    }
    renamed: ClassVar[Mapping[str, str]] = {"sni": "server_name", "ssl_verify": "verify", "ca": "ca_file"}

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """An authority is for checking certificates."""
        if written.get("ca_file") is not None and written.get("verify") in (False, "false", "no"):
            yield "ca_file", refuse("no certificate is checked with `verify: false`", "remove one of the two")


def specify_tls(tls: UpstreamTls | None, fixed_host: str | None) -> TlsSpec:
    """Certificates are held to the name that is written, else to the Host that the service is asked for, if fixed."""
    written = tls or UpstreamTls()
    name = written.server_name
    if name is None and fixed_host is not None:
        name = parse_authority(fixed_host.encode("ascii"), "https").host.strip("[]")
    return TlsSpec(written.verify, name, written.ca_file or "")
