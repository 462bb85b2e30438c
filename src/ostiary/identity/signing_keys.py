"""What we sign with ourselves: the operator's private key, or a client secret (RFC 7515 §10.1, RFC 7518 §3).

A key is judged once, when it is read: type, size and curve decide which algorithms it signs with, and which one is
meant where nobody says. No text of an error quotes the key. Keys of others are `ostiary.identity.keys`' part.
"""

from typing import final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from ostiary.identity.algorithms import CURVE_ALGORITHMS, MODELS, RSA_ALGORITHMS, SYMMETRIC
from ostiary.identity.keys import MIN_RSA_BITS

_CURVES = {"secp256r1": ("P-256", "ES256"), "secp384r1": ("P-384", "ES384"), "secp521r1": ("P-521", "ES512")}
_SIGNERS = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


@final
class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs, and how. `kind` is for people: `RSA`, `EC P-256`, `Ed25519`, `secret`, ...

    `algorithms` are those that fit the key, `default_algorithm` the one that is used where nobody says. Made by
    `read_signing_key` and `make_secret_key`.
    """

    kind: str
    key: Key
    algorithms: frozenset[str]
    default_algorithm: str

    def __repr__(self) -> str:
        """Name the kind only."""
        return f"SigningKey({self.kind})"

    def sign(self, algorithm: str, message: bytes) -> bytes:
        """Return the signature. Raises ValueError for an algorithm that does not fit the key."""
        if algorithm not in self.algorithms:
            raise ValueError(f"{algorithm} does not fit a key of the kind {self.kind}")
        return MODELS[algorithm].sign(message, self.key)


def read_signing_key(pem: str) -> SigningKey:
    r"""Read the operator's private key: RSA of 2048 bits or more, EC on P-256, P-384 or P-521, Ed25519, Ed448.

    PEM, as PKCS #8 or in the older forms. A literal `\n` is a line break too: that is how a key stands in one line.
    Raises ValueError with a text that completes "the key ...".
    """
    text = pem.replace("\\n", "\n").strip().encode("utf-8")
    if b"ENCRYPTED" in text:
        raise ValueError("is encrypted with a passphrase: write it without one, and keep it in a variable or a secret")
    if b"PRIVATE KEY-----" not in text and (b"PUBLIC KEY-----" in text or b"CERTIFICATE-----" in text):
        raise ValueError("is a public one: signing takes the private half")
    try:
        loaded = load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is no PEM private key (it begins with -----BEGIN PRIVATE KEY-----)") from None
    return _judge(loaded)


def make_secret_key(secret: str) -> SigningKey:
    """Make a key of a client secret; it takes the HMACs whose hash is no longer than it (RFC 7518 §3.2).

    Raises ValueError, with a text that completes "the secret ...", when it is too short for any or is a public key.
    """
    octets = secret.encode("utf-8")
    algorithms = frozenset(name for name in SYMMETRIC if len(octets) * 8 >= int(name[2:]))
    if not algorithms:
        raise ValueError(f"has {len(octets)} bytes, and signing takes 32 or more")
    try:
        key = OctKey.import_key(octets)
    except ValueError:
        raise ValueError("is a public key, with which anybody could sign") from None
    return _make_key("secret", key, algorithms, "HS256")


def _judge(loaded: object) -> SigningKey:
    if isinstance(loaded, rsa.RSAPrivateKey):
        if loaded.key_size < MIN_RSA_BITS:
            raise ValueError(f"has {loaded.key_size} bits, and RSA takes {MIN_RSA_BITS} or more")
        return _make_key("RSA", RSAKey.import_key(_as_pem(loaded)), RSA_ALGORITHMS, "RS256")
    if isinstance(loaded, ec.EllipticCurvePrivateKey):
        if loaded.curve.name not in _CURVES:
            raise ValueError("is on a curve that is none of P-256, P-384 and P-521")
        curve, algorithm = _CURVES[loaded.curve.name]
        key = ECKey.import_key(_as_pem(loaded))
        return _make_key(f"EC {curve}", key, CURVE_ALGORITHMS["EC", curve], algorithm)
    if isinstance(loaded, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        curve = "Ed25519" if isinstance(loaded, ed25519.Ed25519PrivateKey) else "Ed448"
        return _make_key(curve, OKPKey.import_key(_as_pem(loaded)), CURVE_ALGORITHMS["OKP", curve], "EdDSA")
    raise ValueError("is of a type that signs no tokens: RSA, EC and EdDSA keys do")


def _make_key(kind: str, key: Key, algorithms: frozenset[str], default_algorithm: str) -> SigningKey:
    return SigningKey(kind=kind, key=key, algorithms=algorithms, default_algorithm=default_algorithm)


def _as_pem(key: _SIGNERS) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
