"""fapi1-advanced-final-client-test-invalid-shash: an ID token that belongs to another state is refused.

The `s_hash` in the provider's ID token is not that of the state (Financial-grade API 1.0, Part 2, §5.1.1). The code
flow does not need it; where it is, it counts.
"""

from tests.conformance.stage import Case


def test_the_hash_is_that_of_the_state(case: Case) -> None:
    """Half a digest of something else."""
    case.provider.claims["s_hash"] = "77QmUPtjPfzWtF2AnpK9RQ"

    case.check_refused("token_hash")
