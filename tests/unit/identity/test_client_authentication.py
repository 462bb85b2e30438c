"""How we say who we are."""

from base64 import b64decode
from urllib.parse import parse_qsl, unquote_plus

from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.outbound import OutboundRequest
from ostiary.identity.client_authentication import (
    ClientAuthenticationMethod,
    ClientCredentials,
    build_authenticated_form,
    build_basic,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FIELDS = [("grant_type", "authorization_code"), ("code", "a b&c")]


def build(method: ClientAuthenticationMethod) -> OutboundRequest:
    """Build a form as the client shop."""
    credentials = ClientCredentials(client_id="shop", client_secret="s3cret", method=method)
    return build_authenticated_form("https://issuer.example/token", credentials, FIELDS)


@given(TEXT, TEXT)
def test_basic_survives_every_character(client_id: str, client_secret: str) -> None:
    """Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1): a colon in them does no harm."""
    scheme, _, encoded = build_basic(client_id, client_secret).partition(" ")
    parts = b64decode(encoded).decode("ascii").split(":")

    assert ("Basic", [client_id, client_secret]) == (scheme, [unquote_plus(part) for part in parts])


def test_basic_is_form_encoded_as_the_specification_shows() -> None:
    """A space is `+`, and the secret is in the header alone."""
    request = build("client_secret_basic")

    assert "Basic cytob3A6YSUzQWI=" == build_basic("s hop", "a:b")
    assert ("Authorization", "Basic c2hvcDpzM2NyZXQ=") in request.headers
    assert FIELDS == parse_qsl(request.body.decode())


def test_post_puts_both_into_the_body_and_none_only_the_id() -> None:
    """With `none` a secret that is configured by mistake is not sent."""
    assert [*FIELDS, ("client_id", "shop"), ("client_secret", "s3cret")] == parse_qsl(
        build("client_secret_post").body.decode()
    )
    assert [*FIELDS, ("client_id", "shop")] == parse_qsl(build("none").body.decode())
    assert {"Content-Type", "Accept"} == {name for name, _ in build("none").headers}


def test_without_credentials_the_fields_go_alone() -> None:
    """A form, answered with JSON, within a limit."""
    request = build_authenticated_form("https://issuer.example/token", None, FIELDS, max_body_bytes=7)

    assert ("POST", b"grant_type=authorization_code&code=a+b%26c", 7) == (
        request.method,
        request.body,
        request.max_body_bytes,
    )
    assert ("Content-Type", "application/x-www-form-urlencoded") in request.headers


def test_credentials_do_not_show_the_secret() -> None:
    """Not in a repr, and not in that of the request."""
    credentials = ClientCredentials(client_id="shop", client_secret="s3cret")

    assert "ClientCredentials('shop', client_secret_basic)" == repr(credentials)
    assert "s3cret" not in repr(build("client_secret_post"))
