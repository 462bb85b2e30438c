"""oidcc-client-test-missing-iat: an ID token that does not say when it was made is refused.

The provider's ID token has no `iat` (OpenID Connect Core §2).
"""

from tests.conformance.stage import Case


def test_an_id_token_says_when_it_was_made(case: Case) -> None:
    """It is required."""
    case.provider.claims["iat"] = None

    case.check_refused("token_issued_at")
