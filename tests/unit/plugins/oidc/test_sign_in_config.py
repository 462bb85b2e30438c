"""What is asked for at sign-in, and where it returns."""

from typing import Any

import pytest

from ostiary.plugins.oidc.sign_in_config import plan_redirect_url
from tests.fakes.oidc_configs import LEFT_OUT, find_problems, make_oidc

GITHUB = {"provider": "github", "oidc_issuer_url": LEFT_OUT}


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ({}, "openid email profile"),
        ({"allowed_groups": "staff"}, "openid email profile groups"),
        ({"scope": "openid;email;offline_access"}, "openid email offline_access"),
        ({"scope": " openid  email "}, "openid email"),
        ({"scope": "openid", "allowed_groups": "staff"}, "openid"),
        ({"provider": "aliyun", "oidc_issuer_url": LEFT_OUT}, "openid"),
        (GITHUB, "user:email read:org"),
    ],
)
def test_the_scope_is_what_is_written_or_what_the_provider_needs(written: dict[str, Any], asked: str) -> None:
    """A semicolon stands for a space."""
    assert asked == make_oidc(**written).asked_scope


@pytest.mark.parametrize(
    ("redirect_url", "planned"),
    [
        (None, "/oauth2/callback"),
        ("/signed-in", "/signed-in"),
        ("https://foo.bar.com", "https://foo.bar.com/oauth2/callback"),
        ("https://foo.bar.com/", "https://foo.bar.com/oauth2/callback"),
        ("https://foo.bar.com:8443/oauth2/callback", "https://foo.bar.com:8443/oauth2/callback"),
        ("https://foo.bar.com/a/b", "https://foo.bar.com/a/b"),
    ],
)
def test_a_callback_without_a_path_is_below_the_prefix(redirect_url: str | None, planned: str) -> None:
    """And one that is not written is, too."""
    assert planned == plan_redirect_url(redirect_url, "/oauth2")


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ({"redirect_url": "foo.bar.com/oauth2/callback"}, "redirect_url", "write it in full"),
        ({"redirect_url": "https://foo.bar.com/cb?a=1"}, "redirect_url", "has a query"),
        ({"redirect_url": "https://foo.bar.com/cb#a"}, "redirect_url", "write it in full"),
        ({"redirect_url": "//evil.example"}, "redirect_url", "is no plain path"),
        ({"redirect_url": "/cb?a=1"}, "redirect_url", "is no plain path"),
        ({"code_challenge_method": "plain"}, "code_challenge_method", "write S256"),
        ({"code_challenge_method": "s256"}, "code_challenge_method", "write S256"),
        ({"prompt": "login", "approval_prompt": "force"}, "approval_prompt", "leave one of the two out"),
        ({**GITHUB, "acr_values": "1"}, "acr_values", "does nothing with `provider: github`"),
        ({"scope": "openid \N{SNOWMAN}"}, "scope", "match"),
    ],
)
def test_what_could_never_work_is_refused(written: dict[str, Any], path: str, says: str) -> None:
    """With what is wrong or what to write."""
    problems = find_problems(**written)

    assert [path] == list(problems)
    assert says in problems[path]
