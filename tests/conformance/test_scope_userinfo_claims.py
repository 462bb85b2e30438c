"""oidcc-client-test-scope-userinfo-claims: what is asked for by scope arrives.

The relying party asks for profile, email, address and phone, and the provider answers at its userinfo endpoint
(OpenID Connect Core §5.4).
"""

import pytest

from tests.conformance.provider import SUBJECT
from tests.conformance.stage import Case

SCOPE = "openid profile email address phone"


@pytest.mark.client(scope=SCOPE)
def test_the_upstream_gets_the_claims_that_were_asked_for(case: Case) -> None:
    """All of them, as the provider wrote them."""
    case.provider.userinfo = {
        "sub": SUBJECT,
        "name": "Åsa Lindström",
        "email": "asa@example.com",
        "email_verified": True,
        "address": {"country": "Sweden", "postal_code": "111 52"},
        "phone_number": "+46 8 123 456",
    }

    assert case.provider.userinfo == case.check_admitted().userinfo
    assert SCOPE == case.provider.requests("/authorize")[0].query["scope"]
