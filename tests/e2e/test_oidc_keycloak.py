"""The `oidc` document's Keycloak example on Keycloak itself: its configuration, its logout links, its curl lines.

The hosts are the document's: a browser finds foo.bar.com by its hosts file, curl by `--connect-to`. Only the realm, its
port and the client's credentials are replaced.
"""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.e2e.counterparts.calls import Response
from tests.e2e.counterparts.curl import run_curl
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.keycloak import LOGIN, Keycloak, Realm
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import read_query
from tests.fakes.browser import Browser, Page
from tests.reference.documents import OIDC_KEYCLOAK, OIDC_KEYCLOAK_LOGOUT, OIDC_KEYCLOAK_LOGOUT_AND_BACK

SITE = "http://foo.bar.com"
CALLBACK = f"{SITE}/oauth2/callback"


@dataclass
class Scene:
    """What runs."""

    realm: Realm
    gateway: RunningGateway
    upstream: RecordingUpstream

    def browser(self) -> Browser:
        """Return somebody's browser, whose hosts file knows the document's host."""
        return Browser(hosts={"foo.bar.com": self.gateway.port})

    def sign_in(self, path: str = "/headers") -> tuple[Browser, Page]:
        """Open a page, and fill in Keycloak's form."""
        browser = self.browser()
        return browser, self.realm.fill_in(browser, browser.open(SITE + path))

    def here(self, link: str) -> str:
        """Return a link of the document with this Keycloak's port and realm."""
        return link.replace("127.0.0.1:9090", f"127.0.0.1:{self.realm.keycloak.port}").replace(
            "myrealm", self.realm.name
        )

    def curl(self, *arguments: str) -> Response:
        """Run a line of the document, words apart."""
        return run_curl("curl", self.gateway.port, *arguments)

    def id_token_of_the_last_request(self) -> dict[str, Any]:
        """Return the claims of the token in the Authorization header that the upstream saw."""
        [authorization] = self.upstream.requests[-1].values("authorization")
        payload = authorization.removeprefix("Bearer ").split(".")[1]
        claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims


