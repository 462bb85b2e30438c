"""How people sign in: the limits of each attribute."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.plugins.openid_connect.sign_in_config import SignInConfig


def read(**attributes: Any) -> SignInConfig:
    """Read these attributes."""
    return SignInConfig.model_validate(attributes)


def test_the_defaults_are_the_documented_ones() -> None:
    """Everything has one."""
    config = read()

    assert (config.scope, config.redirect_uri, config.unauth_action, config.response_mode) == (
        "openid", None, "auth", "query"
    )  # fmt: skip
    assert (config.use_pkce, config.use_nonce, config.authorization_params) == (False, False, {})
    assert (config.session, config.session_contents) == (None, None)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("scope", ["openid", "openid api:read", "s" * 1024], ["", "a\nb", 'a"b', "a\\b", "s" * 1025, None]),
        ("redirect_uri", ["/callback", "https://shop.example/cb", None], ["", "/" + "a" * 1024, 7]),
        ("response_mode", ["query", "form_post"], ["fragment", "form-post", "", None, True]),
        ("use_pkce", [True, False, "true", "false"], ["yes", 1, None]),
        ("use_nonce", [True, False, "true", "false"], ["yes", 1, None]),
        ("unauth_action", ["auth", "deny", "pass"], ["allow", "Auth", "", None, True]),
        ("authorization_params", [{}, {"prompt": "x"}], [[], {"state": "x"}, dict.fromkeys(map(str, range(33)), "x")]),
        ("session", [{"secret": "0123456789abcdef"}, None], [{}, "0123456789abcdef", []]),
        ("session_contents", [{}, {"user": True}, None], [{"user": 1}, [], {"refresh_token": True}]),
    ],
)  # fmt: skip
def test_what_each_attribute_may_be(name: str, good: list[Any], bad: list[Any]) -> None:
    """And what is refused at its own place."""
    for value in good:
        read(**{name: value})
    for value in bad:
        with pytest.raises(ValidationError) as refused:
            read(**{name: value})
        assert {error["loc"][0] for error in refused.value.errors()} == {name}, value
