"""The scene of the `oidc` tests: the document's Auth0 example on the certified provider, a gateway and an upstream.

The hosts are the document's: a browser finds foo.bar.com by its hosts file, curl by `--connect-to`. Only the issuer,
its port and the client's credentials are replaced.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.e2e.counterparts.calls import Response, call
from tests.e2e.counterparts.curl import run_curl
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.oidc_provider import LOGIN, PASSWORD, OidcProvider, register, start_oidc_provider
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.browser import Browser, Page
from tests.reference.documents import OIDC_AUTH0

SITE = "http://foo.bar.com"
CALLBACK = f"{SITE}/oauth2/callback"
CLIENT = register(
    "YagFqRD9tfNIaac5BamjhsSatjrAnsnZ", "a-secret-of-the-example", redirect_uris=[CALLBACK],
    post_logout_redirect_uris=[f"{SITE}/foo"], token_endpoint_auth_method="client_secret_post",
)  # fmt: skip


@dataclass
class Scene:
    """What runs."""

    provider: OidcProvider
    gateway: RunningGateway
    upstream: RecordingUpstream

    def browser(self) -> Browser:
        """Return somebody's browser, whose hosts file knows the document's host."""
        return Browser(hosts={"foo.bar.com": self.gateway.port})

    def sign_in(self, path: str = "/headers", browser: Browser | None = None) -> tuple[Browser, Page]:
        """Open a page, and fill in the provider's form."""
        browser = browser or self.browser()
        return browser, self.fill_in(browser, browser.open(SITE + path))

    def fill_in(self, browser: Browser, page: Page, **stop: Any) -> Page:
        """Fill in the provider's form on `page`."""
        assert page.url.startswith(f"{self.provider.issuer}/interaction/"), (page.status, page.url, page.text[:400])
        return browser.submit(page, {"login": LOGIN, "password": PASSWORD}, **stop)

    def curl(self, line: str, *options: str) -> Response:
        """Run a line of the document."""
        return run_curl(line, self.gateway.port, *options)

    def call(self, browser: Browser, path: str, method: str = "GET") -> Response:
        """Ask the gateway as a proxy does that passes somebody's cookies on."""
        cookies = browser.jar.header(urlsplit(SITE), time.time())
        return call(f"{self.gateway.url}{path}", method, {"Host": "foo.bar.com", "Cookie": cookies, "Accept": "*/*"})

    def token_of_the_last_request(self) -> str:
        """Return what the upstream saw in Authorization."""
        [authorization] = self.upstream.requests[-1].values("authorization")
        return authorization.removeprefix("Bearer ")

    def sign_out(self, browser: Browser, query: str) -> Page:
        """Follow a logout link of the site, and stop before the next site's page."""
        url = f"{SITE}/oauth2/sign_out{query}"
        return browser.open(url, stop_before=lambda address: not address.startswith(url))


@contextlib.contextmanager
def start_scene(folder: Path, **changes: Any) -> Iterator[Scene]:
    """Start all of it; `changes` are options that the plugin gets besides (None leaves one out)."""
    with start_oidc_provider(clients=[CLIENT]) as provider, RecordingUpstream() as upstream:
        plugin = yaml.safe_load(OIDC_AUTH0) | {
            "oidc_issuer_url": provider.issuer, "client_id": CLIENT["client_id"],
            "client_secret": CLIENT["client_secret"], "service_port": provider.port, **changes,
        }  # fmt: skip
        plugin = {name: value for name, value in plugin.items() if value is not None}
        config = {
            "service_sources": [{"name": "auth", "type": "dns", "domain": "localhost", "port": provider.port}],
            "routes": [
                {
                    "id": "app",
                    "uri": "/*",
                    "plugins": {"oidc": plugin},
                    "upstream": {"nodes": {f"127.0.0.1:{upstream.port}": 1}},
                }
            ],
        }
        with start_gateway(config, folder) as gateway:
            yield Scene(provider, gateway, upstream)
