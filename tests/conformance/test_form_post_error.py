"""oidcc-client-test-form-post-error: an error of the provider is told to the person.

The provider ends the sign-in with an error instead of a code (OAuth 2.0 Form Post Response Mode §2; RFC 6749
§4.1.2.1).
"""

import pytest

from tests.conformance.stage import Case


@pytest.mark.parametrize(
    ("error", "reason", "status"),
    [
        ("access_denied", "provider_access_denied", 403),
        ("temporarily_unavailable", "provider_unavailable", 503),
        ("invalid_scope", "sign_in_refused", 400),
    ],
)
def test_the_page_says_what_the_provider_said(case: Case, error: str, reason: str, status: int) -> None:
    """Escaped; no code is redeemed."""
    case.provider.authorization = {"code": None, "error": error, "error_description": "<b>not</b> now"}

    page = case.check_refused(reason, status)
    assert f"{error}: &lt;b&gt;not&lt;/b&gt; now" in page.text
    assert [] == case.provider.requests("/token")
