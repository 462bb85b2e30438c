"""Verification keys of one issuer and the choice among them (RFC 7517 §4, RFC 8725 §3.1).

A key is judged once, when the set is read: type, size, curve, `use`, `key_ops` and `alg` decide which algorithms it
may verify. Keys come from the issuer's JWKS or the operator's PEM, never from a token. Symmetric keys in a JWKS are
ignored, and so are private members, of which the operator is told.
"""

from collections.abc import Mapping
from typing import Any, final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.util import base64_to_int

from ostiary.errors import OperatorFault, ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.algorithms import ASYMMETRIC, CURVE_ALGORITHMS, RSA_ALGORITHMS, SYMMETRIC, verify_signature
from ostiary.identity.jose import MAX_KEY_ID_CHARACTERS, CompactToken, TokenRefused, UnknownKey
from ostiary.identity.strict_json import InvalidJson, parse_json_object

MAX_KEYS = 64
MAX_KEYS_BYTES = 524_288
MAX_CANDIDATES = 8
MIN_RSA_BITS = 2048

_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
# SEC 2's names, and those of RFC 7518.
_CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@final
class VerificationKey:
    """A public key and the algorithms it may verify. `curve` is None for RSA."""

    __slots__ = ("algorithms", "curve", "key", "kid")

    def __init__(self, kid: str | None, key: Key, algorithms: frozenset[str], curve: str | None = None) -> None:
        """Hold a judged key."""
        self.kid = kid
        self.key = key
        self.algorithms = algorithms
        self.curve = curve


@final
class KeySet:
    """Verification keys; made by `read_key_set` (a provider's JWKS) and `read_public_key` (the operator's PEM).

    A `pinned` set belongs to whatever key id a token names. `notices` tell what was left out of a JWKS, and why.
    """

    __slots__ = ("_by_kid", "_keys", "notices", "pinned")

    def __init__(
        self, keys: tuple[VerificationKey, ...] = (), *, pinned: bool = False, notices: tuple[str, ...] = ()
    ) -> None:
        """Sort the keys by their ids; several with one id are all kept."""
        self._keys = keys
        self.pinned = pinned
        self.notices = notices
        self._by_kid: dict[str, tuple[VerificationKey, ...]] = {}
        for key in keys:
            if key.kid is not None:
                self._by_kid[key.kid] = (*self._by_kid.get(key.kid, ()), key)

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._keys)

    @property
    def keys(self) -> tuple[VerificationKey, ...]:
        """All of them."""
        return self._keys

    def has(self, kid: str) -> bool:
        """Say whether a key with this id is here."""
        return kid in self._by_kid

    def thumbprints(self) -> set[str]:
        """Return what the keys are known by whatever ids they have (RFC 7638)."""
        return {key.key.thumbprint() for key in self._keys}

    def candidates(self, algorithm: str, kid: str | None) -> list[VerificationKey]:
        """Return the keys to try, at most 8. Raises UnknownKey for a `kid` that is not here.

        Without a `kid` those are the keys that take the algorithm.
        """
        keys: tuple[VerificationKey, ...] | None = self._keys
        if kid is not None and not self.pinned:
            keys = self._by_kid.get(kid)
            if keys is None:
                raise UnknownKey(kid)
        return [key for key in keys or () if algorithm in key.algorithms][:MAX_CANDIDATES]


NO_KEYS = KeySet()


def check_signature(token: CompactToken, keys: KeySet) -> VerificationKey:
    """Return the key that verifies the token. Raises TokenRefused `token_algorithm`, `token_signature`, or UnknownKey.

    A token that names no key may be signed with one that is not in memory yet: that is UnknownKey too.
    """
    if token.algorithm not in ASYMMETRIC:
        raise TokenRefused("token_algorithm")
    candidates = keys.candidates(token.algorithm, token.key_id)
    for candidate in candidates:
        if verify_signature(token.algorithm, candidate.key, token.signing_input, token.signature):
            return candidate
    if token.key_id is None and not keys.pinned:
        raise UnknownKey(None)
    raise TokenRefused("token_signature" if candidates else "token_algorithm")


