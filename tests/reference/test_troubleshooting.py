"""docs/troubleshooting.md is true: every failure that it names happens as it says, and nothing secret is shown."""

import re

import pytest

from tests.architecture.tree import ROOT
from tests.fakes.sign_in import CLIENT_SECRET, SECRET, SignInWorld
from tests.reference.failures import FAILURES

DOCUMENT = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
ERRORS = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE))
# What a world knows and nobody else may: what the provider gives out, and what the gateway makes.
TOKENS = ("an-access-token", "a-refresh-token", "code-0", "code-1", "eyJ", "aaaaaaaa")
# Failures whose line is that of the request: its `id` is the reference, its `reason` the code; there is no more to say.
TOLD_BY_THE_REQUEST = {
    "login_other_host", "login_host_unknown", "login_needs_https", "scope_missing", "claims_refused", "session_expired",
    "logout_unconfirmed",
}  # fmt: skip
# Failures that the operator cannot do anything about.
NOTHING_TO_DO = {"flow_stale", "callback_replayed", "provider_unavailable"}
HEADINGS = (
    "The provider cannot be reached",
    "No session state found",
    "Misconfigured redirection URI",
    "Cookie not sent or absent",
    "Upstream sent too big header",
    "Invalid client secret",
    "PKCE",
)


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_says_what_happened_and_what_to_do(code: str) -> None:
    """A page with a reference, and a log line with the same reference, the code, and what the operator can do."""
    world = SignInWorld()
    page = FAILURES[code](world)
    body = page.body.decode()

    assert (code, True) == (page.reason, page.status >= 400)
    assert "<h2>What you can do</h2>" in body
    assert "Reference <code>req-1</code>" in body
    assert code in ERRORS


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_shows_nothing_secret(code: str) -> None:
    """Neither the page, nor its headers besides the cookies, nor the log."""
    world = SignInWorld()
    page = FAILURES[code](world)
    told = page.body.decode() + repr([header for header in page.headers if header[0] != "Set-Cookie"]) + world.log.text
    flows = [asked[name] for asked in world.codes.values() for name in ("state", "nonce")]

    assert [] == [secret for secret in (CLIENT_SECRET, SECRET, *TOKENS, *flows) if secret in told]


@pytest.mark.parametrize("code", sorted(set(FAILURES) - TOLD_BY_THE_REQUEST))
def test_a_failure_leaves_a_line_that_is_found_by_its_reference(code: str) -> None:
    """With what the operator can do, unless the person alone can do something, or time."""
    world = SignInWorld()
    FAILURES[code](world)
    lines = [event for event in world.log.events if event.code == code]

    assert [line for line in lines if "req-1" in line.fields.values()]
    for line in lines:
        assert line.fields.get("remedy", line.message) or code in NOTHING_TO_DO


def test_the_page_answers_every_item_of_the_reference() -> None:
    """Its troubleshooting section, heading by heading."""
    headings = re.findall(r"^#{2,3} (.+)$", DOCUMENT, re.MULTILINE)

    assert [] == [title for title in HEADINGS if not any(title.lower() in heading.lower() for heading in headings)]


def test_the_page_names_only_codes_that_exist() -> None:
    """Each is described in docs/errors.md too."""
    assert set() == table_codes() - ERRORS


def test_every_failure_of_the_page_is_tried() -> None:
    """What its tables promise is brought about in tests/reference/failures.py, and what is tried stands there."""
    assert set(FAILURES) == table_codes()


def table_codes() -> set[str]:
    """The codes in the first column of the page's tables."""
    return set(re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE))
