"""The gateway's own pages: what happened, what to do, and a reference that finds the log line.

One function renders them all: HTML for those who accept it, JSON for everybody else. Every text is escaped, nothing
runs or loads (Content-Security-Policy `default-src 'none'`, the style admitted by its hash), and nobody keeps a copy.
Pages name no secret, and say nothing about a failure that would help whoever caused it.
"""

import re
from binascii import b2a_base64
from hashlib import sha256
from html import escape
from typing import final

import msgspec

Headers = tuple[tuple[str, str], ...]

_STYLE = (
    ":root{color-scheme:light dark;--ink:#1b1f24;--dim:#59636e;--paper:#f6f8fa;--card:#fff;--line:#d1d9e0;"
    "--link:#0550ae}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--paper:#0d1117;--card:#151b23;--line:#3d444d;"
    "--link:#6cb6ff}}"
    "*{box-sizing:border-box}"
    "body{margin:0;padding:1rem;min-height:100svh;display:grid;place-items:center;background:var(--paper);"
    "color:var(--ink);font:1rem/1.6 system-ui,sans-serif}"
    "main{width:100%;max-width:36rem;padding:1.5rem 1.5rem 1rem;background:var(--card);border:1px solid var(--line);"
    "border-radius:.75rem;overflow-wrap:anywhere}"
    "h1{margin:0 0 .75rem;font-size:1.375rem;line-height:1.3}"
    "h2{margin:1.25rem 0 .25rem;font-size:1rem}"
    "p{margin:.25rem 0}"
    "a{display:inline-block;margin:.75rem 0 0;padding:.5rem 1rem;border:1px solid transparent;border-radius:.375rem;"
    "background:var(--link);color:var(--card);text-decoration:none}"
    "a:focus-visible{outline:3px solid var(--link);outline-offset:3px}"
    "footer{margin-top:1.5rem;padding-top:.75rem;border-top:1px solid var(--line);color:var(--dim);font-size:.875rem}"
    "code{user-select:all}"
)
_STYLE_HASH = b2a_base64(sha256(_STYLE.encode("ascii")).digest(), newline=False).decode("ascii")
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COMMON_HEADERS: Headers = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
_HTML_HEADERS: Headers = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", _POLICY),
    ("X-Frame-Options", "DENY"),
    *_COMMON_HEADERS,
)
_JSON_HEADERS: Headers = (("Content-Type", "application/json"), *_COMMON_HEADERS)

# A path of this origin (never `//`), or an absolute http(s) URL. What else a browser might do with a link is not ours.
_HREF = re.compile(r"(?:/(?![/\\])|https?://[^/\\])[\x21-\x5b\x5d-\x7e]*\Z|/\Z")


@final
class Link(msgspec.Struct, frozen=True):
    """The one step a page offers: a label, and a path of this origin or an http(s) URL."""

    label: str
    href: str


@final
class Page(msgspec.Struct, frozen=True):
    """What a page says, as plain text.

    `title` says what happened in a few words, `happened` in a sentence or two, `remedy` what to do now; `code` is
    stable and documented, `reference` is the request's id.
    """

    title: str
    happened: str
    remedy: str
    code: str
    reference: str
    link: Link | None = None


def render_page(page: Page, *, accepts_html: bool) -> tuple[Headers, bytes]:
    """Return the headers (content type included) and the body: HTML, or JSON with `error`, `message`, `reference`.

    Raises ValueError for a link that is neither a path of this origin nor an http(s) URL.
    """
    if page.link is not None:
        _check_href(page.link.href)
    if accepts_html:
        return _HTML_HEADERS, _render_html(page).encode("utf-8", "replace")
    answer = {"error": page.code, "message": f"{page.happened} {page.remedy}", "reference": page.reference}
    return _JSON_HEADERS, msgspec.json.encode(answer) + b"\n"


def render_hop(title: str, link: Link) -> tuple[Headers, bytes]:
    """Return headers and body of a page that follows its only link by itself. Raises ValueError as `render_page`."""
    _check_href(link.href)
    refresh = f'<meta http-equiv="refresh" content="0;url={escape(link.href)}">\n'
    return _HTML_HEADERS, _render_document(title, _render_link(link), refresh).encode("utf-8", "replace")


def _check_href(href: str) -> None:
    if not _HREF.match(href):
        message = "a page's link is neither a path of this origin nor an http(s) URL"
        raise ValueError(message)


def _render_html(page: Page) -> str:
    said = (
        f"<p>{escape(page.happened)}</p>\n<h2>What you can do</h2>\n<p>{escape(page.remedy)}</p>\n"
        f"{_render_link(page.link)}"
        f"<footer>Reference <code>{escape(page.reference)}</code> ({escape(page.code)})</footer>\n"
    )
    return _render_document(page.title, said)


def _render_link(link: Link | None) -> str:
    return "" if link is None else f'<p><a href="{escape(link.href)}">{escape(link.label)}</a></p>\n'


def _render_document(title: str, said: str, refresh: str = "") -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="robots" content="noindex">\n{refresh}'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{said}</main>\n</body>\n</html>\n"
    )
