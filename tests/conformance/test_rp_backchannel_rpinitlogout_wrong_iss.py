"""oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss: a logout token of another issuer ends nothing.

The provider's logout token names an issuer that its metadata do not name (Back-Channel Logout 1.0 §2.4).
"""

import pytest

from tests.conformance.stage import ENDED_ELSEWHERE, Case
from tests.fakes.issuer import sign


@pytest.mark.client(**ENDED_ELSEWHERE)
def test_the_session_goes_on(case: Case) -> None:
    """And the provider is answered 400."""
    case.check_logout_refused(sign(case.provider.build_logout_claims(iss="https://other.example")), "token_issuer")
