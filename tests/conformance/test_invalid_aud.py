"""oidcc-client-test-invalid-aud: an ID token for somebody else is refused.

The provider's ID token has an audience in which the client is not (OpenID Connect Core §3.1.3.7.3).
"""

from tests.conformance.stage import Case


def test_the_client_is_the_audience(case: Case) -> None:
    """A token for another client signs nobody in here."""
    case.provider.claims["aud"] = "another-client"

    case.check_refused("token_audience")
