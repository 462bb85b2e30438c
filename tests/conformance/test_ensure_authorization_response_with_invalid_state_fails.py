"""fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails: it does.

The provider's answer has a state that nobody sent: somebody may be bringing a person into another's session
(RFC 6749 §10.12).
"""

from tests.conformance.stage import Case


def test_a_state_that_nobody_sent_finishes_nothing(case: Case) -> None:
    """The code is redeemed nowhere."""
    case.provider.authorization["state"] = "a-state-that-nobody-sent"

    case.check_refused("flow_elsewhere", 400)
    assert [] == case.provider.requests("/token")
