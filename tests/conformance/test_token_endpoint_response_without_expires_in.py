"""fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in: it is used.

The provider leaves `expires_in` out (RFC 6749 §5.1).
"""

from tests.conformance.stage import Case


def test_a_token_whose_end_nobody_said_is_taken(case: Case) -> None:
    """How long it is used is `access_token_expires_in`."""
    case.provider.tokens["expires_in"] = None

    assert "access-token-1" == case.check_admitted().access_token