@pytest.fixture(scope="module")
def scene(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module."""
    with keycloak.make_realm(gateway_port=1) as realm, RecordingUpstream() as upstream:
        attributes = {"post.logout.redirect.uris": f"{SITE}/foo"}
        realm.update_client(attributes, redirectUris=[CALLBACK], webOrigins=[SITE])
        port = realm.keycloak.port
        plugin = yaml.safe_load(
            OIDC_KEYCLOAK.replace("127.0.0.1:9090/realms/myrealm", f"127.0.0.1:{port}/realms/{realm.name}")
        )
        plugin |= {
            "client_id": realm.client_id, "client_secret": realm.client_secret, "service_host": f"127.0.0.1:{port}",
        }  # fmt: skip
        config = {
            "service_sources": [{"name": "keycloak", "type": "static", "domain": f"127.0.0.1:{port}", "port": 80}],
            "routes": [
                {
                    "id": "app",
                    "uri": "/*",
                    "plugins": {"oidc": plugin},
                    "upstream": {"nodes": {f"127.0.0.1:{upstream.port}": 1}},
                }
            ],
        }
        with start_gateway(config, tmp_path_factory.mktemp("oidc")) as gateway:
            yield Scene(realm, gateway, upstream)


def test_curl_is_sent_to_keycloak_with_what_the_document_shows(scene: Scene) -> None:
    """Flow analysis, 1 and 2: `curl --url "foo.bar.com/headers"` gets the parameters and the CSRF cookie."""
    answer = scene.curl("--url", "foo.bar.com/headers")

    assert 302 == answer.status
    asked = read_query(answer.header("Location") or "")
    wanted = {
        "client_id": scene.realm.client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid email",
    }  # fmt: skip
    assert wanted.items() <= asked.items()
    assert asked["state"]
    [cookie] = answer.header_values("Set-Cookie")
    assert cookie.startswith("_oauth2_proxy_csrf=")
    assert {"Path=/", "HttpOnly"} <= set(cookie.split("; "))


def test_only_what_is_listed_needs_somebody(scene: Scene) -> None:
    """Blacklist mode: `/headers` below bar.com, and nothing else."""
    assert 200 == scene.curl("--url", "foo.bar.com/foo").status
    assert 302 == scene.curl("--url", "foo.bar.com/headers/more").status
    assert 302 == scene.curl("--url", "http://FOO.BAR.COM:80/headers", "--header", "Host: FOO.bar.com.").status


def test_a_person_signs_in_and_the_upstream_gets_the_id_token(scene: Scene) -> None:
    """Flow analysis, 3 to 12: the session cookie is there, the CSRF cookie gone, the token Keycloak's."""
    browser, page = scene.sign_in("/headers?x=1")

    assert (200, f"{SITE}/headers?x=1") == (page.status, page.url)
    names = {name for name in browser.cookie_names() if name.startswith("_oauth2_proxy")}
    assert {"_oauth2_proxy"} <= names <= {"_oauth2_proxy", *(f"_oauth2_proxy_{part}" for part in range(1, 8))}
    claims = scene.id_token_of_the_last_request()
    assert (scene.realm.issuer, scene.realm.client_id) == (claims["iss"], claims["aud"])
    assert scene.realm.user_id() == claims["sub"]


def test_a_callback_that_nobody_started_is_refused_before_the_code_is_spent(scene: Scene) -> None:
    """Flow analysis, 5 and 6: the document's line with its state, and no cookie."""
    seen = len(scene.upstream.requests)
    answer = scene.curl(
        "--url", f"{CALLBACK}?state=nT06xdCqn4IqemzBRV5hmO73U_hCjskrH_VupPqdcdw%3A%2Ffoo"
        "&code=0bdopoS2c2lx95u7iO0OH9kY1TvaEdJHo4lB6CT2_qVFm"
    )  # fmt: skip

    assert 400 <= answer.status < 500
    assert seen == len(scene.upstream.requests)


def test_tokens_are_refreshed_when_they_run_out(scene: Scene) -> None:
    """User token refresh: the same cookie jar goes on, with another ID token."""
    scene.realm.update(accessTokenLifespan=1)
    browser, _ = scene.sign_in()
    first = scene.id_token_of_the_last_request()
    time.sleep(1.2)
    scene.realm.update(accessTokenLifespan=300)
    page = browser.open(f"{SITE}/headers/later")

    assert (200, f"{SITE}/headers/later") == (page.status, page.url)
    later = scene.id_token_of_the_last_request()
    assert first["sub"] == later["sub"]
    assert first["iat"] < later["iat"]


def test_the_logout_link_ends_the_session_here_and_at_keycloak(scene: Scene) -> None:
    """`/oauth2/sign_out?rd=` and Keycloak's own logout page, written as the document writes it."""
    browser, _ = scene.sign_in()
    page = browser.open(scene.here(OIDC_KEYCLOAK_LOGOUT))

    assert 200 == page.status
    assert page.url.startswith(f"{scene.realm.endpoint}/logout")
    assert not [name for name in browser.cookie_names() if name.startswith("_oauth2_proxy")]
    assert [] == scene.realm.sessions(LOGIN) or scene.realm.is_sign_in_page(browser.open(f"{SITE}/headers"))


def test_the_logout_link_comes_back_where_it_says(scene: Scene) -> None:
    """With `post_logout_redirect_uri` inside `rd`: the document's last Keycloak example."""
    browser, _ = scene.sign_in()
    page = browser.open(scene.here(OIDC_KEYCLOAK_LOGOUT_AND_BACK))

    assert (200, f"{SITE}/foo") == (page.status, page.url.partition("?")[0])
    assert scene.realm.is_sign_in_page(browser.open(f"{SITE}/headers"))


def test_the_header_says_where_to_go_as_well(scene: Scene) -> None:
    """`X-Auth-Request-Redirect` in the place of `rd`."""
    wish = f"X-Auth-Request-Redirect: {scene.realm.endpoint}/logout"
    answer = scene.curl("--url", f"{SITE}/oauth2/sign_out", "--header", wish)

    assert 302 == answer.status
    assert (answer.header("Location") or "").startswith(f"{scene.realm.endpoint}/logout?")


def test_sign_out_never_leads_elsewhere_and_tells_nobody_the_id_token(scene: Scene) -> None:
    """What the original did with `rd`: any host, and the ID token with it."""
    browser, _ = scene.sign_in()
    page = browser.open(f"{SITE}/oauth2/sign_out?rd=https%3A%2F%2Fevil.example%2F", stop_before=lambda _: True)

    assert page.location == f"{SITE}/"
    assert "id_token_hint" not in (page.location or "")
