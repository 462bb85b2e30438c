"""oidcc-client-test-distributed-claims: claims of others at an address are not fetched.

The provider's userinfo names an endpoint and a token for it (OpenID Connect Core §5.6.2.2). Fetching them is optional,
and lets whoever writes userinfo choose what the gateway calls.
"""

from tests.conformance.provider import SUBJECT
from tests.conformance.stage import Case


def test_no_claims_endpoint_is_called(case: Case) -> None:
    """The reference is passed on as it is."""
    endpoint = f"{case.provider.issuer}/claims"
    case.provider.userinfo = {
        "sub": SUBJECT,
        "_claim_names": {"role": "src1"},
        "_claim_sources": {"src1": {"endpoint": endpoint, "access_token": "a-token"}},
    }

    assert case.provider.userinfo == case.check_admitted().userinfo
    assert [] == case.provider.requests("/claims")
