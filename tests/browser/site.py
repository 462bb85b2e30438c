"""A gateway with a provider where people sign in with a browser, whichever provider it is.

Routes that every site has: `/app` signs people in and out (and lands them on `/public/bye`), `/brief` has sessions
that idle for `IDLE_S`, `/strict` a cookie that is SameSite=Strict, `/posted` is `response_mode: form_post`, `/public`
has no plugin. The service behind answers navigations with a page of its own, which has links to another one and to the
sign-out, and everything else with the usual echo.
"""

from abc import ABC, abstractmethod
from html import escape
from typing import Any, Self

from tests.browser.chromium import Tab
from tests.e2e.counterparts.gateway import RunningGateway
from tests.e2e.counterparts.recording_upstream import Answer, RecordingUpstream, build_response
from tests.e2e.counterparts.strict_reader import RecordedRequest

IDLE_S = 2  # more than a stall of the machine
SECRET = "a-session-secret-that-only-the-tests-know"
ROUTES: dict[str, dict[str, Any]] = {
    "app": {"logout_path": "/app/logout", "post_logout_redirect_uri": "/public/bye"},
    "brief": {"session": {"secret": SECRET, "cookie_name": "brief", "idling_timeout": IDLE_S}},
    "strict": {"session": {"secret": SECRET, "cookie_name": "strict", "cookie_same_site": "Strict"}},
    "posted": {"response_mode": "form_post"},
}
POLLING = """<script>
const seen = {};
const ask = async () => { const {status} = await fetch('call'); seen[status] = (seen[status] ?? 0) + 1; };
setInterval(ask, 40);
</script>"""


class Site(ABC):
    """What runs, and where; a provider fills in the rest."""

    issuer: str

    def __init__(self, port: int, gateway: RunningGateway, upstream: RecordingUpstream) -> None:
        """Hold what runs."""
        self.port = port
        self.gateway = gateway
        self.upstream = upstream

    @property
    def origin(self) -> str:
        """Where people sign in."""
        return self.url("")

    def url(self, path: str, host: str = "localhost") -> str:
        """Return the address of a path at the gateway."""
        return f"http://{host}:{self.port}{path}"

    def reset(self) -> Self:
        """Forget what was recorded, and mend what was broken."""
        self.upstream.clear()
        return self

    def open(self, tab: Tab, path: str = "/app/start?x=1&y=a%20b") -> Tab:
        """Open a page that leads to the provider's sign-in page, and wait for that."""
        tab.go(self.url(path))
        assert tab.url.startswith("http://127.0.0.1:"), (tab.url, tab.text)
        return tab

    def sign_in(self, tab: Tab, path: str = "/app/start?x=1&y=a%20b") -> Tab:
        """Open a page, and go through the provider's."""
        return self.fill_in(self.open(tab, path))

    def sign_out(self, tab: Tab) -> Tab:
        """Press the link of the application's page, and whatever the provider asks, until the landing page."""
        return tab.press("Sign out").wait_for_path("/public/bye")

    @abstractmethod
    def fill_in(self, tab: Tab, password: str | None = None) -> Tab:
        """Fill in the provider's sign-in page, rightly unless a password is given."""

    @abstractmethod
    def set_lifetime(self, seconds: int) -> None:
        """Let access tokens live so long from now on."""


def build_routes(
    plugins: dict[str, dict[str, Any]], common: dict[str, Any], port: int, upstream: str
) -> list[dict[str, Any]]:
    """Return a route for each plugin, and the one without. None leaves an attribute out."""
    node = {"type": "roundrobin", "nodes": {upstream: 1}}
    routes: list[dict[str, Any]] = [{"id": "public", "uri": "/public/*", "upstream": node}]
    for name, own in plugins.items():
        redirect_uri = f"http://localhost:{port}/{name}/callback"
        wished = {"redirect_uri": redirect_uri, "session": {"secret": SECRET}, **common, **own}
        plugin = {key: value for key, value in wished.items() if value is not None}
        routes.append({"id": name, "uri": f"/{name}/*", "plugins": {"openid-connect": plugin}, "upstream": node})
    return routes


def show_page(request: RecordedRequest) -> Answer | None:
    """Answer a navigation with a page, and anything else as usual."""
    if "text/html" not in (request.value("accept") or ""):
        return None
    head = '<meta charset="utf-8"><title>App</title><link rel="icon" href="data:,">'
    script = POLLING if request.target.endswith("/polling") else ""
    body = (
        f'<!DOCTYPE html><html lang="en">{head}<main><h1>App</h1><p>{escape(request.target)}</p>'
        f'<a href="second">Second</a> <a href="logout">Sign out</a></main>{script}</html>'
    )
    return Answer(build_response(200, body.encode(), [("Content-Type", "text/html; charset=utf-8")], reason="OK"))
