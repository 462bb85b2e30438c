"""oidcc-client-test-invalid-iss: an ID token of another issuer is refused.

The provider's ID token names an issuer that its metadata do not name (OpenID Connect Core §3.1.3.7.2).
"""

from tests.conformance.stage import Case


def test_the_issuer_is_the_one_of_the_metadata(case: Case) -> None:
    """To the letter."""
    case.provider.claims["iss"] = "https://other.example"

    case.check_refused("token_issuer")
