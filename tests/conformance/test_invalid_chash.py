"""oidcc-client-test-invalid-chash: an ID token that belongs to another code is refused.

The `c_hash` in the provider's ID token is not that of the code that was redeemed (OpenID Connect Core §3.3.2.11). The
code flow does not need it; where it is, it counts.
"""

from tests.conformance.stage import Case


def test_the_hash_is_that_of_what_came_along(case: Case) -> None:
    """Half a digest of something else."""
    case.provider.claims["c_hash"] = "77QmUPtjPfzWtF2AnpK9RQ"

    case.check_refused("token_hash")
