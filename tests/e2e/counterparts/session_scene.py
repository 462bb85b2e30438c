"""Gateways that share sessions, wherever those are kept: some processes with one configuration, each on its own port.

`STORAGES` names every place that an operator can choose. The first gateway is where people sign in; browsers do not
tell ports of one host apart, so that every gateway is shown the same cookies. Routes: `/app` signs people in, `/key`
does so by `private_key_jwt`, `/open` is `unauth_action: pass` on the session of `/app`, `/revoking` has
`revoke_tokens_on_logout` and passes refresh tokens on, `/public` has no plugin.
"""

import contextlib
import json
import os
import signal
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import yaml

from tests.e2e.counterparts.calls import Response, call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.identity_echo import IdentityEcho
from tests.e2e.counterparts.oidc_provider import LOGIN, PASSWORD, Client, OidcProvider, register, start_oidc_provider
from tests.e2e.counterparts.processes import POLL_S, free_port
from tests.e2e.counterparts.redis_server import RedisServer
from tests.fakes.browser import Browser, Page
from tests.fakes.client_keys import private_pem, public_jwk

STORAGES = ("cookie-sqlite", "cookie-redis", "sqlite", "redis")  # of sessions, and of the shared state with cookies
SECRET = "a-session-secret-that-only-the-tests-know"
OTHER_LOGIN = "somebody-else"
LONG_S = 3600
AT_ONCE_S = 1  # the shortest lifetime that a provider can tell (RFC 6749 §5.1)
PATIENT_MS = 10_000  # for what is not about time limits: a machine that stalls for a second exceeds the usual ones
REVALIDATE_S = 1.0
LOGOUT_PATHS = {"logout_path": "logout", "backchannel_logout_path": "told", "frontchannel_logout_path": "framed"}


class Redis(Protocol):
    """A Redis, of one server or of many."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """How a configuration names it."""
        ...


def list_users(logins: Sequence[str] = (LOGIN, OTHER_LOGIN)) -> list[dict[str, Any]]:
    """Return the provider's users."""
    return [
        {"login": login, "password": PASSWORD, "claims": {"sub": login, "name": f"Person {login}"}} for login in logins
    ]


