"""One gateway process, one server of providers and one upstream for the whole folder; each test has a route of its own.

A `Case` is one test's part of it: an issuer that knows one client, the route of that client, and a browser. Discovery
is lazy, so an issuer may be changed in any way before the first page is opened. What the gateway says about each
refusal is compared at once with its log, and at the end with its access log.
"""

import json
import re
import time
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from tests.conformance.provider import CLIENT_SECRET, Provider, ProviderServer
from tests.e2e.counterparts.calls import Response, call, post_form
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.processes import POLL_S, free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.browser import Browser, Page

SESSION_SECRET = "a-session-secret-that-only-the-tests-know"
# What renews an access token that lives for a second when half of it is over.
SHORT_LIVED = {"access_token_expires_leeway": 1}
LANDING = "/signed-out"  # open to everybody
# What signs people out, and where they end up.
SIGNS_OUT = {"logout_path": "{path}/logout", "post_logout_redirect_uri": LANDING}
# What lets the provider end sessions; they are looked up for each request, so that no test has to wait.
ENDED_ELSEWHERE = {
    **SIGNS_OUT,
    "backchannel_logout_path": "{path}/back-channel",
    "frontchannel_logout_path": "{path}/front-channel",
    "session": {"secret": SESSION_SECRET, "revalidate_s": 0},
}
LIMIT_S = 15.0
_REFERENCE = re.compile(r"Reference <code>([^<]+)</code>")


class Refusal(NamedTuple):
    """What the access log has to say about a request: which, where, and why it was refused."""

    reference: str
    route: str
    status: int
    reason: str


class Identity(NamedTuple):
    """What the upstream was told about the person; None where it was not told."""

    userinfo: dict[str, Any] | None
    id_token: dict[str, Any] | None
    access_token: str | None


