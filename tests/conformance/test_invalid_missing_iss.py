"""fapi2-security-profile-final-client-test-invalid-missing-iss: an ID token that is from nobody is refused.

The provider's ID token has no `iss` (OpenID Connect Core §2).
"""

from tests.conformance.stage import Case


def test_an_id_token_without_iss_signs_nobody_in(case: Case) -> None:
    """It is required."""
    case.provider.claims["iss"] = None

    case.check_refused("token_issuer")
