"""What cookies may be called, where they go, and how long they live."""

from typing import Any

import pytest

from ostiary.plugins.oidc.cookie_config import MAX_NAME
from tests.fakes.oidc_configs import LEFT_OUT, SECRET, find_problems, make_oidc

PLAIN = {"redirect_url": "http://foo.bar.com/oauth2/callback"}


@pytest.mark.parametrize(
    "written",
    [
        {"cookie_domains": ".bar.com"},
        {"cookie_domains": ["bar.com", ".foo.bar.com"]},
        {"cookie_domains": ""},
        {"cookie_secret": [SECRET, "0123456789abcdef"]},
        {"cookie_name": "__Host-session"},
        {"cookie_name": "__Secure-session", "cookie_domains": ".bar.com"},
        {"cookie_samesite": "none"},
        {"cookie_samesite": ""},
        {"cookie_secure": False},
        {"cookie_expire": 0, "cookie_refresh": "900h"},
        {"cookie_expire": "1h", "cookie_refresh": "59m59s"},
        {**PLAIN, "cookie_samesite": "strict"},
        {"redirect_url": LEFT_OUT, "cookie_secure": True},
    ],
)
def test_what_can_be_meant_is_taken(written: dict[str, Any]) -> None:
    """Without a word."""
    assert {} == find_problems(**written)


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ({"cookie_secret": LEFT_OUT}, "cookie_secret", "required, but missing"),
        ({"cookie_secret": "short"}, "cookie_secret", "5 as it is written"),
        ({"cookie_secret": []}, "cookie_secret", "at least 1"),
        ({"cookie_secret": [SECRET, "short"]}, "cookie_secret[1]", "5 as it is written"),
        ({"cookie_secret": 12345678}, "cookie_secret", "a list"),
        ({"cookie_name": "a b"}, "cookie_name", "is no name of a cookie"),
        ({"cookie_name": "a=b"}, "cookie_name", "is no name of a cookie"),
        ({"cookie_name": "a" * (MAX_NAME + 1)}, "cookie_name", f"write at most {MAX_NAME}"),
        ({"cookie_name": "__Host-a", **PLAIN}, "cookie_name", "browsers take over https only"),
        ({"cookie_name": "__Secure-a", "cookie_secure": False}, "cookie_name", "browsers take over https only"),
        ({"cookie_name": "__Host-a", "cookie_domains": ".bar.com"}, "cookie_name", "write the prefix __Secure-"),
        ({"cookie_name": "__Host-a", "cookie_path": "/oauth2"}, "cookie_name", "write the prefix __Secure-"),
        ({"cookie_domains": ["a b.com"]}, "cookie_domains[0]", "match"),
        ({"cookie_domains": "bar.com:8080"}, "cookie_domains", "without scheme, port and path"),
        ({"cookie_domains": ".com"}, "cookie_domains", "is a top-level domain"),
        ({"cookie_path": "a"}, "cookie_path", "match"),
        ({"cookie_expire": 3600}, "cookie_expire", "write 3600s for seconds"),
        ({"cookie_refresh": "168h"}, "cookie_refresh", "is not less than cookie_expire (168h0m0s)"),
        ({"cookie_expire": "30m", "cookie_refresh": "1h"}, "cookie_refresh", "is not less than cookie_expire (30m)"),
        ({"cookie_secure": True, **PLAIN}, "cookie_secure", "leave cookie_secure out"),
        ({"cookie_secure": "true", **PLAIN}, "cookie_secure", "leave cookie_secure out"),
        ({"cookie_samesite": "none", **PLAIN}, "cookie_samesite", "secure cookies only"),
        ({"cookie_samesite": "none", "cookie_secure": False}, "cookie_samesite", "secure cookies only"),
        ({"cookie_samesite": "Lax"}, "cookie_samesite", "'lax'"),
        ({"cookie_csrf_expire": "0s"}, "cookie_csrf_expire", "is no time at all"),
    ],
)
def test_what_could_never_work_is_refused(written: dict[str, Any], path: str, says: str) -> None:
    """With what is wrong or what to write."""
    problems = find_problems(**written)

    assert [path] == list(problems)
    assert says in problems[path]


def test_a_wrong_duration_is_told_once() -> None:
    """Comparing it with another says nothing besides."""
    assert ["cookie_expire"] == list(find_problems(cookie_expire="a week", cookie_refresh="1h"))


def test_no_secret_is_told() -> None:
    """Only how long it is."""
    assert "a-secret-of-21-bytes!" not in str(find_problems(cookie_secret="a-secret-of-21-bytes!"))
    assert SECRET not in repr(make_oidc())


def test_domains_are_lower_case() -> None:
    """As the request's host is."""
    assert (".bar.com",) == make_oidc(cookie_domains=".Bar.com").cookie_domains
