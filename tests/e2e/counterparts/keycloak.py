"""Keycloak itself, as `examples/keycloak/keycloak.sh` starts it, on a free loopback port, once for all tests of a run.

    def test_something(keycloak: Keycloak) -> None:      # the fixture is in tests/conftest.py
        with keycloak.make_realm(gateway_port=port) as realm:
            realm.discovery_url, realm.client_secret

It takes half a minute to start, and does so while other tests run. `make_realm` gives each module a realm of its own:
the one of `examples/keycloak/quickstart-realm.json` under another name, for a gateway on another port.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tests.e2e.counterparts.calls import Response, call, post_form
from tests.e2e.counterparts.processes import Outputs, RunningProgram, free_port
from tests.fakes.browser import Browser, Page
from tests.requires import find_program, require

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "keycloak"
SCRIPT = EXAMPLE / "keycloak.sh"
UNPACKED = EXAMPLE.parents[1] / "build" / "keycloak"
HOW_TO_GET = "Keycloak: KEYCLOAK_WITH=java examples/keycloak/keycloak.sh fetch, with default-jre-headless and maven"
ADMIN = "quickstart-admin"
ADMIN_PASSWORD = "quickstart-admin-pass"
REALM = "quickstart-realm"
CLIENT_ID = "apisix-quickstart-client"
LOGIN = "quickstart-user"
PASSWORD = "quickstart-user-pass"
EXAMPLE_PORT = 9080
READY = r"Listening on: http://127\.0\.0\.1:\d+"
START_LIMIT_S = 240.0  # beside everything else on two cores
ADMIN_TOKEN_S = 30.0  # half of what Keycloak gives
# Standard input closes when the tests are gone, however they went: then it ends too.
HELD = (
    'exec 3<&0; "$@" </dev/null 3<&- & held=$!; { cat <&3 >/dev/null; kill $held; } & '
    "watching=$!; trap 'kill $held' TERM; wait $held; wait $held; kill $watching"
)


def is_fetched() -> bool:
    """Whether this machine has what it takes."""
    return find_program("java") is not None and any(UNPACKED.glob("keycloak-*"))


class Keycloak:
    """A Keycloak that starts; `wait_until_ready` before anything is asked of it. Nothing that it knows outlives it."""

    def __init__(self) -> None:
        """Start it, and return at once."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = Path(tempfile.mkdtemp(prefix="keycloak-"))
        self._is_ready = False
        self._token = ("", 0.0)
        self._made = 0
        self._program = RunningProgram(
            ["bash", "-c", HELD, "keycloak", str(SCRIPT)],
            Outputs(self._folder / "stdout", self._folder / "stderr"),
            environment={**os.environ, "KEYCLOAK_WITH": "java", "KEYCLOAK_PORT": str(self.port)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def wait_until_ready(self) -> None:
        """Return when it listens. Raises StartError with what it printed when it does not."""
        if not self._is_ready:
            self._program.wait_for_output(READY, START_LIMIT_S)
            self._is_ready = True

    def stop(self) -> None:
        """End it, and wait for its end."""
        self._program.terminate(within_s=30.0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def output(self) -> str:
        """Return what it logged."""
        return self._program.stdout_text()

    def realm(self, name: str = REALM) -> "Realm":
        """Return a realm that exists: the one that the example imports, unless named."""
        return Realm(self, name)

    def make_realm(self, gateway_port: int, **settings: Any) -> "Realm":
        """Return a new realm for a gateway on `gateway_port`, made from the example's file.

        `settings` override the realm's, for example `accessTokenLifespan`, in seconds. Delete it with `with`.
        """
        self.wait_until_ready()
        self._made += 1
        name = f"{REALM}-{self._made}"
        text = (EXAMPLE / "quickstart-realm.json").read_text(encoding="utf-8").replace(REALM, name)
        realm = json.loads(text.replace(f"localhost:{EXAMPLE_PORT}", f"localhost:{gateway_port}"))
        self.ask("POST", "", {**realm, **settings})
        return Realm(self, name)

    def ask(self, method: str, path: str, value: object = None) -> Any:
        """Call the Admin REST API below /admin/realms; return the JSON of the answer, or None where there is none.

        Raises AssertionError for an answer that is no success.
        """
        headers = {"Authorization": f"Bearer {self._admin_token()}", "Content-Type": "application/json"}
        body = b"" if value is None else json.dumps(value).encode("utf-8")
        answer = call(f"{self.url}/admin/realms{path}", method, headers, body)
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body[:1000]!r}")
        return json.loads(answer.body) if answer.body else None

    def _admin_token(self) -> str:
        token, until = self._token
        if time.monotonic() >= until:
            fields = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": ADMIN_PASSWORD}
            answer = post_form(f"{self.url}/realms/master/protocol/openid-connect/token", fields)
            token = json.loads(answer.body)["access_token"]
            self._token = (token, time.monotonic() + ADMIN_TOKEN_S)
        return token


class Realm:
    """A realm with the tutorial's client and user. What administrators do is done through the Admin REST API."""

    def __init__(self, keycloak: Keycloak, name: str) -> None:
        """Name it; it has to exist."""
        self.keycloak = keycloak
        self.name = name
        self.issuer = f"{keycloak.url}/realms/{name}"
        self.discovery_url = f"{self.issuer}/.well-known/openid-configuration"
        self.endpoint = f"{self.issuer}/protocol/openid-connect"
        self.client_id = CLIENT_ID
        self.client_secret: str = self.client()["secret"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.ask("DELETE")

    def ask(self, method: str, path: str = "", value: object = None) -> Any:
        """As `Keycloak.ask`, below this realm."""
        return self.keycloak.ask(method, f"/{self.name}{path}", value)

    def update(self, **settings: Any) -> None:
        """Change settings of the realm, for example `accessTokenLifespan`, in seconds."""
        self.ask("PUT", "", settings)

    def client(self) -> dict[str, Any]:
        """Return the tutorial's client as Keycloak has it."""
        (client,) = self.ask("GET", f"/clients?clientId={CLIENT_ID}")
        return dict(client)

    def update_client(self, attributes: Mapping[str, str] | None = None, **settings: Any) -> None:
        """Change settings of the client (`redirectUris`), and of its attributes those that are given."""
        client = self.client()
        client |= {**settings, "attributes": {**client["attributes"], **(attributes or {})}}
        self.ask("PUT", f"/clients/{client['id']}", client)

    def user_id(self, login: str = LOGIN) -> str:
        """Return the `sub` of a user."""
        (user,) = self.ask("GET", f"/users?exact=true&username={quote(login)}")
        return str(user["id"])

    def add_user(self, login: str) -> str:
        """Make a user with the tutorial's password, and return the `sub`."""
        password = {"type": "password", "value": PASSWORD, "temporary": False}
        names = {"firstName": "Some", "lastName": "Body", "email": f"{login}@example.com"}
        self.ask("POST", "/users", {"username": login, "enabled": True, "credentials": [password], **names})
        return self.user_id(login)

    def sessions(self, login: str = LOGIN) -> list[str]:
        """Return the ids (`sid`) of a user's sessions."""
        return [session["id"] for session in self.ask("GET", f"/users/{self.user_id(login)}/sessions")]

    def delete_session(self, session_id: str) -> None:
        """End one session, as an administrator does."""
        self.ask("DELETE", f"/sessions/{session_id}")

    def log_out(self, login: str = LOGIN) -> None:
        """End all sessions of a user, as an administrator does."""
        self.ask("POST", f"/users/{self.user_id(login)}/logout")

    def signing_keys(self) -> list[dict[str, Any]]:
        """Return the keys of RS256 (`kid`, `providerId`, `providerPriority`, `status`); the one that signs first."""
        keys = [key for key in self.ask("GET", "/keys")["keys"] if key.get("algorithm") == "RS256"]
        return sorted(keys, key=lambda key: -key["providerPriority"])

    def add_key(self) -> str:
        """Make a key that signs from now on, and return its `kid`; the others verify still."""
        priority = self.signing_keys()[0]["providerPriority"] + 1
        settings = {"priority": [str(priority)], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]}
        provider = {
            "name": f"rsa-{priority}",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": settings,
        }
        self.ask("POST", "/components", provider)
        return str(self.signing_keys()[0]["kid"])

    def delete_key(self, kid: str) -> None:
        """Take a key away: what it signed is void."""
        (provider,) = {key["providerId"] for key in self.signing_keys() if key["kid"] == kid}
        self.ask("DELETE", f"/components/{provider}")

    def token(self, **fields: str) -> Response:
        """Ask the token endpoint as the tutorial does: the client's secret stands in the form."""
        own = {"client_id": self.client_id, "client_secret": self.client_secret}
        return post_form(f"{self.endpoint}/token", {**own, **fields})

    def machine_token(self) -> str:
        """Return an access token of the client credentials grant."""
        return str(json.loads(self.token(grant_type="client_credentials").body)["access_token"])

    def person_token(self, login: str = LOGIN) -> str:
        """Return an access token of the password grant."""
        answer = self.token(grant_type="password", username=login, password=PASSWORD)
        return str(json.loads(answer.body)["access_token"])

    def is_sign_in_page(self, page: Page) -> bool:
        """Whether a person sees Keycloak's own sign-in page."""
        return page.url.startswith(self.issuer) and any("password" in form.fields for form in page.forms)

    def fill_in(self, browser: Browser, page: Page, login: str = LOGIN, password: str = PASSWORD, **stop: Any) -> Page:
        """Fill in the sign-in form. Raises AssertionError when `page` is another."""
        if not self.is_sign_in_page(page):
            raise AssertionError(f"not the sign-in page: {page.status} {page.url} {page.text[:1000]}")
        return browser.submit(page, {"username": login, "password": password}, **stop)


class KeycloakOfTheRun:
    """The one Keycloak of a test run: started when it is known that a test will want it, awaited where it is wanted."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._running: Keycloak | None = None

    def start(self) -> None:
        """Start it in the background, where it has been fetched."""
        if self._running is None and is_fetched():
            self._running = Keycloak()

    def get(self) -> Keycloak:
        """Return it when it is ready. Skips the calling test where it has not been fetched."""
        require(is_fetched(), HOW_TO_GET)
        self.start()
        assert self._running is not None
        self._running.wait_until_ready()
        return self._running

    def stop(self) -> None:
        """End it, if it runs."""
        if self._running is not None:
            self._running.stop()
            self._running = None
