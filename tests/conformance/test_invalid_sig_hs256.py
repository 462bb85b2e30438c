"""oidcc-client-test-invalid-sig-hs256: an HMAC that the client's secret did not make is refused.

The provider says that it signs with HS256 and does so with another secret (OpenID Connect Core §3.1.3.7.8).
"""

from functools import partial

import pytest
from joserfc.jwk import OctKey

from tests.conformance.provider import CLIENT_SECRET
from tests.conformance.stage import Case
from tests.fakes.issuer import make_key, public_pem, sign


@pytest.mark.parametrize("secret", [b"another-secret-of-more-than-32-bytes", public_pem(make_key())])
def test_the_hmac_has_to_be_that_of_the_secret(case: Case, secret: bytes) -> None:
    """One that is made with the published key is made by anybody."""
    case.provider.metadata["id_token_signing_alg_values_supported"] = ["HS256"]
    case.provider.write_id_token = partial(sign, key=OctKey(secret, None), alg="HS256", kid=None)

    case.check_refused("token_signature")


def test_an_hmac_with_the_clients_secret_is_accepted(case: Case) -> None:
    """So that the others are refused for their secret alone."""
    case.provider.metadata["id_token_signing_alg_values_supported"] = ["HS256"]
    case.provider.write_id_token = partial(sign, key=OctKey(CLIENT_SECRET.encode(), None), alg="HS256", kid=None)

    case.check_admitted()
