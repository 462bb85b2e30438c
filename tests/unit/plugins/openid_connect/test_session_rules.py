"""What of a configuration of sessions cannot go together, and what is said about it at start."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.plugins.openid_connect.session_rules import find_session_notices

GOOD = {"client_id": "shop", "client_secret": "sesame", "discovery": "https://id.example/d"}
SESSION = {"secret": "0123456789abcdef"}


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration."""
    return OpenIdConnectConfig.model_validate({**GOOD, "session": SESSION, **attributes})


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("set_refresh_token_header", "access_token"),
        ("set_raw_id_token_header", "enc_id_token"),
        ("revoke_tokens_on_logout", "access_token"),
    ],
)
def test_what_is_asked_for_has_to_be_kept(name: str, member: str) -> None:
    """Otherwise an attribute would be accepted and do nothing."""
    with pytest.raises(ValidationError, match=rf"needs session_contents\.{member}"):
        read(**{name: True, "session_contents": {"user": True}})

    read(**{name: True, "session_contents": {member: True}})
    read(**{name: True})


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"session": {**SESSION, "cookie_http_only": False}}, "cookie_http_only is false"),
        ({"session": {**SESSION, "cookie_secure": False}}, "cookie_secure is false"),
        ({"session": {**SESSION, "cookie_domain": "example.com"}}, "cookie_domain is set"),
        (
            {"session": {**SESSION, "absolute_timeout": 60, "cookie": {"lifetime": 60}}},
            "session.cookie.lifetime does nothing",
        ),
        (
            {"session": {**SESSION, "storage": "redis", "redis": {"ssl": True, "ssl_verify": False}}},
            "session.redis.ssl_verify is false",
        ),
        ({"session": {**SESSION, "cookie_path": "/app"}}, "logout_path lies outside session.cookie_path"),
        ({"force_reauthorize": True, "unauth_action": "deny"}, "force_reauthorize does nothing"),
    ],
)
def test_what_weakens_or_does_nothing_is_said(attributes: dict[str, Any], words: str) -> None:
    """One sentence each, and none for an ordinary session."""
    assert [notice for notice in find_session_notices(read(**attributes)) if words in notice]
    assert find_session_notices(read()) == ()
    assert find_session_notices(read(**{**attributes, "bearer_only": True})) == ()


@pytest.mark.parametrize(("path", "is_good"), [("/app/logout", True), ("/app", True), ("/apple", False), ("/x", False)])
def test_people_sign_out_where_their_cookie_is_sent(path: str, is_good: bool) -> None:
    """A page that said "signed out" would lie otherwise (RFC 6265 §5.1.4)."""
    attributes = {"logout_path": path, "session": {**SESSION, "cookie_path": "/app"}}
    if is_good:
        assert read(**attributes).logout_path == path
    else:
        with pytest.raises(ValidationError, match=r"outside session\.cookie_path /app"):
            read(**attributes)
