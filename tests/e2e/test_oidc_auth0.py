"""The `oidc` document's Auth0 example in Higress's own notation: its Ingress, its plugin, its lines, its logout links.

Word for word, on a stand-in with the tenant's host and addresses. Only where that host is found is said otherwise: the
service source `auth.dns` leads to loopback, on a free port, which is the `service_port`.
"""

import shlex
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus

import pytest
import yaml

from tests.e2e.counterparts.auth0 import (
    CLIENT_ID,
    CLIENT_SECRET,
    EMAIL,
    HOST,
    ISSUER,
    LOGOUT,
    PASSWORD,
    Auth0,
    start_auth0,
)
from tests.e2e.counterparts.calls import Response
from tests.e2e.counterparts.curl import run_curl
from tests.e2e.counterparts.gateway import RunningGateway, start_higress
from tests.e2e.counterparts.scene import read_query
from tests.fakes.browser import Browser, Page
from tests.fakes.certificates import make_authority
from tests.reference.documents import (
    OIDC_AUTH0,
    OIDC_AUTH0_LOGOUT,
    OIDC_AUTH0_LOGOUT_AND_BACK,
    OIDC_AUTHORIZE_LINE,
    OIDC_BEARER_LINE,
    OIDC_CALLBACK_LINE,
    OIDC_HEADERS_LINE,
    OIDC_INGRESS,
    OIDC_REDEEM_LINE,
    OIDC_REFRESH_LINE,
    OIDC_SECRET,
    OIDC_SIGN_OUT,
    OIDC_SIGN_OUT_HEADER,
)

SITE = "http://foo.bar.com"
OTHERS_LOGOUT = "https://my-oidc-provider.example.com/sign_out_page"
# What stands in the lines, which are of another client than the configuration.
NAMES = {
    "YagFqRD9tfNIaac5BamjhsSatjrAnsnZ": CLIENT_ID,
    "ekqv5XoZuMFtYms1NszEqRx03qct6BPvGeJUeptNG4y09PrY16BKT9IWezTrrhJJ": CLIENT_SECRET,
}


@dataclass
class Scene:
    """What runs."""

    auth0: Auth0
    gateway: RunningGateway
    tls: ssl.SSLContext

    def browser(self) -> Browser:
        """Return somebody's browser, whose hosts file knows both names."""
        return Browser(hosts={"foo.bar.com": self.gateway.port, HOST: self.auth0.port}, tls=self.tls)

    def sign_in(self, path: str = "/headers") -> tuple[Browser, Page]:
        """Open a page, and fill in the tenant's form."""
        browser = self.browser()
        form = browser.open(SITE + path)
        assert form.url.startswith(f"{ISSUER}authorize?"), (form.status, form.url, form.text[:400])
        return browser, browser.submit(form, {"email": EMAIL, "password": PASSWORD})

    def curl(self, line: str, *options: str) -> Response:
        """Run a line of the document."""
        return run_curl(line, self.gateway.port, *options)


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Start all of it; a parameter changes the stand-in."""
    authority = make_authority()
    (tmp_path / "authority.pem").write_text(authority.pem)
    settings: dict[str, Any] = {"callbacks": [f"{SITE}/oauth2/callback"], "landings": [f"{SITE}/foo"]}
    settings |= getattr(request, "param", {})
    with start_auth0(authority, tmp_path / "auth0", ["localhost"], **settings) as auth0:
        folder = tmp_path / "resources"
        folder.mkdir()
        (folder / "ingress.yaml").write_text(OIDC_INGRESS)
        plugin = OIDC_AUTH0.replace("service_port: 443", f"service_port: {auth0.port}")
        (folder / "others.yaml").write_text(write_others(auth0.port, plugin))
        with start_higress(folder, tmp_path, {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}) as gateway:
            yield Scene(auth0, gateway, ssl.create_default_context(cadata=authority.pem))


def write_others(port: int, plugin: str) -> str:
    """The service source of step 2, and the plugin's configuration where the console puts it."""
    source = {"name": "auth", "type": "dns", "domain": "localhost", "port": port}
    head = {"name": "default", "namespace": "higress-system"}
    bridge = {
        "apiVersion": "networking.higress.io/v1", "kind": "McpBridge", "metadata": head,
        "spec": {"registries": [source]},
    }  # fmt: skip
    wasm = {
        "apiVersion": "extensions.higress.io/v1alpha1", "kind": "WasmPlugin", "metadata": {"name": "oidc"},
        "spec": {"url": "oci://registry.example.com/plugins/oidc:1.0.0", "defaultConfig": yaml.safe_load(plugin)},
    }  # fmt: skip
    return yaml.safe_dump_all([bridge, wasm])


def read_line(line: str, option: str) -> dict[str, str]:
    """Return the parameters that a line of the document sends, those of another client replaced."""
    words = shlex.split(line.replace("\\\n", " "))
    pairs = [word.partition("=") for before, word in pairwise(words) if before == option]
    return {name: NAMES.get(value, unquote_plus(value)) for name, _, value in pairs}


def test_the_documents_line_makes_a_secret() -> None:
    """Of 32 bytes, as the plugin takes it."""
    words = shlex.split(OIDC_SECRET)
    printed: list[str] = []
    exec(words[2], {"print": printed.append})

    assert ["python", "-c"] == words[:2]
    assert 44 == len(printed[0])


