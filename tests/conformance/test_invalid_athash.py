"""oidcc-client-test-invalid-athash: an ID token that belongs to another access token is refused.

The `at_hash` in the provider's ID token is not that of the access token that came with it (OpenID Connect Core
§3.1.3.8). The code flow does not need it; where it is, it counts.
"""

from tests.conformance.stage import Case


def test_the_hash_is_that_of_what_came_along(case: Case) -> None:
    """Half a digest of something else."""
    case.provider.claims["at_hash"] = "77QmUPtjPfzWtF2AnpK9RQ"

    case.check_refused("token_hash")
