"""oidcc-client-test-rp-init-logout: whoever signs out here is signed out at the provider.

The provider behaves well: it wants to know who is leaving and where to (RP-Initiated Logout 1.0 §2), and sends the
person there.
"""

import pytest

from tests.conformance.stage import LANDING, SIGNS_OUT, Case


@pytest.mark.client(**SIGNS_OUT)
def test_a_person_signs_out(case: Case) -> None:
    """The session is over, the provider is told whose it was, and the person ends up at the landing."""
    case.check_admitted()
    page = case.sign_out()

    (asked,) = case.provider.requests("/logout")
    assert (case.name, case.provider.id_tokens[-1]) == (asked.query["client_id"], asked.query["id_token_hint"])
    assert (200, f"{case.origin}{LANDING}") == (page.status, page.url)
    case.check_signed_out()
