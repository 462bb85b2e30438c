"""oidcc-client-test-rp-backchannel-rpinitlogout: a logout token ends the sessions of its `sid`.

A person signs out in one browser, and the provider tells the client by the back channel: the other browser that signed
in with the same session of the provider is signed out as well (Back-Channel Logout 1.0 §2.5).
"""

import pytest

from tests.conformance.provider import SUBJECT
from tests.conformance.stage import ENDED_ELSEWHERE, Case
from tests.fakes.browser import Browser
from tests.fakes.issuer import sign


@pytest.mark.client(**ENDED_ELSEWHERE)
@pytest.mark.parametrize("whose", [{}, {"sub": SUBJECT}, {"sub": SUBJECT, "sid": None}], ids=["sid", "both", "sub"])
def test_a_logout_token_ends_the_other_browsers_session(case: Case, whose: dict[str, str | None]) -> None:
    """By `sid`, by `sub`, or both."""
    case.check_admitted()
    elsewhere, case.browser = case.browser, Browser()
    case.check_admitted()
    case.sign_out()
    assert elsewhere.xhr(case.url("/call")).status == 200

    answer = case.send_logout(sign(case.provider.build_logout_claims(**whose), header={"typ": "logout+jwt"}))
    assert (200, b"") == (answer.status, answer.body)
    assert "no-store" in (answer.header("cache-control") or "")
    assert elsewhere.xhr(case.url("/call")).status == 401


@pytest.mark.client(**ENDED_ELSEWHERE)
def test_another_session_of_the_provider_goes_on(case: Case) -> None:
    """The person may be signed in twice."""
    case.check_admitted()

    assert 200 == case.send_logout(sign(case.provider.build_logout_claims(sid="session-2"))).status
    assert case.browser.xhr(case.url("/call")).status == 200
