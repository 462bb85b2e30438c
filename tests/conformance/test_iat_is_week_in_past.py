"""fapi1-advanced-final-client-test-iat-is-week-in-past: an ID token of last week is refused.

The provider's ID token was made a week ago, and is not over yet (OpenID Connect Core §3.1.3.7.10).
"""

from time import time

from tests.conformance.stage import Case


def test_an_id_token_is_not_from_last_week(case: Case) -> None:
    """A day at most."""
    case.provider.claims["iat"] = int(time()) - 7 * 86_400

    case.check_refused("token_issued_at")