class SessionScene:
    """What runs, and where. Gateways are told apart by number."""

    def __init__(
        self, folder: Path, storage: str, ports: Sequence[int], redis: Redis | None, *, is_told: bool = False
    ) -> None:
        """Plan it; `run_scene` starts it."""
        self.storage = storage
        self.is_told = is_told
        self.secrets = [SECRET]
        self.attributes: dict[str, Any] = {}
        self.redis_limit_ms: int | None = PATIENT_MS
        self.redis = redis if isinstance(redis, RedisServer) else None
        self._redis = redis
        self.echo: IdentityEcho
        self.provider: OidcProvider
        self.gateways: list[RunningGateway] = []
        self.clients = build_clients(ports[0], is_told=is_told)
        self._folder = folder
        self._ports = ports

    def url(self, path: str, gateway: int = 0) -> str:
        """Return the address of `path` at one of the gateways, as a browser types it."""
        return f"http://localhost:{self._ports[gateway]}{path}"

    def sign_in(self, path: str = "/app/test", *, login: str = LOGIN) -> tuple[Browser, Page]:
        """Sign a person in with a browser of their own; return it with the page it ended on."""
        browser = Browser()
        page = browser.open(self.url(path))
        if not page.url.startswith(f"{self.provider.issuer}/interaction/"):
            raise AssertionError(f"not the sign-in page: {page.status} {page.url} {page.text[:400]}")
        return browser, browser.submit(page, {"login": login, "password": PASSWORD})

    def sign_in_briefly(self, path: str = "/app/test", *, login: str = LOGIN) -> tuple[Browser, Page]:
        """Sign a person in whose access token is over at once; the next one lives long. Return when it is over."""
        self.provider.set_lifetime(AT_ONCE_S)
        browser, page = self.sign_in(path, login=login)
        self.provider.set_lifetime(LONG_S)
        assert page.status == 200, page.text
        time.sleep(AT_ONCE_S + 0.05)
        return browser, page

    def show_cookies(self, browser: Browser) -> str:
        """Return the Cookie header that the gateways get from a browser."""
        return browser.jar.header(urlsplit(self.url("/")), time.time())

    def call(self, path: str, cookie: str, gateway: int = 0) -> Response:
        """Ask a gateway as a program that shows a cookie: what is not signed in is 401."""
        return call(self.url(path, gateway), headers={"Cookie": cookie})

    def refreshes(self) -> list[dict[str, Any]]:
        """Return the refreshes that the provider was asked for; one whose token was used up has the status 400."""
        asked = self.provider.requests("token")
        return [request for request in asked if request["params"].get("grant_type") == "refresh_token"]

    def start(self, number: int) -> None:
        """Start a gateway, or start it again."""
        gateway = start_gateway(self._configure(number), self._folder / f"gateway-{number}")
        self.gateways[number:] = [gateway, *self.gateways[number + 1 :]]

    def reload(self, number: int) -> None:
        """Write a gateway's configuration anew, send SIGHUP, and wait until it says that it is in force."""
        gateway = self.gateways[number]
        before = gateway.output().count('"code":"reloaded"')
        file = self._folder / f"gateway-{number}" / "ostiary.yaml"
        file.write_text(yaml.safe_dump(self._configure(number), sort_keys=False), encoding="utf-8")
        os.kill(gateway.pid, signal.SIGHUP)
        wait_until(lambda: gateway.output().count('"code":"reloaded"') > before)

    def events(self, code: str) -> list[dict[str, Any]]:
        """Return the events with this code from the logs of all gateways."""
        lines = [line for gateway in self.gateways for line in gateway.output().splitlines() if line.startswith("{")]
        return [event for event in map(json.loads, lines) if event.get("code") == code]

    def _configure(self, number: int) -> dict[str, Any]:
        upstream = {"type": "roundrobin", "nodes": {f"127.0.0.1:{self.echo.port}": 1}}
        plugins = {
            "app": self._plug("app"),
            "key": self._plug("key", **_sign_by_key()),
            "open": {**self._plug("app"), "unauth_action": "pass", "redirect_uri": self.url("/open/callback")},
            "revoking": self._plug("revoking", revoke_tokens_on_logout=True, set_refresh_token_header=True),
        }
        for name in LOGOUT_PATHS:  # which belong to one of them
            plugins["open"].pop(name, None)
        routes: list[dict[str, Any]] = [
            {"id": name, "uri": f"/{name}/*", "plugins": {"openid-connect": plugin}, "upstream": upstream}
            for name, plugin in plugins.items()
        ]
        return {
            "gateway": {"listen": [{"host": "127.0.0.1", "port": self._ports[number]}]},
            "state": self._find_state(),
            "routes": [*routes, {"id": "public", "uri": "/public/*", "upstream": upstream}],
        }

    def _plug(self, name: str, **attributes: Any) -> dict[str, Any]:
        own: dict[str, Any] = {} if name == "key" else {"client_secret": self.clients[name]["client_secret"]}
        return {
            "client_id": self.clients[name]["client_id"],
            "discovery": self.provider.discovery_url,
            "scope": "openid profile",
            "redirect_uri": self.url(f"/{name}/callback"),
            **{attribute: f"/{name}/{path}" for attribute, path in self._list_logouts().items()},
            "post_logout_redirect_uri": self.url("/public/bye"),
            "session": {"secret": self.secrets, "revalidate_s": REVALIDATE_S, **self._find_storage()},
            **own,
            **self.attributes,
            **attributes,
        }

    def _list_logouts(self) -> dict[str, str]:
        return LOGOUT_PATHS if self.is_told else {"logout_path": "logout"}

    def _find_storage(self) -> dict[str, Any]:
        if self.storage == "sqlite":
            return {"storage": "sqlite", "sqlite": {"path": str(self._folder / "sessions.db")}}
        if self.storage == "redis" and self._redis is not None:
            return {"storage": "redis", "redis": {**self._redis.fields, **self._find_limits()}}
        return {"storage": "cookie"}

    def _find_limits(self) -> dict[str, Any]:
        names = ("connect_timeout", "send_timeout", "read_timeout")
        return {} if self.redis_limit_ms is None else dict.fromkeys(names, self.redis_limit_ms)

    def _find_state(self) -> dict[str, Any]:
        if self.storage == "cookie-redis" and self._redis is not None:
            return {"type": "redis", **self._redis.fields, **self._find_limits()}
        return {"type": "sqlite", "path": str(self._folder / "state.db")}


