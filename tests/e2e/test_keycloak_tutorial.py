"""`examples/keycloak/` tried as it stands: its manual by a shell and curl, and the tutorial's bearer tokens."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ostiary.identity.subject import read_kind
from tests.e2e.counterparts.keycloak import EXAMPLE, LOGIN, PASSWORD, REALM, Keycloak
from tests.e2e.counterparts.keycloak_scene import KeycloakScene, start_keycloak_scene
from tests.requires import require

BY_JWKS, BY_INTROSPECTION = ROUTES = ("/api/jwks/test", "/api/introspection/test")


@pytest.fixture(scope="module")
def scene(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeycloakScene]:
    """One scene for the module."""
    with start_keycloak_scene(tmp_path_factory.mktemp("tutorial"), keycloak) as scene:
        yield scene


def read_manual() -> list[tuple[str, int]]:
    """Return the README's curl lines: the blocks of shell from "Programs" on, each with the status said below it."""
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8").partition("## Programs")[2]
    blocks = re.findall(r"```sh\n(.*?)```\n+(?:`HTTP/1\.1 (\d{3}))?", text, re.DOTALL)
    return [(block, int(status or 0)) for block, status in blocks]


def test_the_configuration_passes_the_check() -> None:
    """`ostiary check`, as it is in the repository."""
    command = [sys.executable, "-m", "ostiary", "check", str(EXAMPLE / "ostiary.yaml")]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (0, True) == (checked.returncode, "no problems" in checked.stdout)


def test_every_line_of_the_manual_does_what_it_says(scene: KeycloakScene) -> None:
    """In one shell, from the first to the last; `-i` shows the status that stands in the README."""
    require("curl", "apt-get install curl")
    blocks = read_manual()
    assert all(status for block, status in blocks if "curl -i" in block)
    script = "\n".join(f"{block}\necho '=== {status}'" for block, status in blocks)
    script = script.replace(f"http://127.0.0.1:8080/realms/{REALM}", scene.realm.issuer)
    script = script.replace("http://127.0.0.1:9080", scene.gateway.url)
    ran = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60, check=True)
    told = [
        (int(answered), int(expected))
        for part, expected in re.findall(r"(.*?)=== (\d+)\n", ran.stdout, re.DOTALL)
        for answered in re.findall(r"HTTP/1\.1 (\d{3})", part)
    ]
    assert [expected for _, expected in told] == [answered for answered, _ in told]
    assert len(told) == script.count("curl -i") == 10


@pytest.mark.parametrize("route", ROUTES)
def test_a_programs_token_is_let_through(scene: KeycloakScene, route: str) -> None:
    """Client credentials grant; the upstream learns which program it is, and its claims say that it is one."""
    assert scene.with_token(route, scene.realm.machine_token()).status == 200
    assert scene.last_person()["preferred_username"] == f"service-account-{scene.realm.client_id}"
    assert read_kind(scene.last_person()) == "machine"


@pytest.mark.parametrize("route", ROUTES)
def test_a_persons_token_is_let_through(scene: KeycloakScene, route: str) -> None:
    """Password grant; the upstream learns who it is, and that it is a person."""
    assert scene.with_token(route, scene.realm.person_token()).status == 200
    assert scene.last_person()["preferred_username"] == LOGIN
    assert read_kind(scene.last_person()) == "person"


@pytest.mark.parametrize("route", ROUTES)
def test_a_refreshed_token_is_let_through(scene: KeycloakScene, route: str) -> None:
    """At the token endpoint, by the refresh token of the password grant; both tokens are new."""
    first = scene.realm.token(grant_type="password", username=LOGIN, password=PASSWORD).json()
    second = scene.realm.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second.status == 200
    assert second.json()["access_token"] != first["access_token"]
    assert scene.with_token(route, second.json()["access_token"]).status == 200


@pytest.mark.parametrize("route", ROUTES)
def test_what_is_no_access_token_is_refused(scene: KeycloakScene, route: str) -> None:
    """Nonsense, none at all, a refresh token and an ID token of Keycloak's, and a token of another realm."""
    seen = len(scene.upstream.requests)
    grant = {"grant_type": "password", "username": LOGIN, "password": PASSWORD, "scope": "openid"}
    tokens = scene.realm.token(**grant).json()
    foreign = json.loads(scene.realm.keycloak.realm().token(**grant).body)["access_token"]
    refused = ["invalid-access-token", tokens["refresh_token"], tokens["id_token"], foreign]
    assert [scene.with_token(route, token).status for token in refused] == [401] * 4
    assert scene.call(route).status == 401
    assert len(scene.upstream.requests) == seen
    assert scene.with_token(route, tokens["access_token"]).status == 200


def test_a_session_that_ended_is_known_where_keycloak_is_asked(scene: KeycloakScene) -> None:
    """Introspection of a token never seen before: refused at once. By JWKS a token is good until it is over."""
    token = scene.realm.person_token()
    scene.realm.log_out()
    assert scene.with_token(BY_INTROSPECTION, token).status == 401
    assert scene.with_token(BY_JWKS, token).status == 200
