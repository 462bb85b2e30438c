"""oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg: a logout token by another algorithm ends nothing.

The provider announces RS256 and signs its logout token with PS256, by the right key (Back-Channel Logout 1.0 §2.6).
"""

import pytest

from tests.conformance.stage import ENDED_ELSEWHERE, Case
from tests.fakes.issuer import sign


@pytest.mark.client(**ENDED_ELSEWHERE)
def test_the_session_goes_on(case: Case) -> None:
    """And the provider is answered 400."""
    case.check_logout_refused(sign(case.provider.build_logout_claims(), alg="PS256"), "token_algorithm")