def test_nobody_is_sent_to_the_provider_with_the_documents_parameters(scene: Scene) -> None:
    """Flow analysis, 1 and 2. `approval_prompt` is what older builds sent; `state` ends with the page, sealed."""
    answer = scene.curl(OIDC_HEADERS_LINE)

    assert 302 == answer.status
    location = answer.header("Location") or ""
    documented = read_line(OIDC_AUTHORIZE_LINE, "--url-query")
    assert f"{ISSUER}authorize" == location.partition("?")[0]
    sent = read_query(location)
    assert documented.keys() - {"approval_prompt"} <= sent.keys()
    assert {name: documented[name] for name in documented if name not in {"approval_prompt", "state"}}.items() <= (
        sent.items()
    )
    [cookie] = answer.header_values("Set-Cookie")
    assert cookie.startswith("_oauth2_proxy_csrf=")
    assert {"Path=/", "HttpOnly"} <= set(cookie.split("; ")[1:])


def test_a_person_signs_in_and_the_service_gets_the_id_token(scene: Scene) -> None:
    """Flow analysis, 3 to 12: the cookie is there, and the Ingress forwards to the tenant itself, over verified TLS."""
    browser, page = scene.sign_in()

    assert (200, f"{SITE}/headers") == (page.status, page.url)
    assert ["_oauth2_proxy"] == [name for name in browser.cookie_names() if name.startswith("_oauth2_proxy")]
    headers = page.json()["headers"]
    claims = scene.auth0.read_token(headers["authorization"].removeprefix("Bearer "))
    assert (ISSUER, CLIENT_ID, EMAIL) == (claims["iss"], claims["aud"], claims["email"])
    assert "_oauth2_proxy" not in headers.get("cookie", "")
    open_to_all = scene.curl('curl --url "foo.bar.com/foo"')
    assert (200, None) == (open_to_all.status, open_to_all.json()["headers"].get("authorization"))


def test_a_callback_that_nobody_started_spends_no_code(scene: Scene) -> None:
    """Flow analysis, 5 and 6."""
    answer = scene.curl(OIDC_CALLBACK_LINE)

    assert 400 <= answer.status < 500
    assert [] == scene.auth0.asked("/oauth/token")


@pytest.mark.parametrize("scene", [{"lifetime_s": 1}], indirect=True)
def test_the_token_endpoint_is_asked_what_the_document_shows(scene: Scene) -> None:
    """Flow analysis, 7, and the user token refresh, 1 to 5: these parameters with these values, and no others."""
    browser, page = scene.sign_in()
    first = page.json()["headers"]["authorization"]
    (refresh_token,) = scene.auth0.refreshes
    time.sleep(1.2)
    later = browser.open(f"{SITE}/headers")

    redeemed, *refreshed = scene.auth0.asked("/oauth/token")
    documented = read_line(OIDC_REDEEM_LINE, "--data") | {"code": redeemed["code"]}
    assert documented == {name: value for name, value in redeemed.items() if name != "code_verifier"}
    assert (200, f"{SITE}/headers") == (later.status, later.url)
    assert first != later.json()["headers"]["authorization"]
    documented = read_line(OIDC_REFRESH_LINE, "--data") | {"refresh_token": refresh_token}
    assert refreshed
    assert all(documented == asked for asked in refreshed)


def test_an_access_token_alone_opens_nothing(scene: Scene) -> None:
    """Flow analysis, 11: that is what the gateway sends on; a client has a session, or is sent to sign in."""
    answer = scene.curl(OIDC_BEARER_LINE)

    assert 302 == answer.status
    assert "/headers" not in [call.path for call in scene.auth0.calls]


@pytest.mark.parametrize(("link", "ends"), [(OIDC_AUTH0_LOGOUT, LOGOUT), (OIDC_AUTH0_LOGOUT_AND_BACK, f"{SITE}/foo")])
def test_the_logout_links_end_both_sessions(scene: Scene, link: str, ends: str) -> None:
    """Here, and at the tenant, which is told who leaves; with `post_logout_redirect_uri` people come back."""
    browser, _ = scene.sign_in()
    page = browser.open(link)

    assert (200, ends) == (page.status, page.url.partition("?")[0])
    assert not [name for name in browser.cookie_names() if name.startswith("_oauth2_proxy")]
    [told] = scene.auth0.asked("/oidc/logout")
    assert (EMAIL, CLIENT_ID) == (scene.auth0.read_token(told["id_token_hint"])["email"], told["client_id"])


@pytest.mark.parametrize("scene", [{"end_session_endpoint": OTHERS_LOGOUT}], indirect=True)
def test_the_general_logout_link_leads_to_a_provider_of_that_name(scene: Scene) -> None:
    """In the query or in the header; nobody was signed in, so nobody is named."""
    assert OTHERS_LOGOUT in unquote(OIDC_SIGN_OUT)
    by_query = scene.curl(f'curl --url "{SITE}{OIDC_SIGN_OUT}"')
    by_header = scene.curl(f'curl --url "{SITE}/oauth2/sign_out" --header "{OIDC_SIGN_OUT_HEADER}"')

    for answer in (by_query, by_header):
        location = answer.header("Location") or ""
        assert (302, OTHERS_LOGOUT) == (answer.status, location.partition("?")[0])
        assert {"client_id": CLIENT_ID} == read_query(location)
