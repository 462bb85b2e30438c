"""oidcc-client-test-missing-aud: an ID token for nobody is refused.

The provider's ID token has no `aud` (OpenID Connect Core §2).
"""

from tests.conformance.stage import Case


def test_an_id_token_has_an_audience(case: Case) -> None:
    """Nobody in particular is not us."""
    case.provider.claims["aud"] = None

    case.check_refused("token_audience")
