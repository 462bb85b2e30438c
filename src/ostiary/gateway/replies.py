"""Our own answers as bytes: a `Reply` rendered for the wire, and checked at this last write (DESIGN.md §9.13).

Plugins and faults say what to answer; the answers that every gateway gives are here as constants, for programs in
APISIX's words, for people as pages.
"""

from collections.abc import Iterable

from ostiary.http.lines import is_clean_block
from ostiary.http.page import Page, render_page
from ostiary.http.response import STATUS_LINES
from ostiary.plugin import Reply

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NOT_FOUND = Reply(
    404,
    reason="no_route",
    headers=(("Content-Type", "application/json"),),
    body=b'{"error_msg":"404 Route Not Found"}\n',
)
NOBODY = Reply(
    401,
    reason="nobody_admitted",
    headers=(("Content-Type", "application/json"),),
    body=b'{"error":"unauthenticated","message":"This route requires somebody to be signed in or a valid token."}\n',
)
_PAGES = {
    "no_route": (
        "Nothing is here",
        "This gateway has no page at this address.",
        "Check the address, or begin at the front page of the site.",
    ),
    "nobody_admitted": (
        "Please sign in",
        "This page is for those who are signed in, and nobody is.",
        "Sign in where the application asks you to, then try again.",
    ),
}


def build_page(reply: Reply, reference: str) -> Reply:
    """Return one of the answers above as a page."""
    title, happened, remedy = _PAGES[reply.reason]
    headers, body = render_page(Page(title, happened, remedy, reply.reason, reference), accepts_html=True)
    return Reply(reply.status, reason=reply.reason, headers=headers, body=body)


def render_reply(reply: Reply, *, method: str, date: bytes, close: bool, set_cookies: Iterable[str] = ()) -> bytes:
    """Render a whole response; no body for HEAD and 204. Raises ValueError when a header is not one whole line."""
    lines = [f"{name}: {value}\r\n" for name, value in reply.headers]
    lines += [f"Set-Cookie: {value}\r\n" for value in set_cookies]
    if not any(name.lower() == "cache-control" for name, _ in reply.headers):
        lines.append("Cache-Control: no-store\r\n")
    if reply.status != 204:
        lines.append(f"Content-Length: {len(reply.body)}\r\n")
    if close:
        lines.append("Connection: close\r\n")
    block = "".join(lines).encode("latin-1")
    if not is_clean_block(block, len(lines)):
        message = "a reply's header holds a line end or a control character"
        raise ValueError(message)
    body = b"" if method == "HEAD" or reply.status == 204 else reply.body
    return b"".join((STATUS_LINES[reply.status], b"Date: ", date, b"\r\n", block, b"\r\n", body))
