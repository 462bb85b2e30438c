"""The one client, and where it may be sent back to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.demo.provider.client import DemoClient, is_loopback_redirect


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:9080/anything/callback",
        "http://127.0.0.1/cb",
        "http://[::1]:8080/cb?a=b",
        "https://LOCALHOST:8443/",
        "http://localhost",
    ],
)
def test_any_place_on_this_machine_is_fine(uri: str) -> None:
    """RFC 8252 section 7.3: any port; and here any path."""
    assert is_loopback_redirect(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/callback",
        "//localhost/cb",
        "http://localhost.attacker.example/",
        "http://localhost@attacker.example/",
        "http://attacker.example@localhost/",
        "http://attacker.example\\@localhost/",
        "http://attacker.example/#@localhost/",
        "http://localhost/#fragment",
        "http://localhost/#",
        "http://127.0.0.2/",
        "http://127.1/",
        "http://2130706433/",
        "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost:0/",
        "http://localhost:99999/",
        "http://localhost:port/",
        "http://[::1/",
        "ftp://localhost/",
        "javascript://localhost/%0aalert(1)",
        "http://localhost/a b",
        "http://localhost/\r\nset-cookie:a=b",
        "http://localhost/\u00e9",
        'http://localhost/"><script>',
    ],
)
def test_anything_else_is_not(uri: str) -> None:
    """Spelt however."""
    assert not is_loopback_redirect(uri)


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    """The answer is yes or no."""
    assert is_loopback_redirect(text) in {True, False}
    assert not is_loopback_redirect(f"http://{text}.example/")


def test_only_its_own_secret_is_accepted() -> None:
    """Compared as bytes, whatever was sent."""
    client = DemoClient("secret")
    assert client.check_client_secret("secret")
    assert not client.check_client_secret("Secret")
    assert not client.check_client_secret("")
    assert not client.check_client_secret("\udc80")


def test_it_may_use_what_the_metadata_says() -> None:
    """And nothing besides."""
    client = DemoClient("secret")
    assert client.check_response_type("code")
    assert not client.check_response_type("token")
    assert client.check_grant_type("refresh_token")
    assert not client.check_grant_type("implicit")
    assert client.check_endpoint_auth_method("client_secret_basic", "token")
    assert not client.check_endpoint_auth_method("none", "token")


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (None, "profile email"),
        ("", "profile email"),
        ("email openid", "openid email"),
        ("email email x", "email"),
        ("x", None),
    ],
)
def test_scopes_are_those_it_knows(asked: str | None, allowed: str | None) -> None:
    """In one order, each once; none asked for is the default, none known is nothing."""
    assert DemoClient("secret").get_allowed_scope(asked) == allowed
