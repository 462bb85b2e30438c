"""`examples/keycloak/` as it stands, with other ports: Keycloak, a gateway on its configuration, and an upstream.

Each scene has a realm of its own. `changes` are attributes that the route of the code flow gets besides.
"""

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.e2e.counterparts.calls import Headers, Response, call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.keycloak import EXAMPLE, LOGIN, Keycloak, Realm
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.strict_reader import RecordedRequest
from tests.fakes.browser import Browser, Page

CODE = "/anything"  # the code flow
SHORT_S = 1  # the shortest access token that Keycloak makes


@dataclass
class KeycloakScene:
    """What runs, and where. Paths are the gateway's."""

    realm: Realm
    gateway: RunningGateway
    upstream: RecordingUpstream

    def url(self, path: str) -> str:
        """Return the address of `path` at the gateway, as a browser types it."""
        return f"http://localhost:{self.gateway.port}{path}"

    def call(self, path: str, headers: Headers = ()) -> Response:
        """Ask the gateway as a program does."""
        return call(f"{self.gateway.url}{path}", headers=headers)

    def with_token(self, path: str, token: str) -> Response:
        """Ask the gateway with a bearer token."""
        return self.call(path, {"Authorization": f"Bearer {token}"})

    def with_cookies(self, browser: Browser, path: str = f"{CODE}/call") -> Response:
        """Ask the gateway as a program that has the browser's cookies: who is not signed in gets 401."""
        return self.call(path, {"Cookie": browser.jar.header(urlsplit(self.url("/")), time.time())})

    def sign_in(self, path: str = f"{CODE}/test", login: str = LOGIN) -> Browser:
        """Sign a person in with a browser of their own. Raises AssertionError when they do not end at `path`."""
        browser = Browser()
        page = self.realm.fill_in(browser, browser.open(self.url(path)), login)
        if (page.status, page.url) != (200, self.url(path)):
            raise AssertionError(f"not signed in: {page.status} {page.url} {page.text[:1000]}")
        return browser

    def sign_in_briefly(self) -> Browser:
        """Sign a person in whose access token is over when this returns; the next ones live long."""
        self.realm.update(accessTokenLifespan=SHORT_S)
        browser = self.sign_in()
        self.realm.update(accessTokenLifespan=300)
        time.sleep(SHORT_S + 0.1)
        return browser

    def asks_for_password(self, page: Page) -> bool:
        """Whether a person has to sign in again."""
        return self.realm.is_sign_in_page(page)

    def last_request(self) -> RecordedRequest:
        """Return the last request that the upstream saw."""
        return self.upstream.requests[-1]

    def last_person(self) -> dict[str, Any]:
        """Return what the upstream was last told of the person: the decoded X-Userinfo."""
        value = self.last_request().value("x-userinfo")
        claims: dict[str, Any] = json.loads(base64.b64decode(value or "", validate=True))
        return claims


@contextlib.contextmanager
def start_keycloak_scene(folder: Path, keycloak: Keycloak, **changes: Any) -> Iterator[KeycloakScene]:
    """Start gateway and upstream, with a new realm."""
    port = free_port()
    with keycloak.make_realm(gateway_port=port) as realm, RecordingUpstream() as upstream:
        config = read_example(realm, port, upstream.port)
        config["routes"][0]["plugins"]["openid-connect"] |= changes
        with start_gateway(config, folder) as gateway:
            yield KeycloakScene(realm, gateway, upstream)


def read_example(realm: Realm, gateway_port: int, upstream_port: int) -> dict[str, Any]:
    """Return the example's configuration with its addresses replaced."""
    text = (EXAMPLE / "ostiary.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("http://127.0.0.1:8080/realms/quickstart-realm", realm.issuer),
        ("localhost:9080", f"localhost:{gateway_port}"),
        ("port: 9080", f"port: {gateway_port}"),
        ("127.0.0.1:9070", f"127.0.0.1:{upstream_port}"),
    ):
        if old not in text:
            raise AssertionError(f"{old} does not stand in the example")
        text = text.replace(old, new)
    config: dict[str, Any] = yaml.safe_load(text)
    return config
