"""oidcc-client-test-refresh-token: tokens are renewed by the refresh token.

The provider's access tokens live for a second, and its refresh tokens work once. A refresh may bring a new ID token or
none, without a nonce (OpenID Connect Core §12).
"""

import pytest

from tests.conformance.stage import SHORT_LIVED, Case, read_identity


@pytest.mark.client(**SHORT_LIVED)
@pytest.mark.parametrize("has_id_token", [True, False])
def test_the_access_token_is_renewed(case: Case, has_id_token: bool) -> None:
    """The same person goes on with a new one."""
    case.provider.tokens["expires_in"] = 1
    first = case.check_admitted()
    if not has_id_token:
        case.provider.tokens["id_token"] = None
    second = read_identity(case.wait_for_refresh())

    assert ("access-token-1", "access-token-2") == (first.access_token, second.access_token)
    assert first.userinfo == second.userinfo
