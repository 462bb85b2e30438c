"""The plugin's own paths, and where `rd` may lead."""

from typing import Any

import pytest

from tests.fakes.oidc_configs import LEFT_OUT, find_problems, make_oidc


def test_paths_are_below_the_prefix_unless_they_are_written() -> None:
    """`/oauth2` is the usual one."""
    usual, moved, own = make_oidc(), make_oidc(proxy_prefix="/sso"), make_oidc(ping_path="/healthz", ready_path="/up")

    assert ("/oauth2/ping", "/oauth2/ready") == (usual.ping, usual.ready)
    assert ("/sso/ping", "/sso/ready") == (moved.ping, moved.ready)
    assert ("/healthz", "/up") == (own.ping, own.ready)


@pytest.mark.parametrize(
    "written",
    [
        {"cookie_path": "/poc/", "proxy_prefix": "/poc/oauth2", "redirect_url": LEFT_OUT},
        {"cookie_path": "/poc", "proxy_prefix": "/poc/oauth2", "redirect_url": "https://foo.bar.com/poc/cb"},
        {"cookie_path": "/oauth2"},
        {"redirect_url": "https://foo.bar.com/signed-in"},
    ],
)
def test_cookies_reach_callback_and_sign_out(written: dict[str, Any]) -> None:
    """Wherever those are."""
    assert {} == find_problems(**written)


@pytest.mark.parametrize(
    "domain",
    ["foo.example", ".foo.example", "*.foo.example", "foo.example:8443", ".foo.example:*", "localhost", "[::1]"],
)
def test_targets_are_hosts_or_what_is_below_one(domain: str) -> None:
    """With a port, or any."""
    assert (domain,) == make_oidc(whitelist_domains=domain).whitelist_domains


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ({"proxy_prefix": "/"}, "proxy_prefix", "is no plain path"),
        ({"proxy_prefix": "oauth2"}, "proxy_prefix", "is no plain path"),
        ({"proxy_prefix": "/sso/"}, "proxy_prefix", "write /sso"),
        ({"ping_path": "/oauth2/start"}, "ping_path", "is the path of /oauth2/start, too"),
        ({"ready_path": "/oauth2/ping"}, "ready_path", "is the path of ping_path, too"),
        ({"ping_path": "/p", "ready_path": "/p"}, "ready_path", "is the path of ping_path, too"),
        ({"redirect_url": "/oauth2/auth"}, "redirect_url", "is the path of /oauth2/auth, too"),
        ({"redirect_url": "https://foo.bar.com/oauth2/sign_out"}, "redirect_url", "is the path of /oauth2/sign_out"),
        ({"ping_path": "/oauth2/callback"}, "ping_path", "is the path of redirect_url, too"),
        ({"cookie_path": "/poc/"}, "cookie_path", "no cookie to /oauth2/callback and /oauth2/sign_out"),
        ({"cookie_path": "/oauth2/c"}, "cookie_path", "no cookie to /oauth2/callback and /oauth2/sign_out"),
        ({"cookie_path": "/poc", "proxy_prefix": "/poc/oauth2"}, "cookie_path", "no cookie to /oauth2/callback;"),
        ({"whitelist_domains": "https://foo.example"}, "whitelist_domains", "without scheme and path"),
        ({"whitelist_domains": ["foo.example", "*"]}, "whitelist_domains[1]", "is no domain"),
        ({"whitelist_domains": "*foo.example"}, "whitelist_domains", "is no domain"),
        ({"whitelist_domains": "foo.example:0"}, "whitelist_domains", "is no domain"),
        ({"whitelist_domains": "127.1"}, "whitelist_domains", "is no domain"),
        ({"whitelist_domains": "a@foo.example"}, "whitelist_domains", "is no domain"),
    ],
)
def test_what_cannot_be_meant_is_refused(written: dict[str, Any], path: str, says: str) -> None:
    """With what is wrong or what to write."""
    problems = find_problems(**written)

    assert [path] == list(problems)
    assert says in problems[path]
