"""How we say who we are."""

import json
from base64 import b64decode, urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from ostiary.http.outbound import OutboundRequest
from ostiary.identity.algorithms import verify_signature
from ostiary.identity.client_authentication import (
    AssertionMoment,
    ClientAuthenticationMethod,
    ClientCredentials,
    build_authenticated_form,
    build_basic,
    choose_credentials,
)
from ostiary.identity.signing_keys import read_signing_key
from tests.fakes.client_keys import make_client_key, private_pem

ENDPOINT = "https://issuer.example/token"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FIELDS = [("grant_type", "authorization_code"), ("code", "a b&c")]
LONG_SECRET = "a-client-secret-of-more-than-32-bytes"
MOMENT = AssertionMoment(1_800_000_000.0, "an-identifier")
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
ALL_METHODS = (*SECRET_METHODS, "client_secret_jwt", "private_key_jwt", "none")


def make(**changes: Any) -> ClientCredentials:
    """Make credentials of the client shop."""
    return ClientCredentials(**({"client_id": "shop", "client_secret": "s3cret"} | changes))


def build(method: ClientAuthenticationMethod, **changes: Any) -> OutboundRequest:
    """Build a form as the client shop."""
    return build_authenticated_form(ENDPOINT, make(method=method, **changes), FIELDS, moment=MOMENT)


def read_assertion(request: OutboundRequest) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Take a form's assertion apart: header, claims, what is signed, and the signature."""
    form = parse_qsl(request.body.decode())
    assert [*FIELDS, ("client_id", "shop")] == form[:3]
    assert ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") == form[3]
    name, assertion = form[4]
    assert ("client_assertion", 5) == (name, len(form))
    assert {"Content-Type", "Accept"} == {name for name, _ in request.headers}
    header, claims, signature = [urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in assertion.split(".")]
    return json.loads(header), json.loads(claims), assertion.rpartition(".")[0].encode(), signature


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


def test_a_private_key_signs_for_the_client() -> None:
    """The assertion names the client, its reader and its key; no secret goes along."""
    key = read_signing_key(private_pem("EC P-256"))
    request = build("private_key_jwt", signing_key=key, signing_key_id="key-1", assertion_lifetime_s=30)
    header, claims, message, signature = read_assertion(request)

    assert {"alg": "ES256", "typ": "JWT", "kid": "key-1"} == header
    assert {"iss": "shop", "sub": "shop", "aud": ENDPOINT, "jti": "an-identifier"}.items() <= claims.items()
    assert (1_800_000_000, 1_800_000_030) == (claims["iat"], claims["exp"])
    assert verify_signature("ES256", make_client_key("EC P-256"), message, signature)
    assert b"s3cret" not in request.body


def test_so_does_the_secret_which_is_not_sent() -> None:
    """HS256 unless another one is configured; a key's id is not the secret's."""
    for algorithm, expected in ((None, "HS256"), ("RS512", "HS256"), ("HS384", "HS384")):
        secret = LONG_SECRET * 2
        request = build(
            "client_secret_jwt", client_secret=secret, assertion_algorithm=algorithm, signing_key_id="key-1"
        )
        header, _, message, signature = read_assertion(request)

        assert {"alg": expected, "typ": "JWT"} == header
        assert verify_signature(expected, OctKey.import_key(secret), message, signature)
        assert LONG_SECRET.encode() not in request.body


def test_the_audience_is_the_endpoint_unless_one_is_written() -> None:
    """What is written holds for every endpoint."""
    issuer = "https://issuer.example"
    asked = build("client_secret_jwt", client_secret=LONG_SECRET, assertion_audience=issuer)

    assert issuer == read_assertion(asked)[1]["aud"]
    assert ENDPOINT == read_assertion(build("client_secret_jwt", client_secret=LONG_SECRET))[1]["aud"]


@pytest.mark.parametrize("method", ["client_secret_jwt", "private_key_jwt"])
def test_an_assertion_needs_its_moment(method: ClientAuthenticationMethod) -> None:
    """Without time and identifier there is none; the other methods do without."""
    credentials = make(method=method, client_secret=LONG_SECRET, signing_key=read_signing_key(private_pem("EC P-256")))

    with pytest.raises(ValueError, match=f"{method} needs the moment"):
        build_authenticated_form(ENDPOINT, credentials, FIELDS)
    build_authenticated_form(ENDPOINT, msgspec.structs.replace(credentials, method="client_secret_post"), FIELDS)


