"""Verification keys and the choice among them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import OctKey

from ostiary.errors import OperatorFault, ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.jose import CompactToken, TokenRefused, UnknownKey, parse_compact_token
from ostiary.identity.keys import (
    MAX_CANDIDATES,
    MAX_KEYS,
    MAX_KEYS_BYTES,
    NO_KEYS,
    KeySet,
    build_keys_request,
    check_issuer_signature,
    check_secret_signature,
    check_signature,
    read_key_set,
    read_public_key,
)
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import JWKS_URI, access_claims, answer_keys, assemble, encode, make_key, publish, sign

RSA_KEY = publish(make_key())


def test_keys_are_known_by_what_they_are() -> None:
    """Not by their ids."""
    one, same, other = (
        read_key_set(answer_json({"keys": [key]})).thumbprints()
        for key in (RSA_KEY, {**RSA_KEY, "kid": "another"}, publish(make_key(number=1)))
    )

    assert one == same
    assert one.isdisjoint(other)
    assert set() == NO_KEYS.thumbprints()


def parse(raw: str) -> CompactToken:
    """Parse a token that is well-formed."""
    return parse_compact_token(raw.encode())


def is_verified(token: CompactToken, keys: KeySet) -> bool:
    """Say whether a key of the set verifies the token, raising what refuses it."""
    return token.algorithm in check_signature(token, keys).algorithms


def refusal(token: CompactToken, keys: KeySet) -> str:
    """Return the code with which a token's signature is refused."""
    with pytest.raises(TokenRefused) as caught:
        check_signature(token, keys)
    return caught.value.code


def only_notice(jwk: Any) -> str:
    """Return why a key is ignored."""
    keys = read_key_set(answer_json({"keys": [publish(make_key(), "good"), jwk]}))
    assert 1 == len(keys)
    return keys.notices[0]


def pem_of(public_key: Any) -> str:
    """Write a public key as the operator would paste it."""
    pem: bytes = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


@pytest.mark.parametrize(
    ("kind", "form", "algorithms"),
    [
        ("RSA", 2048, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        ("EC", "P-256", ["ES256"]),
        ("EC", "P-384", ["ES384"]),
        ("EC", "P-521", ["ES512"]),
        ("EC", "secp256k1", ["ES256K"]),
        ("OKP", "Ed25519", ["EdDSA", "Ed25519"]),
        ("OKP", "Ed448", ["EdDSA", "Ed448"]),
    ],
)
def test_each_published_key_verifies_its_algorithms(kind: str, form: str | int, algorithms: list[str]) -> None:
    """Every registered asymmetric algorithm works, from a JWKS and from a PEM."""
    key = make_key(kind, form)
    published = read_key_set(answer_keys(publish(key)))
    pinned = read_public_key(pem_of(key.public_key))

    for algorithm in algorithms:
        token = parse(sign(access_claims(), key, alg=algorithm))
        assert check_signature(token, published).key.key_type == kind
        assert check_signature(token, pinned).curve == (form if kind != "RSA" else None)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "RSA1_5", "", "rs256"])
def test_what_is_no_asymmetric_algorithm_is_refused_before_any_key(algorithm: str) -> None:
    """A public key never reaches an HMAC, and `none` is no algorithm in any spelling."""
    token = parse(assemble({"alg": algorithm}, access_claims()))

    assert "token_algorithm" == refusal(token, read_key_set(answer_keys()))
    assert "token_algorithm" == refusal(token, NO_KEYS)


def test_an_hmac_with_the_published_key_as_its_secret_is_refused() -> None:
    """CVE-2022-29217 and its family."""
    secret = OctKey(pem_of(make_key().public_key).encode(), None)
    forged = parse(sign(access_claims(), secret, alg="HS256"))

    assert "token_algorithm" == refusal(forged, read_key_set(answer_keys()))


def test_another_key_under_the_same_id_does_not_verify() -> None:
    """The id finds a key; only the signature proves it."""
    token = parse(sign(access_claims(), make_key(number=1)))

    assert "token_signature" == refusal(token, read_key_set(answer_keys()))


