"""fapi1-advanced-final-client-test-encrypted-idtoken-usingrsa15: it is refused.

The provider encrypts its ID tokens with an algorithm that is open to Bleichenbacher's attack (RFC 8725 §3.2).
"""

from typing import Any

from tests.conformance.stage import Case
from tests.fakes.issuer import assemble, encode


def write_encrypted(claims: dict[str, Any]) -> str:
    """Return what has the form of such a token; nobody looks further."""
    rest = [encode(part).decode("ascii") for part in (b"ciphertext", b"the tag")]
    return ".".join([assemble({"alg": "RSA1_5", "enc": "A128CBC-HS256"}, claims, b"the vector"), *rest])


def test_rsa1_5_is_refused(case: Case) -> None:
    """Before anything is decrypted."""
    case.provider.write_id_token = write_encrypted

    case.check_refused("token_encrypted")
