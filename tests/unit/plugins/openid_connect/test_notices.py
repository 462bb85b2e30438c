"""The fingerprint, and what the operator reads at start."""

from typing import Any

import pytest

from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.plugins.openid_connect.notices import find_fingerprint, find_notices

GOOD = {"client_id": "shop", "client_secret": "sesame", "discovery": "https://id.example/d"}
SECRET = "0123456789abcdef"


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration."""
    return OpenIdConnectConfig.model_validate(GOOD | attributes)


def test_a_fingerprint_tells_configurations_apart_and_shows_nothing() -> None:
    """Secrets count: two instances with different ones do not decide alike."""
    one = find_fingerprint(read(session={"secret": SECRET}))

    assert one == find_fingerprint(read(session={"secret": [SECRET]}))
    assert one != find_fingerprint(read(session={"secret": SECRET + "2"}))
    assert one != find_fingerprint(read(session={"secret": SECRET}, client_secret="other"))
    assert one != find_fingerprint(read(session={"secret": SECRET}, scope="openid email"))
    assert len(one) == 64


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"ssl_verify": False}, "ssl_verify is false"),
        ({"discovery": "http://id.example/d"}, "discovery is not https"),
        ({"jwks_uri": "http://id.example/k"}, "jwks_uri is not https"),
        (
            {"introspection_endpoint": "http://a.example/", "token_endpoint": "http://b.example/"},
            "token_endpoint and introspection_endpoint are not https",
        ),
        ({}, "generated secret"),
        ({"use_jwks": True}, "bearer tokens are all that is accepted"),
        ({"unauth_action": "pass"}, "unauth_action is pass"),
        ({"scope": "email"}, "does not have `openid`"),
        ({"timeout": 3000}, "milliseconds"),
    ],
)
def test_what_weakens_or_surprises_is_said(attributes: dict[str, Any], words: str) -> None:
    """One sentence each."""
    assert [notice for notice in find_notices(read(**attributes)) if words in notice]


@pytest.mark.parametrize(
    "attributes",
    [
        {"session": {"secret": SECRET}},
        {"session": {"secret": SECRET}, "discovery": "http://127.0.0.1:9090/d"},
        {"session": {"secret": SECRET}, "jwks_uri": "http://localhost/k", "token_endpoint": "https://id.example/t"},
        {"bearer_only": True, "unauth_action": "pass", "scope": "x"},
    ],
)
def test_an_ordinary_configuration_is_no_news(attributes: dict[str, Any]) -> None:
    """A notice that always comes is read by nobody."""
    assert find_notices(read(**attributes)) == ()
