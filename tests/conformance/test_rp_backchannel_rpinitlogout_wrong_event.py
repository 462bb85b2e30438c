"""oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event: a token about another event ends nothing.

The `events` of the provider's logout token hold another event than the logout (Back-Channel Logout 1.0 §2.4).
"""

import pytest

from tests.conformance.stage import ENDED_ELSEWHERE, Case
from tests.fakes.issuer import sign


@pytest.mark.client(**ENDED_ELSEWHERE)
def test_the_session_goes_on(case: Case) -> None:
    """And the provider is answered 400."""
    case.check_logout_refused(
        sign(case.provider.build_logout_claims(events={"https://event.example/other": {}})), "logout_token_event"
    )
