"""fapi2-security-profile-final-client-test-invalid-null-alg: `none` is no signature.

The provider's ID token has `alg` `none`, in one spelling or another, with and without a signature (RFC 8725 §3.2).
"""

import pytest

from tests.conformance.stage import Case
from tests.fakes.issuer import assemble


@pytest.mark.parametrize(
    ("spelling", "signature", "reason"),
    [
        ("none", b"", "token_malformed"),
        ("none", b"a signature", "token_algorithm"),
        ("None", b"a signature", "token_algorithm"),
        ("nOnE", b"", "token_malformed"),
    ],
)
def test_a_token_without_a_signature_is_refused(case: Case, spelling: str, signature: bytes, reason: str) -> None:
    """However it is written."""
    case.provider.write_id_token = lambda claims: assemble({"alg": spelling}, claims, signature)

    case.check_refused(reason)
