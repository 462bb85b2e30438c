"""fapi2-security-profile-final-client-test-invalid-expired-exp: an ID token that is over is refused.

The provider's ID token ended five minutes ago (OpenID Connect Core §3.1.3.7.9).
"""

from time import time

from tests.conformance.stage import Case


def test_an_id_token_that_is_over_signs_nobody_in(case: Case) -> None:
    """The tolerance between clocks is two minutes."""
    case.provider.claims["exp"] = int(time()) - 300

    case.check_refused("token_expired")
