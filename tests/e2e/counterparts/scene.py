"""The whole scene of the openid-connect tests: provider, gateway and upstream as they run for real.

The routes are the tutorial's, each under a path of its own so that one gateway has them all: `/anything` signs people
in with nothing but the tutorial's attributes, `/pkce` adds PKCE and a session secret, `/jwks` and `/introspect` admit
bearer tokens, `/open` and `/closed` are `unauth_action: pass` and `deny` on the session of `/pkce`, `/public` has no
plugin.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.counterparts.calls import Headers, Response, call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.oidc_provider import LOGIN, PASSWORD, Client, OidcProvider, register, start_oidc_provider
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.strict_reader import RecordedRequest
from tests.fakes.browser import Browser, Page

SESSION_SECRET = "a-session-secret-that-only-the-tests-know"
ALGORITHMS = ("PS256", "ES256", "EdDSA")  # besides RS256, which every other client has
SIGN_IN_ROUTES = ("anything", "pkce", "open", "closed", *(alg.lower() for alg in ALGORITHMS))


@dataclass
class Scene:
    """What runs, and where. Paths are the gateway's."""

    provider: OidcProvider
    gateway: RunningGateway
    upstream: RecordingUpstream
    clients: dict[str, Client]

    def url(self, path: str, host: str = "localhost") -> str:
        """Return the address of `path` at the gateway, as a browser types it."""
        return f"http://{host}:{self.gateway.port}{path}"

    def call(self, path: str, method: str = "GET", headers: Headers = (), body: bytes = b"") -> Response:
        """Ask the gateway as a program does."""
        return call(self.url(path, "127.0.0.1"), method, headers, body)

    def with_token(self, path: str, token: str) -> Response:
        """Ask the gateway with a bearer token."""
        return self.call(path, headers={"Authorization": f"Bearer {token}"})

    def sign_in(self, path: str, browser: Browser | None = None) -> tuple[Browser, Page]:
        """Open `path`, fill in the provider's form, and return the browser with the page it ended on."""
        browser = browser or Browser()
        page = browser.open(self.url(path))
        return browser, self.fill_in(browser, page)

    def fill_in(self, browser: Browser, page: Page, **stop: Any) -> Page:
        """Fill in the provider's sign-in form on `page`."""
        if not page.url.startswith(f"{self.provider.issuer}/interaction/"):
            raise AssertionError(f"not the sign-in page: {page.status} {page.url} {page.text[:400]}")
        return browser.submit(page, {"login": LOGIN, "password": PASSWORD}, **stop)

    def stop_at_callback(self, browser: Browser, path: str = "/anything/test") -> str:
        """Sign in up to the provider's answer, and return where it would take the browser: the callback's address."""
        page = self.fill_in(browser, browser.open(self.url(path)), stop_before=is_callback)
        if page.location is None:
            raise AssertionError(f"no redirect: {page.status} {page.url}")
        return page.location

    def last_request(self) -> RecordedRequest:
        """Return the last request that the upstream saw."""
        return self.upstream.requests[-1]


def is_callback(url: str) -> bool:
    """Whether `url` is one of the gateway's redirect URIs."""
    return urlsplit(url).path.endswith("/callback")


def read_query(url: str) -> dict[str, str]:
    """Return the parameters of `url`, each with its first value."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def build_clients(port: int) -> dict[str, Client]:
    """Return the provider's clients by the route they are for."""
    machine = {"access_token_format": "opaque"}
    clients = {
        "anything": register("tutorial", "tutorial-secret", redirect_uris=[_redirect_uri(port, "anything")]),
        "pkce": register(
            "parcel", "parcel-secret", redirect_uris=[_redirect_uri(port, path) for path in ("pkce", "open", "closed")]
        ),
        "jwks": register("machine", "machine-secret", redirect_uris=[_redirect_uri(port, "jwks")]),
        "introspect": register("reader", "reader-secret", redirect_uris=[_redirect_uri(port, "introspect")], **machine),
    }
    for alg in ALGORITHMS:
        clients[alg.lower()] = register(
            f"signed-{alg.lower()}",
            f"signed-{alg.lower()}-secret",
            redirect_uris=[_redirect_uri(port, alg.lower())],
            id_token_signed_response_alg=alg,
        )
    return {**clients, "open": clients["pkce"], "closed": clients["pkce"]}


def build_config(port: int, discovery_url: str, upstream_port: int, **changes: Any) -> dict[str, Any]:
    """Return the gateway's configuration; `changes` are attributes that every openid-connect plugin gets."""
    clients = build_clients(port)
    session = {"session": {"secret": SESSION_SECRET}}
    attributes: dict[str, dict[str, Any]] = {
        "anything": {"bearer_only": False},
        "pkce": {"bearer_only": False, "use_pkce": True, **session},
        "jwks": {"use_jwks": True},
        "introspect": {"bearer_only": True},
        "open": {"unauth_action": "pass", **session},
        "closed": {"unauth_action": "deny", **session},
        **{alg.lower(): session for alg in ALGORITHMS},
    }
    routes: list[dict[str, Any]] = []
    for name, own in attributes.items():
        plugin = {
            "client_id": clients[name]["client_id"],
            "client_secret": clients[name]["client_secret"],
            "discovery": discovery_url,
            "scope": "openid profile",
            "redirect_uri": _redirect_uri(port, name),
            **own,
            **changes,
        }
        routes.append({"id": name, "uri": f"/{name}/*", "plugins": {"openid-connect": plugin}})
    routes.append({"id": "public", "uri": "/public/*"})
    upstream = {"type": "roundrobin", "nodes": {f"127.0.0.1:{upstream_port}": 1}}
    return {
        "gateway": {"listen": [{"host": "127.0.0.1", "port": port}]},
        "routes": [{**route, "upstream": upstream} for route in routes],
    }


@contextlib.contextmanager
def start_scene(folder: Path, **changes: Any) -> Iterator[Scene]:
    """Start all three; `changes` as in `build_config`. Skips where there is no node."""
    port = free_port()
    with start_provider(port) as provider, join_scene(folder, provider, port, **changes) as scene:
        yield scene


def start_provider(gateway_port: int, **settings: Any) -> OidcProvider:
    """Start a provider for a gateway that will listen on `gateway_port`; `settings` as in `start_oidc_provider`."""
    registered = {client["client_id"]: client for client in build_clients(gateway_port).values()}
    return start_oidc_provider(clients=list(registered.values()), **settings)


@contextlib.contextmanager
def join_scene(folder: Path, provider: OidcProvider, port: int, **changes: Any) -> Iterator[Scene]:
    """Start a new gateway on `port`, and an upstream, beside a provider that runs."""
    with (
        RecordingUpstream() as upstream,
        start_gateway(build_config(port, provider.discovery_url, upstream.port, **changes), folder) as gateway,
    ):
        yield Scene(provider, gateway, upstream, build_clients(port))


def _redirect_uri(port: int, path: str) -> str:
    return f"http://localhost:{port}/{path}/callback"
