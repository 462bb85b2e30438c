"""The certified npm `oidc-provider`, as a real process on a free loopback port.

    with start_oidc_provider(clients=[register("shop", "secret", redirect_uris=[...])]) as provider:
        provider.discovery_url

Settings are those of tests/e2e/oidc_provider/settings.mjs. Not the demo provider of `ostiary demo`: this one was
written by somebody else, so that one misreading of a specification cannot hide on both sides.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.e2e.counterparts.calls import Response, call, post_form, post_json
from tests.e2e.counterparts.processes import (
    POLL_S,
    Outputs,
    RunningProgram,
    free_port,
    is_accepting,
    wait_until_accepting,
)
from tests.requires import require

FOLDER = Path(__file__).resolve().parent.parent / "oidc_provider"
HOW_TO_GET = "node: apt-get install nodejs npm; then npm ci in tests/e2e/oidc_provider"
LOGIN = "quickstart-user"
PASSWORD = "quickstart-user-pass"
AUDIENCE = "urn:ostiary:test-api"
OPAQUE_AUDIENCE = "urn:ostiary:opaque-api"
START_LIMIT_S = 30.0
GRANTS = ("authorization_code", "refresh_token", "client_credentials", "password")

Client = dict[str, Any]


def register(client_id: str, client_secret: str, *, redirect_uris: Sequence[str] = (), **metadata: Any) -> Client:
    """Return client metadata (RFC 7591) with every grant this provider knows; `metadata` overrides.

    `access_token_format` ("jwt" or "opaque") and `id_token_signed_response_alg` are the ones tests vary most.
    """
    grants = [grant for grant in GRANTS if redirect_uris or grant in {"client_credentials", "password"}]
    return {
        "client_id": client_id,
        "client_secret": client_secret,
        "redirect_uris": list(redirect_uris),
        "grant_types": grants,
        "response_types": ["code"] if redirect_uris else [],
        **metadata,
    }


class OidcProvider:
    """A running provider. What it remembers dies with it; its keys can be given to the next one (`jwks`)."""

    def __init__(self, program: RunningProgram, issuer: str, port: int, settings: Mapping[str, Any]) -> None:
        """Hold the process and the address that it printed."""
        self.issuer = issuer
        self.port = port
        self.settings = dict(settings)
        self._program = program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def discovery_url(self) -> str:
        """Where its metadata is."""
        return f"{self.issuer}/.well-known/openid-configuration"

    def stop(self) -> None:
        """End it, as an outage does: no goodbye to open connections."""
        self._program.kill()
        shutil.rmtree(self._program.outputs.stdout.parent, ignore_errors=True)

    def metadata(self) -> dict[str, Any]:
        """Return its discovery document."""
        metadata: dict[str, Any] = _read(call(self.discovery_url))
        return metadata

    def token(self, client: Client, **fields: str) -> Response:
        """Ask the token endpoint as `client`, by HTTP Basic."""
        return post_form(f"{self.issuer}/token", fields, (client["client_id"], client["client_secret"]))

    def machine_token(self, client: Client, scope: str = "read") -> str:
        """Return an access token of the client-credentials grant."""
        return str(_read(self.token(client, grant_type="client_credentials", scope=scope))["access_token"])

    def person_token(self, client: Client, scope: str = "openid profile email") -> str:
        """Return an access token of the password grant, for the one user."""
        answer = self.token(client, grant_type="password", username=LOGIN, password=PASSWORD, scope=scope)
        return str(_read(answer)["access_token"])

    def introspect(self, client: Client, token: str) -> dict[str, Any]:
        """Return what introspection says of `token`."""
        credentials = (client["client_id"], client["client_secret"])
        url = f"{self.issuer}/token/introspection"
        introspected: dict[str, Any] = _read(post_form(url, {"token": token}, credentials))
        return introspected

    def counters(self) -> dict[str, int]:
        """Return how often each endpoint was asked, faulty answers included."""
        counters: dict[str, int] = _read(self._control("GET", "counters"))
        return counters

    def requests(self, endpoint: str) -> list[dict[str, Any]]:
        """Return what `endpoint` was asked: method, status, params, client_id, scheme of authorization, answer's type.

        `backchannel` are the logouts that it told clients of: client_id, and the status that they answered.
        """
        return [request for request in _read(self._control("GET", "requests")) if request["endpoint"] == endpoint]

    def private_keys(self) -> dict[str, Any]:
        """Return its signing keys, private members included, for tokens that only a test would sign."""
        keys: dict[str, Any] = _read(self._control("GET", "keys"))
        return keys

    def rotate_keys(self, *, keep_old: bool = True) -> list[str]:
        """Sign with new keys from now on, and return every published key id. The old ones stay published or not."""
        kids: list[str] = _read(post_json(self._control_url("rotate"), {"keep_old": keep_old}))["kids"]
        return kids

    def set_fault(self, endpoint: str, **fault: Any) -> None:
        """Make `endpoint` late (`delay_ms`), wrong (`status`, `body`, `content_type`) or silent (`hang`), `times`."""
        _read(post_json(self._control_url("faults"), {"endpoint": endpoint, **fault}))

    def set_lifetime(self, seconds: int, artifact: str = "AccessToken") -> None:
        """Let what is issued from now on live so long."""
        _read(post_json(self._control_url("lifetimes"), {artifact: seconds}))

    def go_away(self, seconds: float) -> None:
        """Refuse every connection for a while, from when this returns; afterwards it is back with all it knew."""
        _read(post_json(self._control_url("outage"), {"seconds": seconds}))
        ends_at = time.monotonic() + seconds
        while is_accepting(self.port):
            assert time.monotonic() < ends_at, "it never went"
            time.sleep(POLL_S)

    def wait_until_back(self) -> None:
        """Return when it accepts connections again."""
        wait_until_accepting(self.port, START_LIMIT_S)

    def forget(self) -> None:
        """Lose every session, grant and token."""
        _read(self._control("POST", "forget"))

    def reset(self) -> None:
        """Set the counters to zero, forget the recorded requests and lift every fault."""
        _read(self._control("POST", "reset"))

    def _control_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/_test/{name}"

    def _control(self, method: str, name: str) -> Response:
        return call(self._control_url(name), method)


def start_oidc_provider(**settings: Any) -> OidcProvider:
    """Start node and wait for its ready line. Raises StartError with what it printed; skips where there is no node.

    With `port` and `jwks` of a provider that was stopped, the same issuer comes back.
    """
    node = shutil.which("node")
    installed = (FOLDER / "node_modules" / "oidc-provider").is_dir()
    require(node is not None and installed, HOW_TO_GET)
    settings.setdefault("exit_on_stdin_end", True)
    settings.setdefault("port", free_port())  # which nobody else is given while it is away
    folder = Path(tempfile.mkdtemp(prefix="oidc-provider-"))
    program = RunningProgram(
        [str(node), "server.mjs"],
        Outputs(folder / "stdout", folder / "stderr"),
        cwd=FOLDER,
        environment={"PATH": os.environ.get("PATH", ""), "OSTIARY_TEST_PROVIDER": json.dumps(settings)},
    )
    try:
        ready = json.loads(program.wait_for_output(r'\{"issuer":.*\}', START_LIMIT_S).group())
    except BaseException:
        program.kill()
        raise
    return OidcProvider(program, ready["issuer"], ready["port"], settings)


def _read(response: Response) -> Any:
    if response.status != 200:
        raise AssertionError(f"the provider answered {response.status}: {response.body[:400]!r}")
    return response.json()