def test_a_token_is_refused_when_its_key_is_for_another_algorithm() -> None:
    """`alg` of the key, type of the key and curve all bind it."""
    token = parse(sign(access_claims(), alg="RS512"))
    elliptic = parse(sign(access_claims(), make_key("EC", "P-384"), alg="ES384"))

    assert "token_algorithm" == refusal(token, read_key_set(answer_keys(publish(make_key(), alg="RS256"))))
    assert "token_algorithm" == refusal(elliptic, read_key_set(answer_keys()))
    assert "token_algorithm" == refusal(elliptic, read_key_set(answer_keys(publish(make_key("EC", "P-256")))))


def test_an_unknown_key_id_says_which_one() -> None:
    """So that the keys can be fetched again for it."""
    token = parse(sign(access_claims(), kid="key-2"))

    with pytest.raises(UnknownKey) as caught:
        check_signature(token, read_key_set(answer_keys()))
    assert "key-2" == caught.value.kid


def test_keys_with_one_id_are_all_tried() -> None:
    """A duplicate key id is a list of candidates, not an overwrite."""
    keys = read_key_set(answer_keys(publish(make_key(number=1)), RSA_KEY, publish(make_key("EC", "P-256"))))

    assert is_verified(parse(sign(access_claims())), keys)
    assert is_verified(parse(sign(access_claims(), make_key(number=1))), keys)
    assert is_verified(parse(sign(access_claims(), make_key("EC", "P-256"), alg="ES256")), keys)


def test_without_a_key_id_the_keys_that_take_the_algorithm_are_tried() -> None:
    """The others are not; and a signature by none of them may be by a key that is new."""
    keys = read_key_set(answer_keys(publish(make_key("EC", "P-256"), "a"), publish(make_key(), None)))

    assert is_verified(parse(sign(access_claims(), kid=None)), keys)
    with pytest.raises(UnknownKey) as caught:
        check_signature(parse(sign(access_claims(), make_key(number=1), kid=None)), keys)
    assert caught.value.kid is None


def test_a_key_without_id_is_not_meant_by_a_token_that_names_one() -> None:
    """The provider says which is which."""
    keys = read_key_set(answer_keys(publish(make_key(), None)))

    assert "token_key_unknown" == refusal(parse(sign(access_claims())), keys)
    assert (False, True) == (keys.has("key-1"), read_key_set(answer_keys()).has("key-1"))


def test_at_most_eight_keys_are_tried() -> None:
    """A token without a key id is no lever for work."""
    elliptic = make_key("EC", "P-256")
    decoys = [publish(make_key("EC", "P-256", 1), f"decoy-{number}") for number in range(MAX_CANDIDATES)]
    token = parse(sign(access_claims(), elliptic, alg="ES256", kid=None))

    assert is_verified(token, read_key_set(answer_keys(*decoys[1:], publish(elliptic))))
    assert "token_key_unknown" == refusal(token, read_key_set(answer_keys(*decoys, publish(elliptic))))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"use": "tls"}, "use"),
        ({"use": ["sig"]}, "use"),
        ({"key_ops": ["sign"]}, "key_ops"),
        ({"key_ops": "verify"}, "key_ops"),
        ({"key_ops": []}, "key_ops"),
        ({"alg": "RSA-OAEP"}, "alg"),
        ({"alg": "ES256"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": ["RS256"]}, "alg"),
        ({"kid": 7}, "kid"),
        ({"kid": "k" * 257}, "kid"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "kty"),
        ({"kty": "AKP"}, "kty"),
        ({"kty": ["RSA"]}, "kty"),
        ({"kty": "EC"}, "missing"),
        ({"n": None}, "missing"),
        ({"e": 65537}, "missing"),
        ({"n": "!!!"}, "numbers"),
        ({"e": "AQAA"}, "numbers"),
        ({"e": "AQ"}, "numbers"),
    ],
)
def test_a_key_that_is_not_for_us_is_ignored_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    """Use, operations, algorithm, id, type, missing and wrong numbers."""
    jwk = RSA_KEY | changes
    notice = only_notice({name: value for name, value in jwk.items() if value is not None})

    assert notice.startswith("key 1 is ignored: ")
    assert reason in notice


