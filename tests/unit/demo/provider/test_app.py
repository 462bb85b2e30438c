"""The application as a whole: documents, the front page, what is not there, and who may ask."""

import pytest
from starlette.types import ASGIApp

from ostiary.demo.provider.app import ProviderSettings, create_app, names_loopback
from ostiary.demo.provider.keys import SigningKey
from tests.unit.demo.provider.world import ISSUER, claims_of, get_tokens, header_of
from tests.unit.demo.visitor import Visitor


def test_discovery_names_the_issuer(visitor: Visitor) -> None:
    """Under its well-known path, and for a minute."""
    answer = visitor.get("/.well-known/openid-configuration")
    assert answer.json()["issuer"] == ISSUER
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "public, max-age=60"


def test_the_published_key_is_what_tokens_are_signed_with(visitor: Visitor) -> None:
    """By its name."""
    (published,) = visitor.get("/jwks").json()["keys"]
    tokens = get_tokens(visitor)
    assert header_of(tokens["id_token"])["kid"] == published["kid"]
    assert header_of(tokens["access_token"])["kid"] == published["kid"]
    assert claims_of(tokens["id_token"])["iss"] == ISSUER


def test_the_front_page_says_what_this_is(visitor: Visitor) -> None:
    """And how to sign in."""
    page = visitor.get("/")
    assert page.status == 200
    assert "quickstart-user-pass" in page.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/token", 405)])
def test_what_is_not_there_is_a_page(visitor: Visitor, method: str, path: str, status: int) -> None:
    """One of ours, with the same warning and headers."""
    page = visitor.send(method, path)
    assert page.status == status
    assert "For trying things out." in page.text
    assert page.has("content-security-policy")
    assert page.has("allow") is (status == 405)


@pytest.mark.parametrize("host", ["attacker.example", "localhost.attacker.example:9090", "", "[::1"])
def test_another_name_for_this_machine_is_refused(app: ASGIApp, host: str) -> None:
    """A page elsewhere could point its own name here (DNS rebinding)."""
    answer = Visitor(app, host).get("/.well-known/openid-configuration")
    assert answer.status == 421


@pytest.mark.parametrize("host", [b"127.0.0.1:9090", b"localhost", b"LOCALHOST:1", b"[::1]:9090"])
def test_loopback_has_these_names(host: bytes) -> None:
    """With any port."""
    assert names_loopback(host)


def test_bytes_that_are_no_text_name_nothing() -> None:
    """A header may hold anything."""
    assert not names_loopback(b"\xff")


def test_the_secret_is_not_shown() -> None:
    """Not in `repr`, where it would end up in a traceback."""
    assert "s3cret" not in repr(ProviderSettings(issuer=ISSUER, client_secret="s3cret"))


def test_what_fails_inside_is_a_page_that_says_nothing(key: SigningKey) -> None:
    """The failure itself goes to whoever runs the provider."""

    def broken_clock() -> float:
        raise ZeroDivisionError("do not show this")

    app = create_app(ProviderSettings(issuer=ISSUER, client_secret="s"), broken_clock, key)
    page = Visitor(app).get("/userinfo", [("authorization", "Bearer x")])
    assert page.status == 500
    assert "For trying things out." in page.text
    assert "do not show this" not in page.text