@pytest.mark.parametrize("method", ["client_secret_jwt", "private_key_jwt"])
def test_what_cannot_sign_raises_and_says_no_secret(method: ClientAuthenticationMethod) -> None:
    """Nothing goes out unauthenticated."""
    with pytest.raises(ValueError, match=r"(has|needs)") as refused:
        build(method)

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("method", ALL_METHODS[:4])
@pytest.mark.parametrize("offered", [(), ALL_METHODS, ("private_key_jwt", "client_secret_basic", "client_secret_post",
                                                       "client_secret_jwt")])  # fmt: skip
def test_the_configured_method_stays_where_it_is_offered(
    method: ClientAuthenticationMethod, offered: tuple[str, ...]
) -> None:
    """Also where the provider says nothing."""
    credentials = make(method=method)

    assert credentials is choose_credentials(credentials, offered)


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (("client_secret_post", "private_key_jwt"), "client_secret_post"),
        (("private_key_jwt", "client_secret_post"), "private_key_jwt"),
        (("tls_client_auth", "none", "client_secret_jwt", "client_secret_post"), "client_secret_jwt"),
    ],
)
def test_else_the_first_offered_one_that_is_possible_is_used(offered: tuple[str, ...], expected: str) -> None:
    """In the provider's order; a key beside the secret makes one more possible."""
    credentials = make(client_secret=LONG_SECRET, signing_key=read_signing_key(private_pem()))

    assert msgspec.structs.replace(credentials, method=expected) == choose_credentials(credentials, offered)


@pytest.mark.parametrize(
    ("changes", "offered", "expected"),
    [
        ({}, ("private_key_jwt", "client_secret_jwt", "client_secret_post"), "client_secret_post"),
        ({"client_secret": LONG_SECRET}, ("private_key_jwt", "client_secret_jwt"), "client_secret_jwt"),
        ({"client_secret": LONG_SECRET, "assertion_algorithm": "HS512"}, ("client_secret_jwt",), "client_secret_basic"),
    ],
)
def test_one_that_these_credentials_cannot_do_is_passed_over(
    changes: dict[str, Any], offered: tuple[str, ...], expected: str
) -> None:
    """There is no key, the secret is too short to sign, or too short for the configured hash."""
    assert expected == choose_credentials(make(**changes), offered).method


def test_a_key_without_a_secret_does_only_what_keys_do() -> None:
    """An empty secret is never sent."""
    credentials = make(client_secret="", method="private_key_jwt", signing_key=read_signing_key(private_pem()))

    assert "private_key_jwt" == choose_credentials(credentials, ("client_secret_basic", "client_secret_jwt")).method


@pytest.mark.parametrize("offered", [("none",), ("private_key_jwt",), ("tls_client_auth", "none"), ("x",)])
def test_authentication_is_never_left_out(offered: tuple[str, ...]) -> None:
    """Metadata that offers nothing possible, or `none`, does not make a secret client a public one."""
    credentials = make()

    assert credentials is choose_credentials(credentials, offered)


@pytest.mark.parametrize("offered", [(), ("none",), SECRET_METHODS])
def test_a_public_client_stays_one(offered: tuple[str, ...]) -> None:
    """It has nothing to show."""
    credentials = make(client_secret="", method="none")

    assert credentials is choose_credentials(credentials, offered)


def test_without_credentials_the_fields_go_alone() -> None:
    """A form, answered with JSON, within a limit."""
    request = build_authenticated_form(ENDPOINT, None, FIELDS, max_body_bytes=7)

    assert ("POST", b"grant_type=authorization_code&code=a+b%26c", 7) == (
        request.method,
        request.body,
        request.max_body_bytes,
    )
    assert ("Content-Type", "application/x-www-form-urlencoded") in request.headers


def test_credentials_do_not_show_the_secret() -> None:
    """Not in a repr, and not in that of the request."""
    credentials = ClientCredentials(
        client_id="shop", client_secret="s3cret", signing_key=read_signing_key(private_pem("EC P-256"))
    )

    assert "ClientCredentials('shop', client_secret_basic)" == repr(credentials)
    assert "s3cret" not in repr(build("client_secret_post"))