class Stage:
    """What runs. `routes` are the attributes of each route's plugin, by its name."""

    def __init__(self, routes: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
        """Start all of it."""
        self.port = free_port()
        self.refusals: list[Refusal] = []
        self.routes = routes
        self.server = ProviderServer(list(routes))
        self.upstream = RecordingUpstream()
        upstream = {"type": "roundrobin", "nodes": {self.upstream.address: 1}}
        config = {
            "gateway": {"listen": [{"host": "127.0.0.1", "port": self.port}]},
            "routes": [
                {
                    "id": name,
                    "uri": f"/{name}/*",
                    "plugins": {"openid-connect": self._plug(name, attributes)},
                    "upstream": upstream,
                }
                for name, attributes in routes.items()
            ]
            + [{"id": "landing", "uri": LANDING, "upstream": upstream}],
        }
        self.gateway: RunningGateway = start_gateway(config, folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.gateway.stop()
        self.upstream.stop()
        self.server.stop()

    def wait_for_line(self, **fields: str) -> dict[str, Any]:
        """Return the first line of the gateway's logs that has these fields; the access log is written a little later.

        Raises AssertionError when none comes.
        """
        deadline = time.monotonic() + LIMIT_S
        while True:
            lines = (json.loads(line) for line in self.gateway.output().splitlines() if line.startswith("{"))
            found: dict[str, Any] | None = next((line for line in lines if fields.items() <= line.items()), None)
            if found is not None:
                return found
            assert time.monotonic() < deadline, f"no line with {fields}"
            time.sleep(POLL_S)

    def check_log(self) -> None:
        """Hold the access log against every refusal, and look for secrets in whatever the gateway wrote."""
        if self.refusals:
            last = self.refusals[-1].reference
            self.gateway.wait_for_log(lambda line: bool(line["id"] == last))
        lines = {line["id"]: line for line in self.gateway.log_lines()}
        said = [lines[refusal.reference] for refusal in self.refusals]
        assert self.refusals == [Refusal(line["id"], line["route"], line["status"], line["reason"]) for line in said]
        assert [secret for secret in ("eyJ", SESSION_SECRET, CLIENT_SECRET) if secret in self.gateway.output()] == []
        assert self.upstream.violations == []

    def _plug(self, name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Return a plugin's attributes; `{path}` in a text stands for the route's own path."""
        own = {key: value.format(path=f"/{name}") if type(value) is str else value for key, value in attributes.items()}
        return {
            "client_id": name,
            "client_secret": CLIENT_SECRET,
            "discovery": f"{self.server.providers[name].issuer}/.well-known/openid-configuration",
            "redirect_uri": f"http://localhost:{self.port}/{name}/callback",
            "session": {"secret": SESSION_SECRET},
            **own,
        }


class Case:
    """One issuer, one route, one browser. `cookie` is what that sent when it was signed in last."""

    def __init__(self, stage: Stage, name: str) -> None:
        """Open a browser that was never here."""
        self.stage = stage
        self.name = name
        self.mode: str = stage.routes[name]["response_mode"]
        self.provider: Provider = stage.server.providers[name]
        self.browser = Browser()
        self.cookie = ""

    @property
    def origin(self) -> str:
        """The gateway's, as a browser types it."""
        return f"http://localhost:{self.stage.port}"

    def url(self, path: str = "/page") -> str:
        """Return an address below the case's route."""
        return f"{self.origin}/{self.name}{path}"

    def sign_in(self) -> Page:
        """Open a page and go where that leads; a form that the provider answers with is submitted, as its script would.

        What the browser ends on: the page, or the answer to the callback.
        """
        page = self.browser.open(self.url())
        if page.url.startswith(self.provider.issuer):
            page = self.browser.submit(page)
        modes = {asked.query.get("response_mode", "query") for asked in self.provider.requests("/authorize")}
        assert modes <= {self.mode}
        return page

    def check_admitted(self) -> Identity:
        """Sign in; the upstream gets the request that began it, and is told who is there."""
        page = self.sign_in()
        assert (200, self.url()) == (page.status, page.url), page.text
        self.cookie = self.browser.jar.header(urlsplit(page.url), time.time())
        return read_identity(page)

    def sign_out(self) -> Page:
        """Type the address of `logout_path`, and go where that leads."""
        return self.browser.open(self.url("/logout"))

    def check_signed_out(self) -> None:
        """No session cookie; and whoever kept the old one is not signed in either."""
        assert [name for name in self.browser.cookie_names() if "ostiary_session_" in name] == []
        assert call(self.url("/call"), headers={"Cookie": self.cookie}).status == 401

    def send_logout(self, token: str) -> Response:
        """Send a logout token, as the provider does."""
        return post_form(self.url("/back-channel"), {"logout_token": token})

    def check_logout_refused(self, token: str, reason: str) -> None:
        """Send a logout token that ends nothing: 400 (Back-Channel Logout 1.0 §2.8), and the session goes on."""
        self.check_admitted()
        answer = self.send_logout(token)
        assert (400, "invalid_request") == (answer.status, answer.json()["error"])
        assert "no-store" in (answer.header("cache-control") or "")
        self.stage.wait_for_line(code=reason, client=self.name)
        assert self.browser.xhr(self.url("/call")).status == 200

    def show_frame(self, **parameters: str) -> Response:
        """Load the frame of the provider's page that ends sessions (Front-Channel Logout 1.0 §2); no cookie comes."""
        return call(f"{self.url('/front-channel')}?{urlencode(parameters)}")

    def check_refused(self, reason: str, status: int = 502) -> Page:
        """Try to sign in; nobody is signed in, nothing reaches the upstream, and the log says why.

        The person gets a page with a reference that finds both log lines.
        """
        page = self.sign_in()
        self.check_page(page, reason, status)
        self.check_nobody()
        return page

    def check_page(self, page: Page, reason: str, status: int) -> None:
        """Look at the page of a refusal, and at the log line that its reference leads to."""
        found = _REFERENCE.search(page.text)
        assert (status, True) == (page.status, found is not None), f"{page.status} {page.url} {page.text}"
        assert found is not None
        assert reason == self.stage.wait_for_line(reference=found[1])["code"]
        self.stage.refusals.append(Refusal(found[1], self.name, status, reason))

    def check_nobody(self) -> None:
        """No session cookie, no request at the upstream, and still nobody who is signed in."""
        assert [name for name in self.browser.cookie_names() if "ostiary_session_" in name] == []
        assert self.browser.xhr(self.url("/call")).status == 401
        assert self.forwarded() == []

    def wait_for_refresh(self) -> Page:
        """Call a page until the refresh token has been used, and return the answer to that call."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            page = self.browser.xhr(self.url("/call"))
            if any(asked.form["grant_type"] == "refresh_token" for asked in self.provider.requests("/token")):
                return page
            assert time.monotonic() < deadline
            time.sleep(POLL_S)

    def forwarded(self) -> list[str]:
        """Return the targets that reached the upstream through the case's route."""
        targets = [request.target for request in self.stage.upstream.requests]
        return [target for target in targets if target.startswith(f"/{self.name}/")]


def read_identity(page: Page) -> Identity:
    """Return whom the upstream saw, from its echo."""
    headers = {name.lower(): value for name, value in page.json()["headers"]}
    return Identity(
        _decode(headers.get("x-userinfo")), _decode(headers.get("x-id-token")), headers.get("x-access-token")
    )


def _decode(header: str | None) -> dict[str, Any] | None:
    if header is None:
        return None
    claims: dict[str, Any] = json.loads(b64decode(header))
    return claims
