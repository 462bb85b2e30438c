"""oidcc-client-test-rp-frontchannel-rpinitlogout: the frame on the provider's page ends the sessions of its `sid`.

A person signs out in one browser, and the provider's page shows a frame of the client: the other browser that signed in
with the same session of the provider is signed out as well (Front-Channel Logout 1.0 §3).
"""

import pytest

from tests.conformance.provider import SESSION_ID
from tests.conformance.stage import ENDED_ELSEWHERE, Case
from tests.fakes.browser import Browser


@pytest.mark.client(**ENDED_ELSEWHERE)
def test_the_frame_ends_the_other_browsers_session(case: Case) -> None:
    """No cookie is needed for it, since browsers send none."""
    case.check_admitted()
    elsewhere, case.browser = case.browser, Browser()
    case.check_admitted()
    case.sign_out()
    assert elsewhere.xhr(case.url("/call")).status == 200

    assert 200 == case.show_frame(iss=case.provider.issuer, sid=SESSION_ID).status
    assert elsewhere.xhr(case.url("/call")).status == 401
