"""oidcc-client-test-refresh-token-invalid-issuer: a refresh that is of another issuer is refused.

The ID token in the provider's answer to the refresh has another `iss` than that of the sign-in
(OpenID Connect Core §12.2).
"""

import pytest

from tests.conformance.stage import SHORT_LIVED, Case


@pytest.mark.client(**SHORT_LIVED)
def test_the_session_ends(case: Case) -> None:
    """Nobody goes on with tokens of somebody else."""
    case.provider.tokens["expires_in"] = 1
    case.check_admitted()
    case.provider.claims["iss"] = "https://other.example"

    assert 401 == case.wait_for_refresh().status
    case.stage.wait_for_line(code="refresh_refused", client=case.name, cause="token_issuer")
    assert 401 == case.browser.xhr(case.url("/call")).status
