"""oidcc-client-test-kid-absent-single-jwks: where there is one key, an ID token need not name it.

Neither the provider's only key nor its ID tokens have a `kid` (OpenID Connect Core §10.1).
"""

from functools import partial

from tests.conformance.stage import Case
from tests.fakes.issuer import make_key, publish, sign


def test_the_only_key_is_the_one(case: Case) -> None:
    """It fits, so it is used."""
    case.provider.keys = [publish(make_key(), kid=None)]
    case.provider.write_id_token = partial(sign, kid=None)

    case.check_admitted()
