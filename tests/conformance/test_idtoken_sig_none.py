"""oidcc-client-test-idtoken-sig-none: an ID token without a signature is refused, unless the operator accepts it.

The provider does not sign its ID tokens, `alg` is `none`. In the code flow they came over TLS from the token endpoint,
so that both answers are allowed (OpenID Connect Core §3.1.3.7.6).
"""

from typing import Any

import pytest

from tests.conformance.stage import Case
from tests.fakes.issuer import assemble


def write_unsigned(claims: dict[str, Any]) -> str:
    """Return an unsecured token (RFC 7519 §6)."""
    return assemble({"alg": "none"}, claims, b"")


def test_an_unsigned_id_token_is_refused(case: Case) -> None:
    """Closed by default."""
    case.provider.write_id_token = write_unsigned

    case.check_refused("token_malformed")


@pytest.mark.client(accept_none_alg=True)
def test_an_unsigned_id_token_is_accepted_where_that_was_typed(case: Case) -> None:
    """From the token endpoint, with every other check."""
    case.provider.write_id_token = write_unsigned

    case.check_admitted()


@pytest.mark.client(accept_none_alg=True)
def test_what_an_unsigned_id_token_says_is_checked_all_the_same(case: Case) -> None:
    """Its nonce, for one."""
    case.provider.write_id_token = write_unsigned
    case.provider.claims["nonce"] = "the-nonce-of-another-sign-in"

    case.check_refused("token_nonce")
