"""`oidc` with `provider: github`, against a stand-in for GitHub's OAuth apps: no discovery, no ID token, an API.

Names are the real ones: a name server of the test's says where they are found. Certificates are held to them.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.counterparts.dns_server import DnsServer
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.github import (
    API_HOST,
    CLIENT_ID,
    CLIENT_SECRET,
    EMAIL,
    ORGANISATIONS,
    SITE_HOST,
    USER_ID,
    GitHub,
    start_github,
)
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import read_query
from tests.fakes.browser import Browser, Page
from tests.fakes.certificates import make_authority

SITE = "http://foo.bar.com"


@dataclass
class Scene:
    """What runs."""

    github: GitHub
    gateway: RunningGateway
    upstream: RecordingUpstream
    tls: ssl.SSLContext

    def sign_in(self) -> tuple[Browser, Page]:
        """Open a page, and authorize the application."""
        browser = Browser(hosts={"foo.bar.com": self.gateway.port, SITE_HOST: self.github.port}, tls=self.tls)
        form = browser.open(f"{SITE}/headers")
        assert urlsplit(form.url).hostname == SITE_HOST, (form.status, form.url, form.text[:400])
        return browser, browser.submit(form)


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Start all of it; a parameter changes the plugin's configuration."""
    changes: dict[str, Any] = getattr(request, "param", {})
    authority = make_authority()
    (tmp_path / "authority.pem").write_text(authority.pem)
    tls = ssl.create_default_context(cadata=authority.pem)
    with (
        start_github(authority, tmp_path, [f"{SITE}/oauth2/callback"]) as github,
        DnsServer({SITE_HOST: "127.0.0.1", API_HOST: "127.0.0.1"}) as dns,
        RecordingUpstream() as upstream,
    ):
        plugin = {
            "provider": "github", "redirect_url": f"{SITE}/oauth2/callback", "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET, "cookie_secret": "0123456789abcdef", "pass_user_headers": True,
            "provider_ca_files": ["authority.pem"], "login_url": f"https://{SITE_HOST}:{github.port}/login/oauth/authorize",
            "redeem_url": f"https://{SITE_HOST}:{github.port}/login/oauth/access_token",
            "profile_url": f"https://{API_HOST}:{github.port}/user", **changes,
        }  # fmt: skip
        route = {"uri": "/*", "plugins": {"oidc": plugin}, "upstream": {"nodes": {f"127.0.0.1:{upstream.port}": 1}}}
        config = {"gateway": {"dns": {"servers": [dns.address]}}, "routes": [route]}
        with start_gateway(config, tmp_path) as gateway:
            yield Scene(github, gateway, upstream, tls)


def test_a_person_signs_in_by_the_api(scene: Scene) -> None:
    """The upstream is told who it is; there is no ID token that it could be given."""
    browser, page = scene.sign_in()

    assert (200, f"{SITE}/headers") == (page.status, page.url)
    request = scene.upstream.requests[-1]
    assert (str(USER_ID), EMAIL) == (request.value("x-forwarded-user"), request.value("x-forwarded-email"))
    assert [] == request.values("authorization")
    assert ["/user", "/user/emails"] == scene.github.paths()
    assert str(USER_ID) == browser.open(f"{SITE}/oauth2/userinfo").json()["user"]
    assert 200 == browser.open(f"{SITE}/headers").status


def test_what_github_is_asked_for(scene: Scene) -> None:
    """Its own scope, no `openid`, and the state that comes back."""
    browser = Browser(hosts={"foo.bar.com": scene.gateway.port}, tls=scene.tls)
    page = browser.open(f"{SITE}/headers", stop_before=lambda url: SITE_HOST in url)
    asked = read_query(page.location or "")

    assert ("user:email read:org", CLIENT_ID, f"{SITE}/oauth2/callback") == (
        asked["scope"], asked["client_id"], asked["redirect_uri"]
    )  # fmt: skip
    assert asked["state"]


@pytest.mark.parametrize(
    ("scene", "status"),
    [({"allowed_groups": ORGANISATIONS[0]}, 200), ({"allowed_groups": "somebody-else"}, 403)],
    indirect=["scene"],
)
def test_organisations_are_groups(scene: Scene, status: int) -> None:
    """Members enter, and others are told that they may not."""
    browser, page = scene.sign_in()

    assert status in {page.status, browser.open(f"{SITE}/headers").status}
    assert (status == 200) is bool(scene.upstream.requests)
    assert "/user/orgs" in scene.github.paths()