def test_a_key_for_encryption_is_left_out_without_a_word() -> None:
    """It is nothing unusual; that its private half is published would be."""
    encryption = publish(make_key(), "key-2") | {"use": "enc", "alg": "RSA-OAEP"}
    keys = read_key_set(answer_keys(RSA_KEY, encryption))

    assert (False, ()) == (keys.has("key-2"), keys.notices)
    (notice,) = read_key_set(answer_keys(RSA_KEY, encryption | {"d": "AQAB"})).notices
    assert "private half" in notice


@pytest.mark.parametrize(
    "jwk",
    [
        "text",
        None,
        publish(make_key("EC", "P-256")) | {"crv": "P-512"},
        publish(make_key("EC", "P-256")) | {"crv": "Ed25519"},
        publish(make_key("EC", "P-256")) | {"crv": "P-384"},
        publish(make_key("EC", "P-256")) | {"x": "AQ", "y": "AQ"},
        publish(make_key("OKP", "Ed25519")) | {"crv": "X25519"},
        publish(make_key("OKP", "Ed25519")) | {"crv": "P-256"},
        publish(make_key("OKP", "Ed25519")) | {"x": "AQ"},
    ],
)
def test_what_is_no_key_is_ignored(jwk: Any) -> None:
    """Points that are not on their curve, curves that do not sign, curves of another type."""
    assert only_notice(jwk).startswith("key 1 is ignored: ")


def test_a_small_rsa_key_is_ignored() -> None:
    """Less than 2048 bits verify nothing."""
    small = rsa.generate_private_key(65537, 1024).public_key()
    numbers = small.public_numbers()
    jwk = {"kty": "RSA", "kid": "small"}
    for name, number in (("n", numbers.n), ("e", numbers.e)):
        jwk[name] = encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()

    assert "2048 bits" in only_notice(jwk)
    with pytest.raises(OperatorFault, match="2048 bits"):
        read_public_key(pem_of(small))


def test_a_published_private_half_is_told_and_not_used() -> None:
    """The key still verifies; the operator reads that the provider leaks."""
    leaky = make_key("EC", "P-256").as_dict(private=True, kid="key-1")
    keys = read_key_set(answer_keys(leaky))

    assert "private half" in keys.notices[0]
    assert is_verified(parse(sign(access_claims(), make_key("EC", "P-256"), alg="ES256")), keys)


def test_keys_from_the_header_are_never_used() -> None:
    """`jwk`, `jku`, `x5u`, `x5c` in a header change nothing (CVE-2026-27962)."""
    own = make_key(number=1)
    header = {"jwk": publish(own), "jku": "https://evil.example/keys", "x5u": "https://evil.example/x", "x5c": ["x"]}

    assert "token_signature" == refusal(parse(sign(access_claims(), own, header=header)), read_key_set(answer_keys()))
    assert is_verified(parse(sign(access_claims(), header=header)), read_key_set(answer_keys()))


@pytest.mark.parametrize(
    "answer",
    [
        OutboundResponse(status=404, body=b'{"keys":[]}'),
        OutboundResponse(status=200, body=b"<html>"),
        OutboundResponse(status=200, body=b'{"keys":[],"keys":[]}'),
        answer_json({}),
        answer_json({"keys": {}}),
        answer_json({"keys": []}),
        answer_json({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}),
        answer_json({"keys": [RSA_KEY] * (MAX_KEYS + 1)}),
    ],
)
def test_an_answer_without_usable_keys_is_a_fault(answer: OutboundResponse) -> None:
    """Wrong status, wrong form, nothing in it, too much in it."""
    with pytest.raises(ProviderFault) as caught:
        read_key_set(answer)
    assert "keys_answer_invalid" == caught.value.code


def test_as_many_keys_as_allowed_are_read() -> None:
    """The limit itself is fine."""
    assert MAX_KEYS == len(read_key_set(answer_json({"keys": [RSA_KEY] * MAX_KEYS})))


