"""oidcc-client-test-nonce-invalid: an ID token of another sign-in is refused.

The nonce in the provider's ID token is not the one that was sent (OpenID Connect Core §3.1.3.7.11).
"""

from tests.conformance.stage import Case


def test_the_nonce_is_the_one_that_was_sent(case: Case) -> None:
    """Whatever `use_nonce` says."""
    case.provider.claims["nonce"] = "the-nonce-of-another-sign-in"

    case.check_refused("token_nonce")
