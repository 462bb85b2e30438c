"""fapi2-security-profile-final-client-test-invalid-alternate-alg: an algorithm that was not announced.

The provider announces RS256 and signs with PS256, with the very key that it publishes (OpenID Connect Core
§3.1.3.7.7).
"""

from functools import partial

from tests.conformance.stage import Case
from tests.fakes.issuer import sign


def test_the_algorithm_is_one_that_was_announced(case: Case) -> None:
    """Fitting the key is not enough."""
    case.provider.write_id_token = partial(sign, alg="PS256")

    case.check_refused("token_algorithm")