def check_secret_signature(token: CompactToken, secret: str) -> VerificationKey:
    """Verify an HMAC with a client secret that is as long as the hash (RFC 7518 §3.2). Raises TokenRefused."""
    octets = secret.encode("utf-8")
    if token.algorithm not in SYMMETRIC or len(octets) * 8 < int(token.algorithm[2:]):
        raise TokenRefused("token_algorithm")
    try:
        key = OctKey.import_key(octets)
    except ValueError:  # it is a public key: whoever has that could sign
        raise TokenRefused("token_algorithm") from None
    if not verify_signature(token.algorithm, key, token.signing_input, token.signature):
        raise TokenRefused("token_signature")
    return VerificationKey(None, key, frozenset({token.algorithm}))


def check_issuer_signature(
    token: CompactToken, keys: KeySet, algorithms: frozenset[str] | None, client_secret: str
) -> VerificationKey:
    """OpenID Connect Core §3.1.3.7.6-8: signed by the issuer's key, or the client secret for HMAC. Return the key.

    `algorithms` are the accepted ones; None accepts every asymmetric one. Raises TokenRefused, UnknownKey.
    """
    if token.algorithm not in (ASYMMETRIC if algorithms is None else algorithms):
        raise TokenRefused("token_algorithm")
    if token.algorithm in SYMMETRIC:
        return check_secret_signature(token, client_secret)
    return check_signature(token, keys)


def build_keys_request(jwks_uri: str) -> OutboundRequest:
    """Build the GET of a JWKS."""
    headers = (("Accept", "application/jwk-set+json, application/json"),)
    return OutboundRequest(method="GET", url=jwks_uri, headers=headers, max_body_bytes=MAX_KEYS_BYTES)


def read_key_set(response: OutboundResponse) -> KeySet:
    """Read the answer of a `jwks_uri`. Raises ProviderFault `keys_answer_invalid`.

    Keys that cannot be used are left out, those for encryption (RFC 7517 §4.2) without a notice: many providers publish
    them beside the others. A set in which none can be used is no answer.
    """
    if response.status != 200:
        raise ProviderFault("keys_answer_invalid", f"the keys' endpoint answered with status {response.status}")
    try:
        listed = parse_json_object(response.body).get("keys")
    except InvalidJson as error:
        raise ProviderFault("keys_answer_invalid", f"the keys cannot be read: {error}") from None
    if type(listed) is not list or len(listed) > MAX_KEYS:
        raise ProviderFault("keys_answer_invalid", f"`keys` is no list of at most {MAX_KEYS} keys")
    keys = []
    notices: list[str] = []
    for position, jwk in enumerate(listed):
        try:
            keys.append(_read_key(jwk))
        except (ValueError, JoseError, UnsupportedAlgorithm) as error:
            reason = str(error) if type(error) is _Unusable else "its numbers are no valid key"
            if type(jwk) is not dict or jwk.get("use") != "enc":
                notices.append(f"key {position} is ignored: {reason}")
        if type(jwk) is dict and jwk.get("kty") != "oct" and not _PRIVATE_MEMBERS.isdisjoint(jwk):
            notices.append(f"key {position} is published with its private half: whoever reads it can sign tokens")
    if not keys:
        raise ProviderFault("keys_answer_invalid", "the provider publishes no key that verifies signatures")
    return KeySet(tuple(keys), notices=tuple(notices))


class _Unusable(ValueError):  # noqa: N818 - it is about the key, not about an error of ours
    """A JWK that is not for us; the text says why and quotes nothing."""


