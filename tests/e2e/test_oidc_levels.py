"""`oidc` for the whole gateway: every route of every host asks for a sign-in, and the member paths are on every host.

Nothing but the instance names the plugin, and `redirect_url` is left out: each host that a route names is a place that
sign-ins return to.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.certified import read_token
from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.oidc_provider import LOGIN, register, start_oidc_provider
from tests.e2e.counterparts.oidc_scene import Scene
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.browser import Browser

SHOP, WIKI = HOSTS = ("shop.bar.com", "wiki.bar.com")
CLIENT = register(
    "everywhere", "a-secret-of-the-gateway", redirect_uris=[f"http://{host}/oauth2/callback" for host in HOSTS],
    token_endpoint_auth_method="client_secret_post",
)  # fmt: skip
ANSWERS_TO_NOBODY = {"ping": 200, "ready": 200, "auth": 401, "userinfo": 401, "start": 302, "callback": 400,
                     "sign_out": 302}  # fmt: skip


class TwoHosts(Scene):
    """What runs, for two hosts."""

    def browser(self) -> Browser:
        """Return somebody's browser, whose hosts file knows both hosts."""
        return Browser(hosts=dict.fromkeys(HOSTS, self.gateway.port))


@contextlib.contextmanager
def start_scene(folder: Path, **options: Any) -> Iterator[TwoHosts]:
    """Start all of it; `options` are those that the plugin gets besides."""
    with start_oidc_provider(clients=[CLIENT]) as provider, RecordingUpstream() as upstream:
        plugin = {
            "oidc_issuer_url": provider.issuer, "client_id": CLIENT["client_id"],
            "client_secret": CLIENT["client_secret"], "cookie_secret": "0123456789abcdef", **options,
        }  # fmt: skip
        nodes = {"nodes": {f"127.0.0.1:{upstream.port}": 1}}
        config = {
            "instance": {"plugins": {"oidc": plugin}},
            "routes": [{"id": host, "hosts": [host], "uri": "/pages/*", "upstream": nodes} for host in HOSTS],
        }
        with start_gateway(config, folder) as gateway:
            yield TwoHosts(provider, gateway, upstream)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoHosts]:
    """One scene for the module: no `redirect_url`, no `cookie_domains`."""
    with start_scene(tmp_path_factory.mktemp("oidc_levels")) as running:
        yield running


@pytest.mark.parametrize("host", HOSTS)
def test_the_member_paths_are_on_every_host(scene: TwoHosts, host: str) -> None:
    """Though no route covers them; what none covers besides is no way around the sign-in."""
    paths = {path: call(f"{scene.gateway.url}/oauth2/{path}", headers={"Host": host}) for path in ANSWERS_TO_NOBODY}

    assert ANSWERS_TO_NOBODY == {path: answer.status for path, answer in paths.items()}
    assert f"redirect_uri=http%3A%2F%2F{host}%2Foauth2%2Fcallback" in (paths["start"].header("Location") or "")
    assert 302 == call(f"{scene.gateway.url}/elsewhere", headers={"Host": host}).status
    assert 401 == call(f"{scene.gateway.url}/pages/1", "POST", headers={"Host": host}).status


def test_people_sign_in_at_each_host(scene: TwoHosts) -> None:
    """Each host has a session of its own, and signing out of one leaves the other alone."""
    browser = scene.browser()
    for host in HOSTS:
        assert 401 == browser.xhr(f"http://{host}/pages/1").status
        page = browser.open(f"http://{host}/pages/1?x=1")
        if host == SHOP:  # at the other the provider knows them still
            page = scene.fill_in(browser, page)
        assert (200, f"http://{host}/pages/1?x=1") == (page.status, page.url)
        [authorization] = scene.upstream.requests[-1].values("authorization")
        assert LOGIN == read_token(authorization.removeprefix("Bearer "))[1]["sub"]
        assert LOGIN == browser.xhr(f"http://{host}/oauth2/userinfo").json()["user"]
    assert 404 == browser.open(f"http://{SHOP}/elsewhere").status

    left = browser.open(f"http://{SHOP}/oauth2/sign_out", stop_before=lambda url: url.endswith(".com/"))
    assert (302, f"http://{SHOP}/") == (left.status, left.location)
    assert [401, 200] == [browser.xhr(f"http://{host}/pages/1").status for host in HOSTS]


def test_a_host_that_no_route_names_starts_no_sign_in(scene: TwoHosts) -> None:
    """A redirect URI is never made of a Host header that nobody vouches for (RFC 9700 §4.11)."""
    for path in ("/pages/1", "/oauth2/start"):
        answer = call(f"{scene.gateway.url}{path}", headers={"Host": "evil.example"})
        assert (400, None) == (answer.status, answer.header("Location"))


def test_one_sign_in_is_enough_for_both_hosts(tmp_path: Path) -> None:
    """With `cookie_domains`; and signing out at one is signing out at both."""
    with start_scene(tmp_path, cookie_domains=".bar.com") as scene:
        browser = scene.browser()
        assert f"http://{WIKI}/pages/1" == scene.fill_in(browser, browser.open(f"http://{WIKI}/pages/1")).url
        for host in HOSTS:
            assert 200 == browser.xhr(f"http://{host}/pages/1").status
        browser.open(f"http://{SHOP}/oauth2/sign_out", stop_before=lambda url: url.endswith(".com/"))
        assert [401, 401] == [browser.xhr(f"http://{host}/pages/1").status for host in HOSTS]
