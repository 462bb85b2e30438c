"""oidcc-client-test-kid-absent-multiple-jwks: where nothing says which key it was, all that fit are tried.

The provider publishes several keys of one kind, and neither they nor its ID tokens have a `kid`. Refusing would be
allowed, too (OpenID Connect Core §10.1).
"""

from functools import partial

from tests.conformance.stage import Case
from tests.fakes.issuer import make_key, publish, sign


def test_every_key_that_fits_is_tried(case: Case) -> None:
    """The right one is the last."""
    case.provider.keys = [publish(make_key(number=number), kid=None) for number in (2, 1, 0)]
    case.provider.write_id_token = partial(sign, key=make_key(number=0), kid=None)

    case.check_admitted()


def test_none_of_them_is_none(case: Case) -> None:
    """A key that is not published verifies nothing, with or without a name."""
    case.provider.keys = [publish(make_key(number=number), kid=None) for number in (2, 1)]
    case.provider.write_id_token = partial(sign, key=make_key(number=0), kid=None)

    case.check_refused("token_key_unknown")
