"""What the gateway writes about signing in: one line for each request, and nothing that opens a door."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.scene import SESSION_SECRET, Scene, read_query, start_scene
from tests.fakes.browser import Browser

TOKEN_HEADERS = {"x-access-token", "x-id-token", "x-userinfo", "authorization"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module."""
    with start_scene(tmp_path_factory.mktemp("log")) as scene:
        yield scene


def test_nothing_secret_is_in_the_log(scene: Scene) -> None:
    """After a login and a refused one: no token, code, state, verifier, cookie or secret in anything it wrote."""
    browser = Browser()
    location = scene.stop_at_callback(browser, "/pkce/test?password=hunter2")
    flow_cookies = browser.jar.live(0.0)
    browser.open(location)
    browser.open(location, stop_before=lambda _: True)
    scene.with_token("/jwks/test", scene.provider.machine_token(scene.clients["jwks"]))
    scene.with_token("/jwks/test", "an-invalid-token-that-is-remembered")
    (token_request, *_) = scene.provider.requests("token")
    secrets = {read_query(location)[name] for name in ("code", "state")}
    secrets |= {token_request["params"]["code_verifier"], SESSION_SECRET, "hunter2", "an-invalid-token"}
    secrets |= {client["client_secret"] for client in scene.clients.values()}
    secrets |= {cookie.value for cookie in [*browser.jar.live(0.0), *flow_cookies] if len(cookie.value) > 1}
    for request in scene.upstream.requests:
        secrets |= {value for name, value in request.headers if name.lower() in TOKEN_HEADERS}
    scene.gateway.wait_for_log(lambda line: line["path"] == "/jwks/test" and line["status"] == 401)
    output = scene.gateway.output()
    assert [secret for secret in secrets if secret in output] == []
    assert "eyJ" not in output


def test_each_request_leaves_one_line_in_the_log(scene: Scene) -> None:
    """Who (as a digest), what, which route, what was decided."""
    scene.sign_in("/pkce/logged?secret=1")
    line = scene.gateway.wait_for_log(lambda line: line["path"] == "/pkce/logged" and line["status"] == 200)
    assert (line["method"], line["route"], bool(line["principal"]), bool(line["id"])) == ("GET", "pkce", True, True)
    assert LOGIN not in json.dumps(line)
    first = scene.gateway.wait_for_log(lambda line: line["path"] == "/pkce/logged" and line["status"] == 302)
    assert first["route"] == "pkce"
    assert first["id"] != line["id"]