def test_the_request_for_keys_is_bounded() -> None:
    """A GET of half a megabyte at most."""
    request = build_keys_request(JWKS_URI)

    assert ("GET", JWKS_URI, MAX_KEYS_BYTES) == (request.method, request.url, request.max_body_bytes)


def test_a_pinned_key_verifies_whatever_id_a_token_names() -> None:
    """And what it does not verify is refused for good: there is nothing to fetch."""
    pinned = read_public_key(pem_of(make_key().public_key))

    for kid in ("key-1", "key-2", None):
        assert is_verified(parse(sign(access_claims(), kid=kid)), pinned)
        assert "token_signature" == refusal(parse(sign(access_claims(), make_key(number=1), kid=kid)), pinned)


def test_a_public_key_is_read_in_the_forms_operators_paste() -> None:
    r"""With `\n` spelt out, with white space around, and as a certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer.example")])
    today = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, today, today + timedelta(days=1))
    certificate = builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
    pem = pem_of(key.public_key())

    for text in (pem, pem.replace("\n", "\\n"), f"\n  {pem}  \n", certificate):
        assert 1 == len(read_public_key(text))


def test_what_is_no_public_signature_key_is_the_operators_fault() -> None:
    """The text names the field and never repeats the value."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    exchange = pem_of(x25519.X25519PrivateKey.generate().public_key())
    old = pem_of(dsa.generate_private_key(2048).public_key())
    brainpool = pem_of(ec.generate_private_key(ec.BrainpoolP256R1()).public_key())
    torn = pem_of(ed25519.Ed25519PrivateKey.generate().public_key())[:-40]

    for text in ("", "not a key", private, exchange, old, brainpool, torn, "-----BEGIN CERTIFICATE-----\nAAAA\n"):
        with pytest.raises(OperatorFault) as caught:
            read_public_key(text)
        assert "public_key_invalid" == caught.value.code
        assert text[30:90] not in caught.value.detail or len(text) < 30


@pytest.mark.parametrize(("algorithm", "length"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_as_long_as_the_hash_verifies(algorithm: str, length: int) -> None:
    """One byte less does not (RFC 7518 §3.2), and neither does another secret."""
    secret = "s" * length
    signed = parse(sign(access_claims(), OctKey(secret.encode(), None), alg=algorithm))
    short = parse(sign(access_claims(), OctKey(secret[1:].encode(), None), alg=algorithm))

    assert frozenset({algorithm}) == check_secret_signature(signed, secret).algorithms
    for token, candidate, code in (
        (short, secret[1:], "token_algorithm"),
        (signed, "t" * length, "token_signature"),
        (signed, "", "token_algorithm"),
    ):
        with pytest.raises(TokenRefused, match=code):
            check_secret_signature(token, candidate)


def test_a_secret_that_is_a_public_key_verifies_nothing() -> None:
    """Whoever has the key could sign."""
    pem = pem_of(make_key().public_key)
    token = parse(sign(access_claims(), OctKey(pem.encode(), None), alg="HS256"))

    with pytest.raises(TokenRefused, match="token_algorithm"):
        check_secret_signature(token, pem)


def test_an_asymmetric_token_is_never_verified_with_a_secret() -> None:
    """The two worlds do not meet."""
    with pytest.raises(TokenRefused, match="token_algorithm"):
        check_secret_signature(parse(sign(access_claims())), "s" * 64)


def test_an_issuer_signs_with_what_it_announced() -> None:
    """Its keys, or the client secret for an HMAC; without a word of its own every asymmetric algorithm is fine."""
    keys = read_key_set(answer_keys())
    by_key, by_secret = parse(sign(access_claims())), parse(sign(access_claims(), OctKey(b"s" * 32, None), alg="HS256"))

    assert check_issuer_signature(by_key, keys, None, "").kid == "key-1"
    assert check_issuer_signature(by_secret, keys, frozenset({"HS256"}), "s" * 32).kid is None
    for token, algorithms in ((by_key, frozenset({"ES256"})), (by_secret, None), (by_secret, frozenset({"RS256"}))):
        with pytest.raises(TokenRefused, match="token_algorithm"):
            check_issuer_signature(token, keys, algorithms, "s" * 32)
