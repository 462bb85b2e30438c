"""The `oidc` document's Auth0 example on the certified provider: its configuration, its curl lines, its logouts."""

import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.certified import read_token
from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.oidc_provider import LOGIN, register, start_oidc_provider
from tests.e2e.counterparts.oidc_scene import CALLBACK, CLIENT, SITE, Scene, start_scene
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import read_query
from tests.fakes.browser import Browser

REFRESH_LIMIT_S = 15


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module."""
    with start_scene(tmp_path_factory.mktemp("oidc")) as scene:
        yield scene


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.upstream.clear()
    return running


def test_curl_is_sent_to_the_provider_with_what_the_document_shows(scene: Scene) -> None:
    """Flow analysis, 1 and 2: parameters in the address, and the CSRF cookie."""
    answer = scene.curl('curl --url "foo.bar.com/headers"')

    assert 302 == answer.status
    location = answer.header("Location") or ""
    assert location.startswith(f"{scene.provider.issuer}/auth?")
    asked = read_query(location)
    wanted = {
        "client_id": CLIENT["client_id"], "redirect_uri": CALLBACK, "response_type": "code",
        "scope": "openid email offline_access",
    }  # fmt: skip
    assert wanted.items() <= asked.items()
    assert asked["state"]
    assert "approval_prompt" not in asked
    [cookie] = answer.header_values("Set-Cookie")
    parts = cookie.split("; ")
    assert parts[0].startswith("_oauth2_proxy_csrf=")
    assert {"Path=/", "Max-Age=900", "HttpOnly"} == set(parts[1:])


def test_the_whitelisted_prefix_needs_nobody(scene: Scene) -> None:
    """And whatever the client says of itself there, the upstream is not told."""
    answer = scene.curl('curl --url "foo.bar.com/foo" --header "X-Forwarded-User: admin"')

    assert 200 == answer.status
    assert not scene.upstream.requests[-1].values("x-forwarded-user")


def test_scripts_are_told_401(scene: Scene) -> None:
    """In JSON, and the provider is left alone."""
    answer = scene.curl('curl --url "foo.bar.com/headers" --header "Accept: application/json"')

    assert (401, "unauthenticated") == (answer.status, answer.json()["error"])


def test_a_person_signs_in_and_the_upstream_gets_the_id_token(scene: Scene) -> None:
    """Flow analysis, 3 to 12: the session cookie is there, the CSRF cookie gone, and the secret was in the body."""
    browser, page = scene.sign_in("/headers?x=1")

    assert (200, f"{SITE}/headers?x=1") == (page.status, page.url)
    assert ["_oauth2_proxy"] == [name for name in browser.cookie_names() if name.startswith("_oauth2_proxy")]
    _, claims = read_token(scene.token_of_the_last_request())
    assert (scene.provider.issuer, CLIENT["client_id"], LOGIN) == (claims["iss"], claims["aud"], claims["sub"])
    assert not {name for name in scene.upstream.requests[-1].names() if name.startswith(("x-access", "x-id"))}
    assert "_oauth2_proxy" not in (scene.upstream.requests[-1].value("cookie") or "")
    [redeemed] = scene.provider.requests("token")
    assert CLIENT["client_secret"] == redeemed["params"]["client_secret"]
    assert "" == redeemed["authorization"]


def test_a_callback_that_nobody_started_spends_no_code(scene: Scene) -> None:
    """Flow analysis, 5 and 6: the document's line with its state, and no cookie."""
    answer = scene.curl(
        'curl --url "http://foo.bar.com/oauth2/callback" '
        '--url-query "state=nT06xdCqn4IqemzBRV5hmO73U_hCjskrH_VupPqdcdw%3A%2Ffoo" '
        '--url-query "code=0bdopoS2c2lx95u7iO0OH9kY1TvaEdJHo4lB6CT2_qVFm"'
    )

    assert 400 <= answer.status < 500
    assert [] == scene.provider.requests("token")


def test_a_session_is_renewed_by_its_refresh_token(scene: Scene) -> None:
    """User token refresh, 1 to 5: once its tokens are over, and the person notices nothing."""
    scene.provider.set_lifetime(2)
    scene.provider.set_lifetime(2, "IdToken")
    browser, _ = scene.sign_in()
    scene.provider.set_lifetime(3600)
    scene.provider.set_lifetime(3600, "IdToken")
    first = scene.token_of_the_last_request()
    deadline = time.monotonic() + REFRESH_LIMIT_S
    while scene.token_of_the_last_request() == first:
        assert time.monotonic() < deadline, "no refresh"
        assert 200 == browser.open(f"{SITE}/headers").status

    grants = [asked["params"]["grant_type"] for asked in scene.provider.requests("token")]
    assert ["authorization_code", "refresh_token"] == grants
    assert 200 == browser.open(f"{SITE}/headers").status
    assert 2 == len(scene.provider.requests("token"))


