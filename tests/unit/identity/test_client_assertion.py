"""Client assertions."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from ostiary.identity.algorithms import verify_signature
from ostiary.identity.client_assertion import (
    AssertionMoment,
    AssertionSigner,
    build_client_assertion,
    choose_algorithm,
    make_moment,
)
from ostiary.identity.signing_keys import make_secret_key, read_signing_key
from tests.fakes.client_keys import CLIENT_KEYS, make_client_key, private_pem

SECRET = "a-secret-that-is-long-enough-to-sign-with-whatever-the-hash-function"
MOMENT = AssertionMoment(1_800_000_000.9, "an-identifier")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
KEYS = {"secret": make_secret_key(SECRET), **{kind: read_signing_key(private_pem(kind)) for kind in CLIENT_KEYS}}


def build(signer: AssertionSigner, moment: AssertionMoment = MOMENT, **changes: Any) -> str:
    """Build an assertion of the client shop."""
    claims: dict[str, Any] = {
        "client_id": "shop",
        "audience": "https://issuer.example/token",
        "lifetime_s": 60,
    } | changes
    return build_client_assertion(signer, moment, **claims)


def read(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Take an assertion apart: header, claims, what is signed, and the signature."""
    header, claims, signature = [urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in assertion.split(".")]
    return json.loads(header), json.loads(claims), assertion.rpartition(".")[0].encode(), signature


@pytest.mark.parametrize("kind", KEYS)
@given(TEXT, TEXT, TEXT, st.integers(0, 2**33), st.integers(1, 2**31))
@settings(max_examples=20)
def test_an_assertion_is_verified_with_the_key_that_the_provider_has(
    kind: str, client_id: str, audience: str, identifier: str, now: int, lifetime_s: int
) -> None:
    """For every kind of key and every algorithm that fits it, whatever the texts are."""
    known = OctKey.import_key(SECRET) if kind == "secret" else make_client_key(kind)
    for algorithm in KEYS[kind].algorithms:
        assertion = build(
            AssertionSigner(key=KEYS[kind], algorithm=algorithm),
            AssertionMoment(float(now), identifier),
            client_id=client_id,
            audience=audience,
            lifetime_s=lifetime_s,
        )
        header, claims, message, signature = read(assertion)

        assert {"alg": algorithm, "typ": "JWT"} == header
        assert verify_signature(algorithm, known, message, signature)
        assert claims == {
            "iss": client_id, "sub": client_id, "aud": audience, "jti": identifier, "iat": now, "exp": now + lifetime_s
        }  # fmt: skip


def test_another_key_does_not_verify_it() -> None:
    """The yardstick of the test above."""
    _, _, message, signature = read(build(AssertionSigner(key=KEYS["RSA"], algorithm="RS256")))

    assert verify_signature("RS256", make_client_key("RSA"), message, signature)
    assert not verify_signature("RS256", make_client_key("RSA", 1), message, signature)


def test_the_header_names_the_key_when_it_has_a_name() -> None:
    """And times are whole seconds."""
    header, claims, _, _ = read(build(AssertionSigner(key=KEYS["EC P-256"], algorithm="ES256", key_id="client-key-1")))

    assert {"alg": "ES256", "typ": "JWT", "kid": "client-key-1"} == header
    assert (1_800_000_000, 1_800_000_060) == (claims["iat"], claims["exp"])


def test_an_algorithm_of_another_key_signs_nothing() -> None:
    """An EC algorithm with an RSA key is an error, not a crash."""
    with pytest.raises(ValueError, match="ES256 does not fit a key of the kind RSA"):
        build(AssertionSigner(key=KEYS["RSA"], algorithm="ES256"))


@pytest.mark.parametrize(
    ("kind", "configured", "expected"),
    [
        ("RSA", None, "RS256"),
        ("RSA", "PS512", "PS512"),
        ("RSA", "HS512", "RS256"),
        ("Ed25519", "Ed25519", "Ed25519"),
        ("secret", None, "HS256"),
        ("secret", "HS384", "HS384"),
        ("secret", "RS512", "HS256"),
    ],
)
def test_the_configured_algorithm_is_for_keys_of_its_kind(kind: str, configured: str | None, expected: str) -> None:
    """HS512 says nothing about a private key, RS512 nothing about a secret."""
    assert expected == choose_algorithm(KEYS[kind], configured)


@pytest.mark.parametrize(("kind", "configured"), [("RSA", "ES256"), ("EC P-256", "ES384"), ("short", "HS512")])
def test_one_of_its_kind_that_does_not_fit_is_refused(kind: str, configured: str) -> None:
    """No other one is signed with instead."""
    key = make_secret_key("s" * 32) if kind == "short" else KEYS[kind]

    with pytest.raises(ValueError, match=f"{configured} does not fit"):
        choose_algorithm(key, configured)


def test_a_moment_has_an_identifier_of_its_own() -> None:
    """128 random bits, and no fewer."""
    moments = {make_moment(5.0, bytes([number]) * 16).identifier for number in range(3)}

    assert 3 == len(moments)
    assert {22} == {len(identifier) for identifier in moments}
    with pytest.raises(ValueError, match="16 random bytes"):
        make_moment(5.0, bytes(15))


def test_no_repr_shows_a_key() -> None:
    """Neither the secret nor the private numbers."""
    for key in KEYS.values():
        shown = repr(AssertionSigner(key=key, algorithm=key.default_algorithm))
        assert f"SigningKey({key.kind})" in shown
        assert len(shown) < 120
