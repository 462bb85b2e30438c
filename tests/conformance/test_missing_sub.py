"""oidcc-client-test-missing-sub: an ID token about nobody is refused.

The provider's ID token has no `sub` (OpenID Connect Core §2).
"""

from tests.conformance.stage import Case


def test_an_id_token_is_about_somebody(case: Case) -> None:
    """Without a subject there is no identity."""
    case.provider.claims["sub"] = None

    case.check_refused("token_subject")
