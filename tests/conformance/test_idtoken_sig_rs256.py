"""oidcc-client-test-idtoken-sig-rs256: the signature that every relying party has to know.

The provider signs with RS256, and its key says so (OpenID Connect Core §15.1).
"""

from functools import partial

from tests.conformance.stage import Case
from tests.fakes.issuer import make_key, publish, sign


def test_rs256_is_verified(case: Case) -> None:
    """With the published key."""
    case.provider.keys = [publish(make_key(), alg="RS256", use="sig")]
    case.provider.write_id_token = partial(sign, alg="RS256")

    case.check_admitted()
