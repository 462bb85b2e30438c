"""fapi2-security-profile-final-client-test-valid-aud-as-array: an audience of one may be an array.

The `aud` of the provider's ID token is an array with the client in it (RFC 7519 §4.1.3).
"""

from tests.conformance.stage import Case


def test_an_array_of_one_is_as_good_as_a_text(case: Case) -> None:
    """It says the same."""
    case.provider.claims["aud"] = [case.provider.client_id]

    case.check_admitted()
