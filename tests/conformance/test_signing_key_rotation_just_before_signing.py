"""oidcc-client-test-signing-key-rotation-just-before-signing: a key that is newer than the keys in memory is fetched.

The provider replaces its keys while a sign-in is under way, just before it signs the ID token
(OpenID Connect Core §10.1.1).
"""

from typing import Any

from tests.conformance.stage import Case
from tests.fakes.browser import Browser
from tests.fakes.issuer import make_key, publish, sign


def test_an_unknown_key_is_looked_for_once(case: Case) -> None:
    """The same sign-in goes on with it."""
    case.check_admitted()

    def rotate_and_sign(claims: dict[str, Any]) -> str:
        case.provider.keys = [publish(make_key(number=1), "key-2")]
        return sign(claims, make_key(number=1), kid="key-2")

    case.provider.write_id_token = rotate_and_sign
    case.browser = Browser()
    case.check_admitted()
    assert 2 == len(case.provider.requests("/keys"))
