"""oidcc-client-test-signing-key-rotation: new keys are found.

The provider replaces its keys between two sign-ins (OpenID Connect Core §10.1.1).
"""

from functools import partial

from tests.conformance.stage import Case
from tests.fakes.browser import Browser
from tests.fakes.issuer import make_key, publish, sign


def test_a_sign_in_after_the_rotation_works(case: Case) -> None:
    """The keys are fetched once more, and no oftener."""
    case.check_admitted()
    case.provider.keys = [publish(make_key(number=1), "key-2")]
    case.provider.write_id_token = partial(sign, key=make_key(number=1), kid="key-2")
    for _ in range(2):
        case.browser = Browser()
        case.check_admitted()

    assert 2 == len(case.provider.requests("/keys"))