def _read_key(jwk: Any) -> VerificationKey:  # noqa: ANN401 - a member of somebody else's list
    if type(jwk) is not dict:
        raise _Unusable("it is no JSON object")
    names = _PUBLIC_MEMBERS.get(jwk["kty"]) if type(jwk.get("kty")) is str else None
    if names is None:
        raise _Unusable("its `kty` is none of RSA, EC and OKP")
    public = {"kty": jwk["kty"], **{name: jwk.get(name) for name in names}}
    if not all(type(value) is str for value in public.values()):
        raise _Unusable("a member of its public key is missing or no text")
    _check_use(jwk)
    key, algorithms, curve = _judge(public)
    if "alg" in jwk:
        algorithms = algorithms & {jwk["alg"]} if type(jwk["alg"]) is str else frozenset()
        if not algorithms:
            raise _Unusable("its `alg` is no signature algorithm for such a key")
    kid = jwk.get("kid")
    if kid is not None and (type(kid) is not str or len(kid) > MAX_KEY_ID_CHARACTERS):
        raise _Unusable("its `kid` is no short text")
    return VerificationKey(kid, key, algorithms, curve)


def _check_use(jwk: Mapping[str, Any]) -> None:
    if jwk.get("use", "sig") != "sig":
        raise _Unusable("its `use` is not sig")
    operations = jwk.get("key_ops", ["verify"])
    if type(operations) is not list or "verify" not in operations:
        raise _Unusable("its `key_ops` do not include verify")


def _judge(public: dict[str, Any]) -> tuple[Key, frozenset[str], str | None]:
    """Import a public JWK and find the algorithms it may verify. Raises ValueError or JoseError."""
    if public["kty"] == "RSA":
        _check_rsa_size(base64_to_int(public["n"]).bit_length())
        return RSAKey.import_key(public), RSA_ALGORITHMS, None
    algorithms = CURVE_ALGORITHMS.get((public["kty"], public["crv"]))
    if algorithms is None:
        raise _Unusable("its curve is not one that signs")
    return (ECKey if public["kty"] == "EC" else OKPKey).import_key(public), algorithms, public["crv"]


def _check_rsa_size(bits: int) -> None:
    """Refuse what is too small; cryptography itself refuses an exponent that is even or below 3."""
    if bits < MIN_RSA_BITS:
        raise _Unusable(f"an RSA key needs {MIN_RSA_BITS} bits")


def read_public_key(pem: str) -> KeySet:
    r"""Read the operator's PEM public key or certificate. Raises OperatorFault `public_key_invalid`.

    A literal `\n` between the lines is a line break too: that is how the key stands in JSON examples.
    """
    text = pem.replace("\\n", "\n").strip().encode("utf-8")
    try:
        loaded = (
            x509.load_pem_x509_certificate(text).public_key() if b"CERTIFICATE" in text else load_pem_public_key(text)
        )
        return KeySet((_wrap(loaded),), pinned=True)
    except _Unusable as error:
        raise OperatorFault("public_key_invalid", f"public_key: {error}") from None
    except (ValueError, JoseError, UnsupportedAlgorithm):
        detail = "public_key is no PEM public key or certificate (it begins with -----BEGIN PUBLIC KEY-----)"
        raise OperatorFault("public_key_invalid", detail) from None


def _wrap(loaded: object) -> VerificationKey:
    if isinstance(loaded, rsa.RSAPublicKey):
        _check_rsa_size(loaded.key_size)
        return VerificationKey(None, RSAKey.import_key(_as_pem(loaded)), RSA_ALGORITHMS)
    if isinstance(loaded, ec.EllipticCurvePublicKey) and loaded.curve.name in _CURVE_NAMES:
        curve = _CURVE_NAMES[loaded.curve.name]
        return VerificationKey(None, ECKey.import_key(_as_pem(loaded)), CURVE_ALGORITHMS["EC", curve], curve)
    if isinstance(loaded, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        curve = "Ed25519" if isinstance(loaded, ed25519.Ed25519PublicKey) else "Ed448"
        return VerificationKey(None, OKPKey.import_key(_as_pem(loaded)), CURVE_ALGORITHMS["OKP", curve], curve)
    raise _Unusable("keys of this type sign no tokens")


def _as_pem(
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey,
) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
