"""The real browser: Debian's Chromium without a window, driven by Playwright, which never downloads one of its own.

    with start_chromium() as chromium:
        tab = chromium.open_profile().open_tab()
        tab.go("http://localhost:9080/")

A profile is one person's browser: cookies and history of its own. A tab notes what a person does not see: errors of the
console, requests to anywhere but the origins it was told of. Playwright holds the thread that starts it, so that
nothing else may run an event loop there until it ends: every module of tests starts its own, which takes a second.
"""

import contextlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.requires import require

FOLDER = Path(__file__).resolve().parent
require(
    find_spec("playwright") is not None,
    "playwright: .venv/bin/python -m pip install --require-hashes -r tests/browser/requirements.lock",
)

from playwright.sync_api import (  # noqa: E402 - nothing of it is needed where it is not there
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    sync_playwright,
)

LIMIT_MS = 15_000
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP *.test 127.0.0.1",
)  # fmt: skip
NARROW = ViewportSize(width=320, height=640)
PHONE = ViewportSize(width=360, height=740)
DESKTOP = ViewportSize(width=1280, height=800)
# Chromium notes every answer of 400 and above as an error, also that of the page that was opened, and of its icon.
_STATUS_NOTE = re.compile(r"Failed to load resource: the server responded with a status of \d{3}")


class Tab:
    """One tab. `complaints` grows with what the browser's console says and what it asks elsewhere."""

    def __init__(self, page: Page) -> None:
        """Listen to a page of Playwright's."""
        self.page = page
        self.complaints: list[str] = []
        self.documents: list[Response] = []
        self.requests: list[Request] = []
        page.set_default_timeout(LIMIT_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108 - it marks what it is given
        page.on("response", self._note)

    @property
    def url(self) -> str:
        """The address bar."""
        return self.page.url

    @property
    def status(self) -> int:
        """The status of the document that is shown."""
        return self.documents[-1].status

    @property
    def title(self) -> str:
        """The title, as a screen reader says it first."""
        return self.page.title()

    @property
    def heading(self) -> str:
        """The text of the first heading."""
        return self.page.locator("h1").first.inner_text()

    @property
    def text(self) -> str:
        """What can be read."""
        return self.page.locator("body").inner_text()

    def go(self, url: str) -> "Tab":
        """Type an address, and wait until the page is there."""
        self.page.goto(url)
        return self

    def press(self, name: str) -> "Tab":
        """Follow the link or press the button of this name."""
        self.page.get_by_role("link", name=name, exact=True).or_(
            self.page.get_by_role("button", name=name, exact=True)
        ).click()
        return self

    def wait_for_path(self, path: str) -> "Tab":
        """Wait until the address bar shows this path (and query, if it has one)."""
        has_query = "?" in path
        self.page.wait_for_url(lambda url: path == (_tail(url) if has_query else urlsplit(url).path))
        return self

    def ask(self, expression: str, argument: Any = None) -> Any:
        """Return what a script in the page finds."""
        return self.page.evaluate(expression, argument)

    def fetch(self, path: str, **options: Any) -> dict[str, Any]:
        """Call as the page's own script does; return `status`, `type`, `redirected` and `text`."""
        answer: dict[str, Any] = self.ask(
            "async ([path, options]) => { const answer = await fetch(path, options); return {status: answer.status, "
            "type: answer.type, redirected: answer.redirected, text: await answer.text()}; }",
            [path, options],
        )
        return answer

    def foreign_requests(self, *origins: str) -> list[str]:
        """Return the addresses that were asked for elsewhere than at these origins."""
        return [request.url for request in self.requests if not request.url.startswith(tuple(f"{o}/" for o in origins))]

    def _hear(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        is_note = (where == self.page.url or where.endswith("/favicon.ico")) and _STATUS_NOTE.match(message.text)
        if message.type in ("error", "warning") and not is_note:
            self.complaints.append(f"{message.type}: {message.text} ({where})")

    def _note(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.frame == self.page.main_frame:
            self.documents.append(response)


class Profile:
    """One person's browser."""

    def __init__(self, context: BrowserContext) -> None:
        """Hold a context of Playwright's, in which nothing is known yet."""
        self.context = context

    def open_tab(self) -> Tab:
        """Open a tab."""
        return Tab(self.context.new_page())

    def cookies(self, *prefixes: str) -> list[dict[str, Any]]:
        """Return the cookies whose names begin so (all of them without a prefix), as the browser keeps them."""
        return [dict(cookie) for cookie in self.context.cookies() if cookie.get("name", "").startswith(prefixes or "")]

    def put_cookies(self, *cookies: Any) -> None:
        """Keep cookies as if a server had set them: `name`, `value`, and `url` or what `cookies` returns."""
        self.context.add_cookies(list(cookies))


class Chromium:
    """A running browser."""

    def __init__(self, browser: Browser) -> None:
        """Hold the process."""
        self.browser = browser

    @contextlib.contextmanager
    def profile(self, **options: Any) -> Iterator[Profile]:
        """Make a fresh profile and throw it away afterwards; `options` are those of Playwright's contexts."""
        context = self.browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        try:
            yield Profile(context)
        finally:
            context.close()


@contextlib.contextmanager
def start_chromium() -> Iterator[Chromium]:
    """Start the browser; skips where there is none."""
    path = require("chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield Chromium(browser)
        finally:
            browser.close()


def _tail(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
