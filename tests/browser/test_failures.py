"""Every failure that a person can meet, met: the page says which, its reference finds the log line, and it leads on."""

import re

import pytest

from ostiary.relying_party.pages import TEXTS
from tests.browser.chromium import Tab
from tests.browser.failures import FAILURES
from tests.browser.stage import Stage

FOOTER = re.compile(r"Reference (\S+) \((\w+)\)$")
# What fails because of the configuration, or of who somebody is, fails again, once for each time that somebody tries.
NOTHING_CHANGES = {"client_refused", "login_other_host", "membership_refused", "pkce_refused", "sign_in_refused"}


def test_every_page_of_a_sign_in_is_met() -> None:
    """A text that is added to the table is brought about here too."""
    assert set() == set(TEXTS) - set(FAILURES)


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_is_a_page_that_says_what_to_do_and_leads_on(tab: Tab, stage: Stage, code: str) -> None:
    """Heading, advice, a reference that is its log line's id, nothing to add for the console; and no dead end."""
    FAILURES[code](tab, stage)
    footer = FOOTER.search(tab.page.locator("footer").inner_text())

    assert footer is not None
    assert code == footer[2]
    assert tab.title == tab.heading
    assert "What you can do" in tab.text
    line = stage.gateway.wait_for_log(lambda line: line["id"] == footer[1])
    assert line["status"] == tab.status
    assert [] == tab.complaints
    if code not in NOTHING_CHANGES and tab.page.get_by_role("link").count():
        stage.reset()
        tab.page.get_by_role("link").click()
        assert 0 == tab.page.locator("footer").count(), tab.text
