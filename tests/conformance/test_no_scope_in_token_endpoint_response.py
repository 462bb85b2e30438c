"""fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response: what was asked for was granted.

The provider leaves `scope` out: what was asked for was granted (RFC 6749 §5.1).
"""

import pytest

from tests.conformance.stage import Case


@pytest.mark.client(scope="openid orders", required_scopes=["orders"])
def test_what_was_asked_for_was_granted(case: Case) -> None:
    """Where the provider does not say otherwise."""
    case.provider.tokens["scope"] = None

    case.check_admitted()


@pytest.mark.client(scope="openid orders", required_scopes=["orders"])
def test_what_the_provider_says_was_granted_counts(case: Case) -> None:
    """So that the other is admitted for what it did not say."""
    case.provider.tokens["scope"] = "openid"

    assert 403 == case.sign_in().status
    case.stage.wait_for_line(route=case.name, reason="scope_missing")
    assert [] == case.forwarded()
