"""What the relying party tells people."""

import json

import pytest

from ostiary.http.page import Link
from ostiary.relying_party.pages import TEXTS, add_cookies, build_page_reply, build_redirect, build_scope_reply
from tests.fakes.requests import make_request

BROWSER = make_request(headers={"Accept": "text/html"})
PROGRAM = make_request(headers={"Accept": "application/json"})


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_page_says_what_happened_and_what_to_do(code: str) -> None:
    """In sentences, with its code and the request's reference, to people and to programs."""
    text = TEXTS[code]
    page = build_page_reply(BROWSER, code, link=Link("Try again", "/a"))
    answer = json.loads(build_page_reply(PROGRAM, code).body)

    assert text.happened.endswith(".")
    assert text.remedy.endswith(".")
    assert page.status == text.status
    assert code.encode() in page.body
    assert b"req-1" in page.body
    assert b'href="/a"' in page.body
    assert answer == {"error": code, "message": f"{text.happened} {text.remedy}", "reference": "req-1"}


def test_a_page_that_passes_says_when_to_try_again() -> None:
    """503 comes with Retry-After, nothing else does."""
    later = [code for code in TEXTS if "Retry-After" in dict(build_page_reply(BROWSER, code).headers)]

    assert (
        later
        == [code for code, text in TEXTS.items() if text.status == 503]
        == ["provider_unavailable", "logout_incomplete"]
    )


def test_the_log_may_know_more_than_the_page() -> None:
    """`reason` goes to the access log only."""
    reply = build_page_reply(BROWSER, "id_token_refused", reason="token_nonce")

    assert reply.reason == "token_nonce"
    assert b"token_nonce" not in reply.body


def test_missing_scopes_are_said_in_apisix_words_to_programs() -> None:
    """All required ones are listed."""
    assert json.loads(build_scope_reply(PROGRAM, ("a", "b")).body) == {"error": "required scopes a, b not present"}
    assert build_scope_reply(PROGRAM, ("a",)).status == build_scope_reply(BROWSER, ("a",)).status == 403
    assert b"<h1>" in build_scope_reply(BROWSER, ("a",)).body


def test_redirects_are_kept_by_nobody() -> None:
    """Location, no-store, and the cookies in order."""
    reply = add_cookies(build_redirect(303, "/a", "why", ("x=1",)), ("y=2",))

    assert (reply.status, reply.reason, reply.body) == (303, "why", b"")
    assert reply.headers == (
        ("Location", "/a"), ("Cache-Control", "no-store"), ("Set-Cookie", "x=1"), ("Set-Cookie", "y=2")
    )  # fmt: skip
