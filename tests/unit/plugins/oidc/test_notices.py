"""What the operator reads at start."""

from typing import Any

import pytest

from ostiary.plugins.oidc.notices import find_notices
from tests.fakes.oidc_configs import LEFT_OUT, make_oidc

PLAIN = {"redirect_url": "http://foo.bar.com/oauth2/callback"}
RULE = {"match_rule_domain": "*", "match_rule_path": "/foo", "match_rule_type": "prefix"}
REDIS = {"session_store_type": "redis", "redis": {"ssl": True, "ssl_verify": False}}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"ssl_insecure_skip_verify": True}, "ssl_insecure_skip_verify is true"),
        ({"oidc_issuer_url": "http://id.example/"}, "oidc_issuer_url is not https"),
        ({"redeem_url": "http://a.example/", "profile_url": "http://a.example/"}, "redeem_url and profile_url are not"),
        (PLAIN, "redirect_url is http, so the cookies are not Secure"),
        ({"cookie_secure": False}, "cookie_secure is false"),
        ({**PLAIN, "cookie_secure": False}, "cookie_secure is false"),
        ({"cookie_httponly": False}, "cookie_httponly is false"),
        ({"cookie_domains": ".bar.com"}, "cookie_domains is set"),
        ({"scope": "email"}, "does not have `openid`"),
        ({"approval_prompt": "force"}, "asks people again"),
        ({"match_list": [RULE]}, "match_list[0]: the prefix /foo"),
        (REDIS, "redis.ssl_verify is false"),
    ],
)
def test_what_weakens_or_surprises_is_said(written: dict[str, Any], words: str) -> None:
    """In one sentence."""
    assert [True] == [words in notice for notice in find_notices(make_oidc(**written))]


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"oidc_issuer_url": "http://127.0.0.1:9090/realms/myrealm"},
        {"provider": "github", "oidc_issuer_url": LEFT_OUT},
        {"redirect_url": LEFT_OUT},
        {"match_list": [{**RULE, "match_rule_path": "/foo/"}]},
        {"prompt": "consent"},
    ],
)
def test_what_is_usual_is_not_said(written: dict[str, Any]) -> None:
    """Nobody reads what is always there."""
    assert () == find_notices(make_oidc(**written))
