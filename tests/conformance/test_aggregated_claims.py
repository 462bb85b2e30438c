"""oidcc-client-test-aggregated-claims: claims of others in a JWT beside the provider's own are passed on as they are.

The provider's userinfo holds claims that another issuer vouches for (OpenID Connect Core §5.6.2.1). They are not taken
for claims of the provider.
"""

from tests.conformance.provider import SUBJECT
from tests.conformance.stage import Case
from tests.fakes.issuer import sign


def test_aggregated_claims_are_not_unwrapped(case: Case) -> None:
    """An upstream that knows their issuer can verify them."""
    case.provider.userinfo = {
        "sub": SUBJECT,
        "_claim_names": {"role": "src1"},
        "_claim_sources": {"src1": {"JWT": sign({"iss": "https://other.example", "role": "admin"})}},
    }

    assert case.provider.userinfo == case.check_admitted().userinfo
