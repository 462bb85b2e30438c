"""fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails: it does.

The provider's answer has no state: somebody may be bringing a person into another's session (RFC 6749 §10.12).
"""

from tests.conformance.stage import Case


def test_an_answer_without_a_state_finishes_nothing(case: Case) -> None:
    """The code is redeemed nowhere."""
    case.provider.authorization["state"] = None

    case.check_refused("callback_state_missing", 400)
    assert [] == case.provider.requests("/token")
