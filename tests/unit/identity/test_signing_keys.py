"""What we sign with ourselves."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.algorithms import verify_signature
from ostiary.identity.signing_keys import make_secret_key, read_signing_key
from tests.fakes.client_keys import CLIENT_KEYS, make_client_key, private_pem
from tests.fakes.issuer import public_pem

RSA_FAMILY = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
FITTING = {
    "RSA": RSA_FAMILY,
    "EC P-256": {"ES256"},
    "EC P-384": {"ES384"},
    "EC P-521": {"ES512"},
    "Ed25519": {"EdDSA", "Ed25519"},
    "Ed448": {"EdDSA", "Ed448"},
}


def refusal(pem: str) -> str:
    """Return what is said about a key that is refused, none of which is in the text."""
    with pytest.raises(ValueError, match=r"^(is|has) ") as refused:
        read_signing_key(pem)
    assert refused.value.__cause__ is None
    assert [line for line in pem.splitlines() if len(line) > 40 and line in str(refused.value)] == []
    return str(refused.value)


def write_old(pem: str, form: PrivateFormat = PrivateFormat.TraditionalOpenSSL) -> str:
    """Write a key in another form than PKCS #8."""
    loaded = load_pem_private_key(pem.encode(), None)
    return loaded.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@pytest.mark.parametrize("kind", CLIENT_KEYS)
def test_a_key_knows_what_it_signs_with(kind: str) -> None:
    """Its kind, the algorithms that fit, and the one that is meant where nobody says."""
    key = read_signing_key(private_pem(kind))

    assert (kind, CLIENT_KEYS[kind][2], FITTING[kind]) == (key.kind, key.default_algorithm, key.algorithms)


@pytest.mark.parametrize("kind", CLIENT_KEYS)
def test_what_it_signs_is_verified_with_the_public_half(kind: str) -> None:
    """By every algorithm that fits, and by none that does not."""
    key = read_signing_key(private_pem(kind))

    for algorithm in key.algorithms:
        assert verify_signature(algorithm, make_client_key(kind), b"message", key.sign(algorithm, b"message"))
    for algorithm in {"RS256", "ES256", "EdDSA", "HS256", "none"} - key.algorithms:
        with pytest.raises(ValueError, match="does not fit"):
            key.sign(algorithm, b"message")


def test_a_key_may_stand_in_one_line_and_in_older_forms() -> None:
    r"""A literal `\n` is a line break, blanks around it do not count; PKCS #1 and SEC 1 are read too."""
    pem = private_pem("EC P-256")
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

    for written in (pem.replace("\n", "\\n"), f"\n  {pem}\n\n", write_old(pem), parameters + write_old(pem)):
        assert "EC P-256" == read_signing_key(written).kind
    assert "RSA" == read_signing_key(write_old(private_pem())).kind


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_is_refused(form: PrivateFormat) -> None:
    """In both spellings: nobody is there to type a passphrase."""
    loaded = load_pem_private_key(private_pem().encode(), None)
    pem = loaded.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"passphrase")).decode()

    assert "passphrase" in refusal(pem)


def test_a_public_key_or_a_certificate_is_refused() -> None:
    """By name: mixing up the two files is the likeliest mistake."""
    certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"

    for pem in (public_pem(make_client_key("RSA")).decode(), certificate):
        assert "is a public one: signing takes the private half" == refusal(pem)


def test_weak_and_foreign_keys_are_refused() -> None:
    """Small RSA keys, other curves, and types that sign no tokens."""
    keys: dict[str, PrivateKeyTypes] = {
        "1024 bits": rsa.generate_private_key(65537, 1024),
        "is on a curve": ec.generate_private_key(ec.SECP256K1()),
        "is of a type": x25519.X25519PrivateKey.generate(),
        "is of a type that signs no tokens": dsa.generate_private_key(2048),
    }

    for words, key in keys.items():
        assert words in refusal(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.mark.parametrize("pem", ["", "secret", "ü", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_what_is_no_key_is_refused(pem: str) -> None:
    """With what one looks like."""
    assert "is no PEM private key (it begins with -----BEGIN PRIVATE KEY-----)" == refusal(pem)


@given(st.text(max_size=64))
def test_whatever_is_written_is_a_key_or_a_clear_refusal(text: str) -> None:
    """Nothing else comes out."""
    with pytest.raises(ValueError, match=r"^is "):
        read_signing_key(text)


@pytest.mark.parametrize(
    ("length", "algorithms"),
    [(32, {"HS256"}), (47, {"HS256"}), (48, {"HS256", "HS384"}), (64, {"HS256", "HS384", "HS512"})],
)
def test_a_secret_takes_the_hashes_that_it_is_long_enough_for(length: int, algorithms: set[str]) -> None:
    """RFC 7518 §3.2; HS256 where nobody says."""
    key = make_secret_key("s" * length)

    assert (frozenset(algorithms), "HS256", "secret") == (key.algorithms, key.default_algorithm, key.kind)


@pytest.mark.parametrize("secret", ["", "s" * 31])
def test_a_short_secret_does_not_sign(secret: str) -> None:
    """Whoever sees one assertion could guess it."""
    with pytest.raises(ValueError, match=f"^has {len(secret)} bytes, and signing takes 32 or more$"):
        make_secret_key(secret)


def test_a_public_key_is_no_secret() -> None:
    """Everybody has it."""
    with pytest.raises(ValueError, match=r"^is a public key") as refused:
        make_secret_key(public_pem(make_client_key("EC P-256")).decode())

    assert refused.value.__cause__ is None


def test_no_repr_shows_a_key() -> None:
    """The kind is all."""
    assert "SigningKey(RSA)" == repr(read_signing_key(private_pem()))
    assert "SigningKey(secret)" == repr(make_secret_key("s" * 32))