def test_signing_out_ends_the_session_and_leads_home(scene: Scene) -> None:
    """Without `rd`; a copy of the cookie is worth nothing afterwards."""
    browser, _ = scene.sign_in()
    copied = browser.jar.header(urlsplit(SITE), time.time())
    page = scene.sign_out(browser, "")

    assert (302, f"{SITE}/") == (page.status, page.location)
    assert "_oauth2_proxy" not in browser.cookie_names()
    answer = call(f"{scene.gateway.url}/oauth2/auth", headers={"Host": "foo.bar.com", "Cookie": copied})
    assert 401 == answer.status


@pytest.mark.parametrize("landing", ["", f"{SITE}/foo"])
def test_the_documents_logout_links_lead_to_the_provider(scene: Scene, landing: str) -> None:
    """With who leaves, once; and back again where `post_logout_redirect_uri` says so."""
    browser, _ = scene.sign_in()
    target = f"{scene.provider.issuer}/session/end" + (f"?post_logout_redirect_uri={landing}" if landing else "")
    page = scene.sign_out(browser, f"?rd={quote(target, safe='')}")

    location = page.location or ""
    assert location.startswith(f"{scene.provider.issuer}/session/end?")
    sent = read_query(location)
    assert CLIENT["client_id"] == sent["client_id"]
    assert LOGIN == read_token(sent["id_token_hint"])[1]["sub"]
    assert landing == sent.get("post_logout_redirect_uri", "")
    ended = browser.submit(browser.open(location), button="yes")
    assert ended.url.startswith(landing or scene.provider.issuer)
    assert browser.open(f"{SITE}/headers").url.startswith(f"{scene.provider.issuer}/interaction/")


def test_the_header_says_where_to_go_as_well(scene: Scene) -> None:
    """`X-Auth-Request-Redirect`, as the document's second form has it."""
    browser, _ = scene.sign_in()
    cookies = browser.jar.header(urlsplit(SITE), time.time())
    target = f"{scene.provider.issuer}/session/end"
    headers = {"Host": "foo.bar.com", "Cookie": cookies, "X-Auth-Request-Redirect": target}
    answer = call(f"{scene.gateway.url}/oauth2/sign_out", headers=headers)

    assert 302 == answer.status
    assert (answer.header("Location") or "").startswith(f"{target}?")


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", r"/\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_anywhere_else_and_no_token_leaks(scene: Scene, target: str) -> None:
    """A link of somebody else's ends at home."""
    browser, _ = scene.sign_in()
    page = scene.sign_out(browser, f"?rd={quote(target, safe='')}")

    assert (302, f"{SITE}/") == (page.status, page.location)


def test_start_ends_where_rd_says(scene: Scene) -> None:
    """A page of this host, and never the start itself."""
    for rd, ends in (("/headers?a=1", "/headers?a=1"), ("https://evil.example/", "/"), ("/oauth2/start", "/")):
        browser = scene.browser()
        form = browser.open(f"{SITE}/oauth2/start?rd={quote(rd, safe='')}")
        assert SITE + ends == scene.fill_in(browser, form).url


def test_a_proxy_asks_auth(scene: Scene) -> None:
    """202 with who it is, 401, and 403 where more is asked for."""
    browser, _ = scene.sign_in()
    signed_in = scene.call(browser, "/oauth2/auth")

    assert (202, LOGIN) == (signed_in.status, signed_in.header("X-Auth-Request-User"))
    assert 403 == scene.call(browser, "/oauth2/auth?allowed_groups=admins").status
    assert 401 == scene.call(scene.browser(), "/oauth2/auth").status
    assert 405 == scene.call(browser, "/oauth2/auth", "POST").status
    assert LOGIN == scene.call(browser, "/oauth2/userinfo").json()["user"]
    assert {200} == {scene.call(scene.browser(), f"/oauth2/{path}").status for path in ("ping", "ready")}


def test_while_the_provider_is_away_nobody_gets_in(tmp_path: Path) -> None:
    """503 from the first request on, and what is whitelisted passes."""
    with start_scene(tmp_path) as scene:
        scene.provider.stop()
        answer = scene.curl('curl --url "foo.bar.com/headers"')
        assert (503, None) == (answer.status, answer.header("Location"))
        assert answer.header("Retry-After")
        assert 200 == scene.curl('curl --url "foo.bar.com/foo"').status
        assert [] == [request for request in scene.upstream.requests if request.target != "/foo"]


