"""How we check whom we call over TLS."""

import ssl

from ostiary.upstream.tls_client import make_tls_context
from tests.fakes.certificates import make_authority


def test_tls_verifies_unless_it_was_told_not_to() -> None:
    """TLS 1.2 at least, either way."""
    careful, careless = make_tls_context(verify=True), make_tls_context(verify=False)

    assert (ssl.CERT_REQUIRED, True) == (careful.verify_mode, careful.check_hostname)
    assert (ssl.CERT_NONE, False) == (careless.verify_mode, careless.check_hostname)
    assert {ssl.TLSVersion.TLSv1_2} == {careful.minimum_version, careless.minimum_version}


def test_an_authority_is_trusted_besides_the_systems() -> None:
    """The system's stay: a private one is added."""
    pem = make_authority().pem
    alone = make_tls_context(verify=True).cert_store_stats()["x509_ca"]
    together = make_tls_context(verify=True, trusted_certificates=pem if isinstance(pem, str) else pem.decode())

    assert together.cert_store_stats()["x509_ca"] == alone + 1
