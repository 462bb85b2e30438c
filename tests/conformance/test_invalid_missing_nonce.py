"""fapi2-security-profile-final-client-test-invalid-missing-nonce: an ID token without the nonce.

The provider's ID token has no nonce, though one was sent. That it must have one is `use_nonce`: PKCE protects the
code flow without it, and some providers leave it out (OpenID Connect Core §3.1.3.7.11, RFC 9700 §2.1.1).
"""

import pytest

from tests.conformance.stage import Case


@pytest.mark.client(use_nonce=True)
def test_an_id_token_has_the_nonce(case: Case) -> None:
    """With `use_nonce`."""
    case.provider.claims["nonce"] = None

    case.check_refused("token_nonce")
