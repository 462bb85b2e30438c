"""Certificates of upstreams as they are written, and what stands for them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.files import make_context
from ostiary.config.service_sources import ServiceSource, resolve_service
from ostiary.config.upstream_tls import TlsSpec, specify_tls
from ostiary.config.upstreams import UpstreamConfig, specify_upstream
from tests.fakes.certificates import make_authority

NODES = {"orders.internal": 1, "10.0.0.1:8443": 1}


def specify(folder: Path | None = None, **written: Any) -> Any:
    """The value of an upstream."""
    return specify_upstream(UpstreamConfig.model_validate({"nodes": NODES, **written}, context=make_context(folder)))


def test_https_checks_certificates_unless_that_is_typed() -> None:
    """By the node's host; the port is that of https."""
    spec = specify(scheme="https")

    assert (("orders.internal", 443, 1), ("10.0.0.1", 8443, 1)) == spec.nodes
    assert TlsSpec() == spec.tls
    assert specify().tls is None
    assert (("orders.internal", 80, 1), ("10.0.0.1", 8443, 1)) == specify().nodes
    assert not specify(scheme="https", tls={"verify": False}).tls.verify


def test_the_name_is_the_operators_or_that_of_a_fixed_host() -> None:
    """Without a port, and lower-case."""
    fixed: dict[str, Any] = {"scheme": "https", "pass_host": "rewrite", "upstream_host": "Shop.example.com:8443"}

    assert "shop.example.com" == specify(**fixed).tls.server_name
    assert "other.example.com" == specify(**fixed, tls={"server_name": "other.example.com"}).tls.server_name
    assert "::1" == specify(scheme="https", tls={"server_name": "::1"}).tls.server_name
    assert TlsSpec() == specify_tls(None, None)


def test_a_private_authority_is_read_with_the_configuration(tmp_path: Path) -> None:
    """From beside it."""
    (tmp_path / "ca.pem").write_text(make_authority().pem)

    assert "BEGIN CERTIFICATE" in specify(tmp_path, scheme="https", tls={"ca_file": "ca.pem"}).tls.trusted_certificates


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"tls": {}}, "`tls` is for `scheme: https`"),
        ({"scheme": "https", "tls": {"server_name": "a:1"}}, "has no port"),
        ({"scheme": "https", "tls": {"server_name": "a b"}}, "no server's name"),
        ({"scheme": "https", "tls": {"ca_file": "none.pem"}}, "cannot be read"),
        ({"scheme": "https", "tls": {"verify": False, "ca_file": "x"}}, "no certificate is checked"),
        ({"scheme": "https", "tls": {"client_cert": "x"}}, "not permitted"),
        ({"scheme": "https", "tls": {"verify": "maybe"}}, "boolean"),
    ],
)
def test_what_makes_no_sense_is_refused(written: dict[str, Any], words: str) -> None:
    """With what to write."""
    with pytest.raises(ValidationError) as caught:
        specify(**written)

    assert words in str(caught.value)


def test_what_is_not_checked_is_told_at_start() -> None:
    """Nothing else is worth a word."""
    off = UpstreamConfig.model_validate({"nodes": NODES, "scheme": "https", "tls": {"verify": False}})

    assert off.notices[0].startswith("tls.verify is off")
    assert () == UpstreamConfig.model_validate({"nodes": NODES, "scheme": "https"}).notices


def test_a_source_may_say_https_and_the_name() -> None:
    """What the upstream itself says goes before."""
    source = ServiceSource(
        name="id", type="dns", domain="id.example.com", port=443, protocol="https", sni="sni.example"
    )
    sources = {"id.dns": source}
    plain = specify_upstream(resolve_service(UpstreamConfig(service_name="id.dns"), sources))
    own = UpstreamConfig.model_validate({"service_name": "id.dns", "tls": {"server_name": "own.example"}})
    typed = UpstreamConfig.model_validate({"service_name": "id.dns", "scheme": "http"})

    assert ((("id.example.com", 443, 1),), TlsSpec(server_name="sni.example")) == (plain.nodes, plain.tls)
    assert TlsSpec(server_name="own.example") == specify_upstream(resolve_service(own, sources)).tls
    assert specify_upstream(resolve_service(typed, sources)).tls is None
