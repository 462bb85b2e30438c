"""Signature algorithms."""

from hashlib import sha256, sha384, sha512, shake_256

import pytest

from ostiary.identity.algorithms import ASYMMETRIC, MODELS, RSA_ALGORITHMS, SYMMETRIC, digest_for, verify_signature
from tests.fakes.issuer import make_key

KEYS = {
    **dict.fromkeys(RSA_ALGORITHMS, ("RSA", 2048)),
    **dict.fromkeys(SYMMETRIC, ("oct", 512)),
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"), "ES256K": ("EC", "secp256k1"),
    "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519"), "Ed448": ("OKP", "Ed448"),
}  # fmt: skip


def test_every_registered_algorithm_but_none_is_known() -> None:
    """`none` is not an algorithm here."""
    assert set(KEYS) == ASYMMETRIC | SYMMETRIC == set(MODELS)
    assert "none" not in MODELS


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_a_signature_verifies_with_its_key_and_text_alone(algorithm: str) -> None:
    """Another key, another text, another or an empty signature: no."""
    kind, form = KEYS[algorithm]
    key, other = make_key(kind, form), make_key(kind, form, 1)
    signature = MODELS[algorithm].sign(b"text", key)
    flipped = bytes([signature[0] ^ 1]) + signature[1:]

    assert verify_signature(algorithm, key, b"text", signature)
    assert not verify_signature(algorithm, other, b"text", signature)
    assert not verify_signature(algorithm, key, b"another", signature)
    assert not verify_signature(algorithm, key, b"text", flipped)
    assert not verify_signature(algorithm, key, b"text", b"")
    assert not verify_signature(algorithm, key, b"text", b"\0" * len(signature))


@pytest.mark.parametrize(
    ("algorithm", "curve", "expected"),
    [
        ("RS256", None, sha256(b"x").digest()),
        ("PS384", None, sha384(b"x").digest()),
        ("ES512", "P-521", sha512(b"x").digest()),
        ("ES256K", "secp256k1", sha256(b"x").digest()),
        ("HS256", None, sha256(b"x").digest()),
        ("EdDSA", "Ed25519", sha512(b"x").digest()),
        ("Ed25519", "Ed25519", sha512(b"x").digest()),
        ("EdDSA", "Ed448", shake_256(b"x").digest(114)),
        ("Ed448", "Ed448", shake_256(b"x").digest(114)),
    ],
)
def test_the_hash_is_that_of_the_algorithm(algorithm: str, curve: str | None, expected: bytes) -> None:
    """For EdDSA the curve decides."""
    assert expected == digest_for(algorithm, curve, b"x")