@pytest.mark.parametrize(
    "changes",
    [
        {"session_store_type": "sqlite"},
        {"cookie_csrf_per_request": True, "cookie_domains": ["bar.com", "b.example"], "cookie_expire": 0},
        {"service_name": None, "service_port": None, "skip_claims_from_profile_url": True, "pass_user_headers": True},
        {"cookie_secret": ["0123456789abcdef", "nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY="]},
    ],
)
def test_people_sign_in_with_other_options_too(changes: dict[str, Any], tmp_path: Path) -> None:
    """And stay signed in, and can sign out."""
    with start_scene(tmp_path, **changes) as scene:
        browser, page = scene.sign_in()
        assert (200, f"{SITE}/headers") == (page.status, page.url)
        assert 200 == browser.open(f"{SITE}/headers").status
        assert LOGIN == read_token(scene.token_of_the_last_request())[1]["sub"]
        assert f"{SITE}/" == scene.sign_out(browser, "").location
        assert 401 == browser.xhr(f"{SITE}/headers").status


def test_a_strict_cookie_signs_people_in_too(tmp_path: Path) -> None:
    """By a page of the gateway's own that goes on: a redirect from the provider would bring no such cookie."""
    with start_scene(tmp_path, cookie_samesite="strict") as scene:
        browser, page = scene.sign_in()
        assert (200, True) == (page.status, 'url=/headers"' in page.text)
        assert (200, 1) == (browser.open(f"{SITE}/headers").status, len(scene.upstream.requests))


def test_each_domain_has_its_own_client(tmp_path: Path) -> None:
    """At domain level, without a word on the route: one browser, two sites, and each upstream gets its own token."""
    shop = register("shop", "another-secret", redirect_uris=["http://shop.example/oauth2/callback"])
    names = {"foo.bar.com": CLIENT, "shop.example": shop}
    with start_oidc_provider(clients=[CLIENT, shop]) as provider, RecordingUpstream() as upstream:
        config = {
            "domains": [
                {
                    "hosts": [host],
                    "plugins": {
                        "oidc": {
                            "oidc_issuer_url": provider.issuer,
                            "client_id": client["client_id"],
                            "client_secret": client["client_secret"],
                            "cookie_secret": "0123456789abcdef",
                            "redirect_url": f"http://{host}/oauth2/callback",
                        }
                    },
                }
                for host, client in names.items()
            ],
            "routes": [{"id": "all", "uri": "/*", "upstream": {"nodes": {f"127.0.0.1:{upstream.port}": 1}}}],
        }
        with start_gateway(config, tmp_path) as gateway:
            scene = Scene(provider, gateway, upstream)
            browser = Browser(hosts=dict.fromkeys(names, gateway.port))
            scene.fill_in(browser, browser.open(f"{SITE}/a"))
            seen = {}
            for host in names:
                page = browser.open(f"http://{host}/a")
                assert (200, f"http://{host}/a") == (page.status, page.url)
                seen[host] = read_token(scene.token_of_the_last_request())[1]["aud"]
            assert {host: client["client_id"] for host, client in names.items()} == seen
            assert 200 == call(f"{gateway.url}/a", headers={"Host": "other.example"}).status


def test_nothing_secret_is_in_the_log(scene: Scene) -> None:
    """No token, code, secret or cookie."""
    browser, _ = scene.sign_in()
    token = scene.token_of_the_last_request()
    cookies = browser.jar.header(urlsplit(SITE), time.time()).split("; ")
    secrets = [token, CLIENT["client_secret"], *(cookie.partition("=")[2] for cookie in cookies)]

    assert [] == [secret for secret in secrets if len(secret) > 8 and secret in scene.gateway.output()]
    assert "code=" not in scene.gateway.output()


def test_who_may_not_enter_can_come_back_as_somebody_else(tmp_path: Path) -> None:
    """The page leads out of the provider's session too, which would answer with the same account for ever."""
    with start_scene(tmp_path, allowed_groups=["staff"], scope="openid email") as scene:
        browser, refused = scene.sign_in()
        assert (403, "_oauth2_proxy" in browser.cookie_names()) == (refused.status, False)
        again = browser.open(f"{SITE}/headers")
        assert (403, []) == (again.status, scene.upstream.requests)

        [link] = re.findall(r'<a href="([^"]+)"', again.text)
        asked = browser.click(again, unescape(link))
        assert asked.url.startswith(f"{scene.provider.issuer}/session/end")
        browser.submit(asked, button="yes")
        assert browser.open(f"{SITE}/headers").url.startswith(f"{scene.provider.issuer}/interaction/")
