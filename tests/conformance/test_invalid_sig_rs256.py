"""oidcc-client-test-invalid-sig-rs256: an ID token whose signature is not the provider's is refused.

The provider's ID token is signed with a key other than the one that it publishes under this `kid`
(OpenID Connect Core §3.1.3.7.6).
"""

from functools import partial

from tests.conformance.stage import Case
from tests.fakes.issuer import make_key, sign


def test_the_signature_has_to_verify(case: Case) -> None:
    """Coming from the token endpoint over TLS is not enough."""
    case.provider.write_id_token = partial(sign, key=make_key(number=1))

    case.check_refused("token_signature")
