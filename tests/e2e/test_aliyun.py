"""`oidc` with `provider: aliyun`, as the document configures it, against a stand-in for Alibaba Cloud's endpoints.

Names are the real ones: the service source says where `oauth.aliyun.com` is found, and the browser's own hosts do it
for the rest. Certificates are held to those names.
"""

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.e2e.counterparts.aliyun import CLIENT_ID, CLIENT_SECRET, ISSUER, LOGIN_NAME, PASSWORD, Aliyun, start_aliyun
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.browser import Browser, Page
from tests.fakes.certificates import make_authority
from tests.reference.documents import OIDC_ALIYUN

CALLBACK = "http://foo.bar.com/oauth2/callback"


@dataclass
class Scene:
    """What runs."""

    aliyun: Aliyun
    gateway: RunningGateway
    upstream: RecordingUpstream
    tls: ssl.SSLContext

    def browser(self) -> Browser:
        """Return somebody's browser, whose hosts file knows the three names."""
        ports = {"foo.bar.com": self.gateway.port}
        ports |= dict.fromkeys(("signin.aliyun.com", "oauth.aliyun.com"), self.aliyun.port)
        return Browser(hosts=ports, tls=self.tls)

    def sign_in(self, browser: Browser, path: str = "/headers") -> Page:
        """Open a page and sign in."""
        form = browser.open(f"http://foo.bar.com{path}")
        assert form.url.startswith("https://signin.aliyun.com/oauth2/v1/auth?"), (form.status, form.url, form.text)
        return browser.submit(form, {"login_name": LOGIN_NAME, "password": PASSWORD})


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Start all of it; a parameter changes the plugin's configuration (`plugin`) and the stand-in (`aliyun`)."""
    changes: dict[str, dict[str, Any]] = getattr(request, "param", {})
    authority = make_authority()
    (tmp_path / "authority.pem").write_text(authority.pem)
    tls = ssl.create_default_context(cadata=authority.pem)
    with start_aliyun(authority, tmp_path, [CALLBACK], **changes.get("aliyun", {})) as aliyun:
        plugin = yaml.safe_load(OIDC_ALIYUN) | {
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "service_port": aliyun.port,
            **changes.get("plugin", {}),
        }  # fmt: skip
        with RecordingUpstream() as upstream:
            config = {
                "service_sources": [{"name": "aliyun", "type": "dns", "domain": "localhost", "port": aliyun.port}],
                "routes": [
                    {
                        "id": "app",
                        "uri": "/*",
                        "plugins": {"oidc": plugin},
                        "upstream": {"nodes": {f"127.0.0.1:{upstream.port}": 1}},
                    }
                ],
            }
            with start_gateway(config, tmp_path, {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}) as gateway:
                yield Scene(aliyun, gateway, upstream, tls)


def test_the_documents_configuration_signs_a_ram_user_in(scene: Scene) -> None:
    """The upstream gets the ID token, which Alibaba Cloud's published key verified."""
    page = scene.sign_in(scene.browser())

    assert (200, "http://foo.bar.com/headers") == (page.status, page.url)
    [authorization] = scene.upstream.requests[-1].values("authorization")
    token = authorization.removeprefix("Bearer ")
    claims = scene.aliyun.read_id_token(token)
    assert (ISSUER, CLIENT_ID) == (claims["iss"], claims["aud"])
    assert "/v1/keys" in scene.aliyun.paths()


def test_the_sign_in_asks_for_what_alibaba_cloud_documents(scene: Scene) -> None:
    """`access_type=offline` for a refresh token, and the scope of the configuration."""
    page = scene.browser().open("http://foo.bar.com/headers", stop_before=lambda url: "signin.aliyun.com" in url)

    assert page.location is not None
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}
    assert "https://signin.aliyun.com/oauth2/v1/auth" == page.location.partition("?")[0]
    wanted = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}
    assert {**wanted, "access_type": "offline"}.items() <= asked.items()


def test_the_secret_goes_in_the_body(scene: Scene) -> None:
    """The metadata do not say how clients authenticate; the documented request has the secret in its body."""
    scene.sign_in(scene.browser())

    redeemed = scene.aliyun.token_requests()
    assert ["authorization_code"] == [parameters["grant_type"] for parameters in redeemed]
    assert CLIENT_SECRET == redeemed[0]["client_secret"]


def test_the_whitelisted_prefix_needs_nobody(scene: Scene) -> None:
    """`/foo` on foo.bar.com is open; the rest is not."""
    browser = scene.browser()

    assert 200 == browser.open("http://foo.bar.com/foo").status
    page = browser.open("http://foo.bar.com/bar", stop_before=lambda url: "signin.aliyun.com" in url)
    assert 302 == page.status


@pytest.mark.parametrize(
    "scene", [{"aliyun": {"token_lifetime_s": 1}, "plugin": {"cookie_refresh": "1s"}}], indirect=True
)
def test_a_refresh_brings_no_id_token_and_the_session_goes_on(scene: Scene) -> None:
    """The claims and the refresh token of the sign-in stay."""
    browser = scene.browser()
    scene.sign_in(browser)
    first = scene.upstream.requests[-1].values("authorization")

    time.sleep(1.2)
    page = browser.open("http://foo.bar.com/later")

    assert (200, "http://foo.bar.com/later") == (page.status, page.url)
    assert ["authorization_code", "refresh_token"] == [asked["grant_type"] for asked in scene.aliyun.token_requests()]
    assert first == scene.upstream.requests[-1].values("authorization")


@pytest.mark.parametrize("scene", [{"aliyun": {"echoes_nonce": True}}], indirect=True)
def test_a_nonce_that_comes_back_is_checked_and_fits(scene: Scene) -> None:
    """Should Alibaba Cloud send it some day."""
    assert 200 == scene.sign_in(scene.browser()).status


@pytest.mark.parametrize("scene", [{"aliyun": {"signs_with_published_key": False}}], indirect=True)
def test_an_id_token_of_another_key_signs_nobody_in(scene: Scene) -> None:
    """What the original lets in unverified: the page says no, and no session is made."""
    browser = scene.browser()
    page = scene.sign_in(browser)

    assert page.status >= 400
    assert not scene.upstream.requests
    assert "_oauth2_proxy" not in browser.cookie_names()
