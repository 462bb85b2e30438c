"""fapi2-security-profile-final-client-test-invalid-missing-aud: an ID token that is for nobody is refused.

The provider's ID token has no `aud` (OpenID Connect Core §2).
"""

from tests.conformance.stage import Case


def test_an_id_token_without_aud_signs_nobody_in(case: Case) -> None:
    """It is required."""
    case.provider.claims["aud"] = None

    case.check_refused("token_audience")
