"""oidcc-client-test-rp-init-logout-other-state: the way back from signing out may have a state that nobody sent.

The provider sends the person to the landing with another state. Nothing depends on it there: the session was over
before the person went to the provider (RP-Initiated Logout 1.0 §3).
"""

import pytest

from tests.conformance.stage import LANDING, SIGNS_OUT, Case


@pytest.mark.client(**SIGNS_OUT)
def test_the_landing_does_not_mind(case: Case) -> None:
    """It is shown."""
    case.provider.signed_out["state"] = "a-state-that-nobody-sent"
    case.check_admitted()
    page = case.sign_out()

    assert (200, f"{case.origin}{LANDING}") == (page.status, page.url.partition("?")[0])
    case.check_signed_out()
