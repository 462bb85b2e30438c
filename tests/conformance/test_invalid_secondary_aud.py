"""fapi2-security-profile-final-client-test-invalid-secondary-aud: an ID token for somebody unknown besides.

The audience of the provider's ID token is the client and another one that nobody trusts
(OpenID Connect Core §3.1.3.7.3).
"""

from tests.conformance.stage import Case


def test_no_other_audience_is_trusted(case: Case) -> None:
    """Not even with an `azp` that names the client."""
    case.provider.claims |= {"aud": [case.provider.client_id, "another-client"], "azp": case.provider.client_id}

    case.check_refused("token_audience")