def build_clients(port: int, *, is_told: bool = False) -> dict[str, Client]:
    """Return the provider's clients by the name of their route, for people who sign in at this port.

    With `is_told` that gateway hears of sign-outs: `revoking` of persons, the others of sessions.
    """
    own: dict[str, dict[str, Any]] = {
        "app": {},
        "key": {
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "RS256",
            "jwks": {"keys": [public_jwk("RSA", kid="client-key", use="sig", alg="RS256")]},
        },
        "revoking": {"access_token_format": "opaque"},  # so that introspection knows it
    }
    clients = {}
    for name, metadata in own.items():
        paths = (name, "open") if name == "app" else (name,)
        if is_told:
            metadata["backchannel_logout_uri"] = f"http://localhost:{port}/{name}/told"
            metadata["backchannel_logout_session_required"] = name != "revoking"
        clients[name] = register(
            f"client-{name}",
            f"secret-of-{name}-with-more-than-32-bytes",
            redirect_uris=[f"http://localhost:{port}/{path}/callback" for path in paths],
            post_logout_redirect_uris=[f"http://localhost:{port}/public/bye"],
            **metadata,
        )
    return clients


@contextlib.contextmanager
def start_session_scene(
    folder: Path,
    storage: str,
    *,
    gateways: int = 2,
    redis: Redis | None = None,
    redis_limit_ms: int | None = PATIENT_MS,
    attributes: Mapping[str, Any] | None = None,
    is_told: bool = False,
    logins: Sequence[str] = (LOGIN, OTHER_LOGIN),
) -> Iterator[SessionScene]:
    """Start it all, with a Redis of its own where the storage needs one and none is given.

    `redis_limit_ms` None: the time limits that it has by itself. `attributes` are those that every plugin gets besides.
    With `is_told` the provider tells the first gateway of sign-outs.
    """
    with contextlib.ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        if redis is None and "redis" in storage:
            redis = stack.enter_context(RedisServer(folder))
        scene = SessionScene(folder, storage, [free_port() for _ in range(gateways)], redis, is_told=is_told)
        scene.redis_limit_ms = redis_limit_ms
        scene.attributes = dict(attributes or {})
        scene.provider = stack.enter_context(
            start_oidc_provider(clients=list(scene.clients.values()), users=list_users(logins))
        )
        scene.echo = stack.enter_context(IdentityEcho())
        stack.callback(_end_all, scene.gateways)
        for number in range(gateways):
            scene.start(number)
        yield scene
        for gateway in scene.gateways:
            gateway.stop()


def read_lifetime(access_token: str) -> dict[str, Any]:
    """Return the claims of an access token; that its signature verifies is said elsewhere."""
    payload = access_token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def wait_until(holds: Callable[[], bool], within_s: float = 10.0) -> float:
    """Return after how many seconds it held. Raises AssertionError when it did not in time."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within_s:
            raise AssertionError(f"not within {within_s} s")
        time.sleep(POLL_S)
    return time.monotonic() - began


def _sign_by_key() -> dict[str, Any]:
    return {
        "token_endpoint_auth_method": "private_key_jwt",
        "client_rsa_private_key": private_pem("RSA"),
        "client_rsa_private_key_id": "client-key",
    }


def _end_all(gateways: list[RunningGateway]) -> None:
    for gateway in gateways:
        gateway.kill()
