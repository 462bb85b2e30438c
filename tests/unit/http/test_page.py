"""The gateway's own pages."""

import json
from binascii import b2a_base64
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.page import Link, Page, render_hop, render_page

HOSTILE = "<script>alert(1)</script>\"'&</title></style>"


class Reader(HTMLParser):
    """Collects tags, attributes and texts as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def make_page(text: str = "text", link: Link | None = None) -> Page:
    """Make a page whose every text holds `text`."""
    return Page(f"t {text}", f"h {text}", f"r {text}", "some_code", "req-7", link)


def test_a_browser_gets_html_that_says_what_happened_what_to_do_and_a_reference() -> None:
    """Title, sentence, remedy, code and reference are all there, under one heading."""
    headers, body = render_page(make_page(link=Link("Try again", "/a?b=1&c=2")), accepts_html=True)
    page = Reader(body.decode("utf-8"))

    assert dict(headers)["Content-Type"] == "text/html; charset=utf-8"
    assert {"t text", "h text", "r text", "req-7", "Try again"} <= set(page.texts)
    assert "some_code" in "".join(page.texts)
    assert page.tags.count("h1") == 1
    assert ("html", "lang", "en") in page.attributes
    assert ("meta", "name", "viewport") in page.attributes
    assert ("a", "href", "/a?b=1&c=2") in page.attributes


def test_a_page_on_the_way_goes_on_by_itself_or_by_its_link() -> None:
    """To the same place, under the same headers as any page."""
    headers, body = render_hop("You are signed in", Link("Go on", "/a?b=1&c='2'"))
    page = Reader(body.decode("utf-8"))

    assert render_page(make_page(), accepts_html=True)[0] == headers
    assert ("a", "href", "/a?b=1&c='2'") in page.attributes
    assert ("meta", "content", "0;url=/a?b=1&c='2'") in page.attributes
    assert "You are signed in" in page.texts


def test_a_program_gets_json() -> None:
    """Error code, message and reference, under those names."""
    headers, body = render_page(make_page(), accepts_html=False)

    assert dict(headers)["Content-Type"] == "application/json"
    assert json.loads(body) == {"error": "some_code", "message": "h text r text", "reference": "req-7"}


@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    """Whatever the texts are, the page has the same tags and attributes as with harmless ones."""
    text = text.replace("\ud800", "")
    hostile = render_page(make_page(HOSTILE + text, Link(HOSTILE + text, "/a")), accepts_html=True)[1].decode("utf-8")
    harmless = Reader(render_page(make_page("x", Link("x", "/a")), accepts_html=True)[1].decode("utf-8"))

    assert Reader(hostile).tags == harmless.tags
    assert Reader(hostile).attributes == harmless.attributes


def test_a_page_cannot_run_load_or_be_framed() -> None:
    """The policy forbids everything but the page's own style, which it names by its hash."""
    headers, body = render_page(make_page(), accepts_html=True)
    style = body.split(b"<style>")[1].split(b"</style>")[0]
    digest = b2a_base64(sha256(style).digest(), newline=False).decode()
    policy = dict(headers)["Content-Security-Policy"].split("; ")

    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'none'" in policy
    assert b"prefers-color-scheme:dark" in style


@pytest.mark.parametrize("accepts_html", [True, False])
def test_nobody_keeps_or_sniffs_a_page_or_is_told_its_address(*, accepts_html: bool) -> None:
    """The three headers that every page has."""
    headers = dict(render_page(make_page(), accepts_html=accepts_html)[0])

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "href", ["/", "/a", "/a?b=c", "http://localhost:9080/", "https://id.example/x?y", "http://[::1]/"]
)
def test_a_link_stays_here_or_is_a_web_address(href: str) -> None:
    """Both are rendered as they are."""
    body = render_page(make_page(link=Link("x", href)), accepts_html=True)[1].decode()

    assert ("a", "href", href) in Reader(body).attributes


@pytest.mark.parametrize(
    "href", ["//evil.example", "/\\evil", "javascript:alert(1)", "", "a", "data:x", "/a b", "/a\n"]
)
def test_any_other_link_is_refused(href: str) -> None:
    """A page never carries a link that a browser would take elsewhere or run."""
    with pytest.raises(ValueError, match="link"):
        render_page(make_page(link=Link("x", href)), accepts_html=True)
    with pytest.raises(ValueError, match="link"):
        render_hop("x", Link("x", href))
