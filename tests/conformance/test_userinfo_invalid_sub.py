"""oidcc-client-test-userinfo-invalid-sub: userinfo about somebody else is refused.

The `sub` of the provider's userinfo is not that of its ID token, or missing: the access token may have been swapped
(OpenID Connect Core §5.3.4).
"""

from typing import Any

import pytest

from tests.conformance.stage import Case


@pytest.mark.parametrize("userinfo", [{"sub": "person-2", "name": "Else"}, {"name": "Nobody"}, {"sub": ["person-1"]}])
def test_userinfo_is_about_the_person_of_the_id_token(case: Case, userinfo: dict[str, Any]) -> None:
    """Nobody is signed in, not even without userinfo."""
    case.provider.userinfo = userinfo

    case.check_refused("userinfo_subject_mismatch")
