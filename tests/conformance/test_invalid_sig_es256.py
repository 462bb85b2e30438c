"""oidcc-client-test-invalid-sig-es256: an elliptic signature that is not the provider's is refused.

The provider publishes a key on P-256 and signs with another one (OpenID Connect Core §3.1.3.7.6).
"""

from functools import partial

import pytest

from tests.conformance.stage import Case
from tests.fakes.issuer import make_key, publish, sign

PUBLISHED = make_key("EC", "P-256")


@pytest.fixture(autouse=True)
def elliptic(case: Case) -> None:
    """Sign with ES256."""
    case.provider.metadata["id_token_signing_alg_values_supported"] = ["ES256"]
    case.provider.keys = [publish(PUBLISHED, alg="ES256")]


def test_the_elliptic_signature_has_to_verify(case: Case) -> None:
    """Like any other."""
    case.provider.write_id_token = partial(sign, key=make_key("EC", "P-256", number=1), alg="ES256")

    case.check_refused("token_signature")


def test_an_elliptic_signature_that_verifies_is_accepted(case: Case) -> None:
    """So that the other is refused for its key alone."""
    case.provider.write_id_token = partial(sign, key=PUBLISHED, alg="ES256")

    case.check_admitted()
