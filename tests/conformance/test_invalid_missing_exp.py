"""fapi2-security-profile-final-client-test-invalid-missing-exp: an ID token that has no end is refused.

The provider's ID token has no `exp` (OpenID Connect Core §2).
"""

from tests.conformance.stage import Case


def test_an_id_token_without_exp_signs_nobody_in(case: Case) -> None:
    """It is required."""
    case.provider.claims["exp"] = None

    case.check_refused("token_expired")
