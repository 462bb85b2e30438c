"""fapi2-security-profile-final-client-test-token-type-case-insensitivity: `token_type` in any case.

The provider writes `bearer` otherwise than RFC 6750 does (RFC 6749 §5.1).
"""

import pytest

from tests.conformance.stage import Case


@pytest.mark.parametrize("spelling", ["bearer", "BEARER", "bEARer"])
def test_the_case_of_the_type_does_not_matter(case: Case, spelling: str) -> None:
    """It is the same type."""
    case.provider.tokens["token_type"] = spelling

    case.check_admitted()


@pytest.mark.parametrize("other", ["DPoP", "mac", "", None])
def test_another_type_is_another_type(case: Case, other: str | None) -> None:
    """A token that nobody here knows how to use is no use."""
    case.provider.tokens["token_type"] = other

    case.check_refused("token_answer_invalid")
