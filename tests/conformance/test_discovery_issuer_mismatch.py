"""oidcc-client-test-discovery-issuer-mismatch: metadata of another issuer are not used.

The issuer in the provider's discovery document is not the one whose document was asked for
(OpenID Connect Discovery §4.3).
"""

import pytest

from tests.conformance.stage import Case


@pytest.mark.parametrize("suffix", ["-and-more", "/realm", "?", "/.."])
def test_nobody_is_sent_to_a_provider_that_speaks_for_another(case: Case, suffix: str) -> None:
    """No sign-in begins; a final slash alone would be forgiven, as §4.1 makes it disappear from the URL."""
    case.provider.metadata["issuer"] = case.provider.issuer + suffix

    case.check_refused("issuer_mismatch" if suffix != "?" else "metadata_answer_invalid", 503)
    assert [] == case.provider.requests("/authorize")


def test_another_host_is_another_issuer(case: Case) -> None:
    """Even one that reaches the same server."""
    case.provider.metadata["issuer"] = case.provider.issuer.replace("127.0.0.1", "localhost")

    case.check_refused("issuer_mismatch", 503)
