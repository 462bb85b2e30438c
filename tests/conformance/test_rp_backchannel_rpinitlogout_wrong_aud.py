"""oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud: a logout token for another client ends nothing.

The audience of the provider's logout token is another client (Back-Channel Logout 1.0 §2.4).
"""

import pytest

from tests.conformance.stage import ENDED_ELSEWHERE, Case
from tests.fakes.issuer import sign


@pytest.mark.client(**ENDED_ELSEWHERE)
def test_the_session_goes_on(case: Case) -> None:
    """And the provider is answered 400."""
    case.check_logout_refused(sign(case.provider.build_logout_claims(aud="another-client")), "token_audience")
