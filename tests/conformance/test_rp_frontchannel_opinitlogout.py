"""oidcc-client-test-rp-frontchannel-opinitlogout: signing out at the provider signs out here.

A person signs out at the provider itself, whose page shows a frame of the client (Front-Channel Logout 1.0 §3).
"""

import pytest

from tests.conformance.provider import SESSION_ID
from tests.conformance.stage import ENDED_ELSEWHERE, Case


@pytest.mark.client(**ENDED_ELSEWHERE)
def test_the_frame_ends_the_session(case: Case) -> None:
    """Its answer may be framed by the provider alone, and is kept nowhere."""
    case.check_admitted()
    answer = case.show_frame(iss=case.provider.issuer, sid=SESSION_ID)

    assert 200 == answer.status
    policy = (answer.header("content-security-policy") or "").split("; ")
    assert f"frame-ancestors {case.provider.origin}" in policy
    assert "no-store" in (answer.header("cache-control") or "")
    assert case.browser.xhr(case.url("/call")).status == 401


@pytest.mark.client(**ENDED_ELSEWHERE)
@pytest.mark.parametrize(
    "changes", [{"iss": "https://other.example"}, {"iss": ""}, {"sid": ""}, {"sid": "session-2"}, {"sid": "%00"}]
)
def test_a_frame_that_names_no_session_of_this_provider_ends_nothing(case: Case, changes: dict[str, str]) -> None:
    """Anybody can show one."""
    case.check_admitted()
    case.show_frame(**{"iss": case.provider.issuer, "sid": SESSION_ID, **changes})

    assert case.browser.xhr(case.url("/call")).status == 200
