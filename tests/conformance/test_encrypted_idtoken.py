"""fapi1-advanced-final-client-test-encrypted-idtoken: an encrypted ID token is refused as what it is.

The provider encrypts its ID tokens. Ostiary does not decrypt, so there is no key that it could have been encrypted
for; the log says what is to be switched off.
"""

from typing import Any

from joserfc import jwe

from tests.conformance.stage import Case
from tests.fakes.issuer import make_key, sign


def encrypt(claims: dict[str, Any]) -> str:
    """Return a signed token, encrypted."""
    header = {"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}
    return jwe.encrypt_compact(header, sign(claims).encode("ascii"), make_key(number=1), algorithms=[*header.values()])


def test_an_encrypted_id_token_is_refused(case: Case) -> None:
    """By a page, and not by a failure."""
    case.provider.write_id_token = encrypt

    case.check_refused("token_encrypted")
