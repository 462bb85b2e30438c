"""ID tokens: one refusal for every line of the specification's list, and the odd tokens that libraries let through."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from ostiary.identity.algorithms import ASYMMETRIC, SYMMETRIC
from ostiary.identity.id_token import ExpectedIdToken, read_id_token
from ostiary.identity.jose import TokenRefused, UnknownKey
from ostiary.identity.keys import NO_KEYS, KeySet, read_key_set
from ostiary.identity.logout_token import LOGOUT_EVENT
from tests.fakes.issuer import (
    CLIENT_ID,
    ISSUER,
    NOW,
    answer_keys,
    assemble,
    encode,
    id_claims,
    logout_claims,
    make_key,
    public_pem,
    publish,
    sign,
)

KEYS = read_key_set(answer_keys())
EXPECTED = ExpectedIdToken(issuer=ISSUER, client_id=CLIENT_ID, nonce="nonce-1")


def expect(**changes: Any) -> ExpectedIdToken:
    """Return the usual expectation with changes."""
    return msgspec.structs.replace(EXPECTED, **changes)


def refusal(raw: str, expected: ExpectedIdToken = EXPECTED, keys: KeySet = KEYS, now: float = NOW) -> str:
    """Return the code with which a token is refused."""
    with pytest.raises(TokenRefused) as caught:
        read_id_token(raw, expected, keys, now)
    return caught.value.code


def is_accepted(raw: str, expected: ExpectedIdToken = EXPECTED, keys: KeySet = KEYS, now: float = NOW) -> bool:
    """Say whether a token is accepted, raising what refuses it."""
    return read_id_token(raw, expected, keys, now).raw == raw


def half(value: str) -> str:
    """Return the hash claim for a value, with SHA-256."""
    return urlsafe_b64encode(sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def test_a_good_token_is_read() -> None:
    """Its claims come back, and nothing of it is shown."""
    raw = sign(id_claims())
    token = read_id_token(raw, EXPECTED, KEYS, NOW)

    assert (id_claims(), raw) == (token.claims, token.raw)
    assert "VerifiedIdToken(***)" == repr(token)
    assert "nonce" not in repr(EXPECTED)


# 1. Size, segments, alphabet, strict JSON.


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "token_malformed"),
        ("x" * 20_000, "token_too_large"),
        ("a.b", "token_malformed"),
        ("tökén", "token_malformed"),
        (sign(id_claims()) + "==", "token_malformed"),
        (sign(id_claims()) + "\n", "token_malformed"),
        (sign(b'{"sub":"a","sub":"b"}'), "token_json"),
        (sign(id_claims(), header=b'{"alg":"none","alg":"RS256"}'), "token_json"),
        (sign(msgspec.json.encode(id_claims()).decode().encode("utf-16")), "token_json"),
        (sign(b"[]"), "token_json"),
        (sign(msgspec.json.encode(id_claims()).replace(b'"nonce-1"', b"NaN")), "token_json"),
    ],
)
def test_rule_1_what_is_no_strict_token_is_refused(raw: str, code: str) -> None:
    """Signed or not."""
    assert code == refusal(raw)


# 2. Encryption.


def test_rule_2_an_encrypted_token_is_refused() -> None:
    """Five segments, or members of an encrypted token in a signed one (CVE-2024-33531)."""
    assert "token_encrypted" == refusal(f"{sign(id_claims())}.AAAA.AAAA")
    assert "token_header" == refusal(sign(id_claims(), header={"enc": "A256GCM"}))


# 3. Issuer.


@pytest.mark.parametrize("issuer", [ISSUER + "/", ISSUER.upper(), "https://evil.example", None, 7, [ISSUER]])
def test_rule_3_the_issuer_is_exactly_ours(issuer: Any) -> None:
    """No final slash, no other case, no list is forgiven."""
    assert refusal(sign(id_claims(iss=issuer))) in {"token_issuer", "token_claim"}


# 4. Audience.


@pytest.mark.parametrize("audience", ["other", "SHOP", None, [], ["other"], {}, 7, ["shop", 7]])
def test_rule_4_we_are_the_audience(audience: Any) -> None:
    """Text or array of texts."""
    assert refusal(sign(id_claims(aud=audience))) in {"token_audience", "token_claim"}


def test_rule_4_another_audience_is_refused_unless_it_is_trusted() -> None:
    """Trust is by name."""
    raw = sign(id_claims(aud=["shop", "billing"], azp="shop"))

    assert "token_audience" == refusal(raw)
    assert "token_audience" == refusal(raw, expect(other_audiences=frozenset({"account"})))
    assert is_accepted(raw, expect(other_audiences=frozenset({"billing"})))
    assert is_accepted(sign(id_claims(aud=["shop"])))


# 5. Authorized party.


def test_rule_5_several_audiences_need_an_authorized_party() -> None:
    """And it is us whenever it is there."""
    trusting = expect(other_audiences=frozenset({"billing"}))

    assert "token_authorized_party" == refusal(sign(id_claims(aud=["shop", "billing"])), trusting)
    assert "token_authorized_party" == refusal(sign(id_claims(aud=["shop", "billing"], azp="billing")), trusting)
    assert "token_authorized_party" == refusal(sign(id_claims(azp="billing")))
    assert "token_claim" == refusal(sign(id_claims(azp=["shop"])))
    assert is_accepted(sign(id_claims(azp="shop")))


# 6. Signature.


def test_rule_6_the_signature_is_always_verified() -> None:
    """Over the token endpoint, too; `none` is refused in every spelling, with and without a signature."""
    good = sign(id_claims())

    assert "token_signature" == refusal(assemble({"alg": "RS256", "kid": "key-1"}, id_claims(), b"x" * 256))
    assert "token_signature" == refusal(sign(id_claims(), make_key(number=1)))
    assert "token_signature" == refusal(".".join([*good.split(".")[:2], sign(id_claims(sub="x")).split(".")[2]]))
    for spelling in ("none", "None", "NONE"):
        unsigned = assemble({"alg": spelling}, id_claims())
        assert "token_algorithm" == refusal(unsigned)
        assert "token_algorithm" == refusal(unsigned, expect(algorithms=frozenset({spelling})))
    assert "token_malformed" == refusal(assemble({"alg": "none"}, id_claims(), b""))


@given(st.integers(0, 255), st.integers(0, 7))
def test_rule_6_no_bit_of_a_signature_may_differ(position: int, bit: int) -> None:
    """Every flipped bit is seen."""
    signing_input, _, signature = sign(id_claims()).rpartition(".")
    octets = bytearray(urlsafe_b64decode(signature + "=="))
    octets[position] ^= 1 << bit

    assert "token_signature" == refusal(f"{signing_input}.{encode(bytes(octets)).decode()}")


# 7. Algorithm.


def test_rule_7_the_algorithm_is_an_accepted_one() -> None:
    """What the provider announced; without an announcement every asymmetric one, and never an HMAC."""
    secret = OctKey(b"s" * 32, None)
    elliptic = make_key("EC", "P-256")
    keys = read_key_set(answer_keys(publish(make_key()), publish(elliptic, "key-2")))
    signed = sign(id_claims(), elliptic, alg="ES256", kid="key-2")

    assert is_accepted(signed, keys=keys)
    assert "token_algorithm" == refusal(signed, expect(algorithms=frozenset({"RS256"})), keys)
    assert "token_algorithm" == refusal(sign(id_claims(), secret, alg="HS256"), expect(client_secret="s" * 32))
    assert "token_algorithm" == refusal(sign(id_claims(), header={"alg": "RSA1_5"}))


def test_rule_7_an_hmac_counts_with_the_client_secret_when_it_was_announced() -> None:
    """32 bytes at least; a token signed with the provider's public key is not."""
    expected = expect(algorithms=frozenset({"HS256", "RS256"}), client_secret="s" * 32)
    pem = public_pem(make_key())

    assert is_accepted(sign(id_claims(), OctKey(b"s" * 32, None), alg="HS256"), expected)
    assert "token_signature" == refusal(sign(id_claims(), OctKey(b"t" * 32, None), alg="HS256"), expected)
    assert "token_signature" == refusal(sign(id_claims(), OctKey(pem, None), alg="HS256"), expected)
    short = msgspec.structs.replace(expected, client_secret="s" * 31)
    assert "token_algorithm" == refusal(sign(id_claims(), OctKey(b"s" * 31, None), alg="HS256"), short)


# 8. Expiry.


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": None}, "token_expired"),
        ({"exp": int(NOW) - 120}, "token_expired"),
        ({"exp": str(int(NOW) + 300)}, "token_claim"),
        ({"exp": True}, "token_claim"),
        ({"exp": 0}, "token_claim"),
        ({"exp": -1}, "token_claim"),
        ({"exp": 2**53}, "token_claim"),
        ({"exp": 1e300}, "token_claim"),
    ],
)
def test_rule_8_a_token_without_a_future_expiry_is_refused(changes: dict[str, Any], code: str) -> None:
    """Missing, over by the tolerance, of the wrong type, or absurd."""
    assert code == refusal(sign(id_claims(**changes)))


def test_rule_8_the_tolerance_is_the_configured_one() -> None:
    """120 seconds unless told otherwise, to the second."""
    raw = sign(id_claims(exp=int(NOW) - 119))

    assert is_accepted(raw)
    assert "token_expired" == refusal(raw, expect(slack_s=60.0))
    assert "token_expired" == refusal(raw, now=NOW + 1)


# 9. Issued at, not before.


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iat": None}, "token_issued_at"),
        ({"iat": int(NOW) + 121}, "token_issued_at"),
        ({"iat": int(NOW) - 7 * 86_400}, "token_issued_at"),
        ({"iat": "now"}, "token_claim"),
        ({"nbf": int(NOW) + 121}, "token_not_yet_valid"),
        ({"nbf": "now"}, "token_claim"),
    ],
)
def test_rule_9_a_token_is_neither_from_the_future_nor_from_last_week(changes: dict[str, Any], code: str) -> None:
    """`iat` is required, `nbf` counts when it is there."""
    assert code == refusal(sign(id_claims(**changes)))


def test_rule_9_within_the_tolerance_is_fine() -> None:
    """Clocks differ."""
    assert is_accepted(sign(id_claims(iat=int(NOW) + 120, nbf=int(NOW) + 120)))
    assert is_accepted(sign(id_claims(iat=int(NOW) - 86_400)))


# 10. Nonce.


@pytest.mark.parametrize("nonce", ["nonce-2", "", "NONCE-1", "nonce-1 ", "nöñce"])
def test_rule_10_a_wrong_nonce_is_always_refused(nonce: str) -> None:
    """Required or not."""
    assert "token_nonce" == refusal(sign(id_claims(nonce=nonce)))
    assert "token_nonce" == refusal(sign(id_claims(nonce=nonce)), expect(nonce_required=True))


def test_rule_10_a_missing_nonce_is_refused_where_it_is_required() -> None:
    """On a refresh none was sent: there is nothing to compare."""
    without = sign(id_claims(nonce=None))

    assert is_accepted(without)
    assert "token_nonce" == refusal(without, expect(nonce_required=True))
    assert is_accepted(without, expect(nonce=None, nonce_required=True))
    assert is_accepted(sign(id_claims(nonce="the first login's")), expect(nonce=None))
    assert "token_claim" == refusal(sign(id_claims(nonce=["nonce-1"])))


# 11. acr.


def test_rule_11_the_context_class_is_one_that_was_asked_for() -> None:
    """Only when some were asked for."""
    expected = expect(acr_values=frozenset({"gold"}))

    assert is_accepted(sign(id_claims(acr="bronze")))
    assert is_accepted(sign(id_claims(acr="gold")), expected)
    assert "token_acr" == refusal(sign(id_claims(acr="bronze")), expected)
    assert "token_acr" == refusal(sign(id_claims()), expected)
    assert "token_claim" == refusal(sign(id_claims(acr=["gold"])), expected)


# 12. auth_time.


def test_rule_12_the_authentication_is_recent_when_that_was_asked_for() -> None:
    """`max_age` and the tolerance together; not from the future either."""
    expected = expect(auth_max_age_s=60.0)

    assert is_accepted(sign(id_claims(auth_time=int(NOW) - 180)), expected)
    assert "token_auth_time" == refusal(sign(id_claims(auth_time=int(NOW) - 181)), expected)
    assert "token_auth_time" == refusal(sign(id_claims(auth_time=int(NOW) + 121)), expected)
    assert "token_auth_time" == refusal(sign(id_claims()), expected)
    assert "token_claim" == refusal(sign(id_claims(auth_time="now")), expected)
    assert is_accepted(sign(id_claims(auth_time=int(NOW) - 9_999_999)))


# 13. Subject.


@pytest.mark.parametrize("subject", [None, "", "x" * 256, "ü", 7, ["user-1"]])
def test_rule_13_the_subject_is_a_short_ascii_text(subject: Any) -> None:
    """1 to 255 characters."""
    assert "token_subject" == refusal(sign(id_claims(sub=subject)))


# 14. Hashes.


@pytest.mark.parametrize(("claim", "field"), [("at_hash", "access_token"), ("c_hash", "code"), ("s_hash", "state")])
def test_rule_14_each_hash_is_that_of_what_came_along(claim: str, field: str) -> None:
    """A hash of something else, of nothing, or of the wrong type refuses the token."""
    raw = sign(id_claims() | {claim: half("value")})

    assert is_accepted(raw, expect(**{field: "value"}))
    assert "token_hash" == refusal(raw, expect(**{field: "another"}))
    assert "token_hash" == refusal(raw)
    assert "token_claim" == refusal(sign(id_claims() | {claim: 7}), expect(**{field: "value"}))
    assert is_accepted(sign(id_claims()), expect(**{field: "value"}))


def test_rule_14_the_hash_follows_the_algorithm() -> None:
    """RS512 halves a SHA-512."""
    assert "token_hash" == refusal(sign(id_claims(at_hash=half("value")), alg="RS512"), expect(access_token="value"))


# 15. Type.


@pytest.mark.parametrize(
    "kind",
    [
        "at+jwt", "application/at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "entity-statement+jwt",
        "token-introspection+jwt", "JOSE", "",
    ],
)  # fmt: skip
def test_rule_15_a_token_of_another_type_is_refused(kind: str) -> None:
    """Absent or JWT is an ID token."""
    assert "token_type" == refusal(sign(id_claims(), header={"typ": kind}))
    assert is_accepted(sign(id_claims(), header={"typ": "application/jwt"}))


# 16. crit, and keys in the header.


@pytest.mark.parametrize("critical", [[], ["exp"], ["b64"], None, "exp"])
def test_rule_16_crit_is_refused_in_every_form(critical: Any) -> None:
    """An empty one, too, which libraries let through."""
    assert "token_header" == refusal(sign(id_claims(), header=msgspec.json.encode({"alg": "RS256", "crit": critical})))


def test_rule_16_no_key_is_taken_from_the_header() -> None:
    """Not even when there is no other (CVE-2026-27962)."""
    own = make_key(number=1)
    forged = sign(id_claims(), own, header={"jwk": publish(own), "jku": "https://evil.example/"})

    assert "token_signature" == refusal(forged)
    assert "token_key_unknown" == refusal(forged, keys=NO_KEYS)


# Unsigned tokens (accept_none_alg), and the answers to a refresh.

UNSIGNED = expect(accept_unsigned=True)


def test_an_unsigned_token_is_accepted_only_where_that_was_typed() -> None:
    """`none` and an empty signature; every other check still counts."""
    raw = assemble({"alg": "none"}, id_claims(), b"")

    assert is_accepted(raw, UNSIGNED)
    assert is_accepted(raw, msgspec.structs.replace(UNSIGNED, algorithms=frozenset({"RS256"})))
    assert "token_malformed" == refusal(raw)
    assert "token_nonce" == refusal(assemble({"alg": "none"}, id_claims(nonce="other"), b""), UNSIGNED)
    assert "token_hash" == refusal(assemble({"alg": "none"}, id_claims(at_hash="x"), b""), UNSIGNED)


@pytest.mark.parametrize(
    ("header", "signature"),
    [({"alg": "none"}, b"x"), ({"alg": "None"}, b""), ({"alg": "NONE"}, b""), ({"alg": "RS256"}, b""),
     ({"alg": "HS256"}, b"")],
)  # fmt: skip
def test_accepting_unsigned_tokens_accepts_nothing_else(header: dict[str, str], signature: bytes) -> None:
    """A signature that is cut off is no unsigned token."""
    assert refusal(assemble(header, id_claims(), signature), UNSIGNED) in {"token_algorithm", "token_malformed"}
    assert "token_signature" == refusal(sign(id_claims(sub="b"))[:-8] + "AAAAAAAA", UNSIGNED)


def test_a_signed_token_is_still_verified_where_unsigned_ones_are_accepted() -> None:
    """By its key."""
    assert is_accepted(sign(id_claims()), UNSIGNED)
    assert "token_signature" == refusal(sign(id_claims(), make_key(number=1)), UNSIGNED)


def test_the_token_of_a_refresh_is_about_the_same_person() -> None:
    """OpenID Connect Core §12.2: `sub` equal. A new `auth_time` only says that the person signed in once more."""
    expected = expect(nonce=None, subject="user-1")

    assert is_accepted(sign(id_claims(nonce=None, auth_time=int(NOW) - 60)), expected)
    assert "token_subject" == refusal(sign(id_claims(sub="user-2")), expected)


SIGNERS: dict[str, tuple[str, str | int]] = {
    **dict.fromkeys(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], ("RSA", 2048)),
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"), "ES256K": ("EC", "secp256k1"),
    "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519"), "Ed448": ("OKP", "Ed448"),
}  # fmt: skip


@pytest.mark.parametrize("algorithm", sorted(ASYMMETRIC))
def test_every_registered_asymmetric_algorithm_is_verified(algorithm: str) -> None:
    """With the provider's key, and not with another one of its kind."""
    key = make_key(*SIGNERS[algorithm])
    keys = read_key_set(answer_keys(publish(key)))

    assert is_accepted(sign(id_claims(), key, alg=algorithm), expect(algorithms=frozenset({algorithm})), keys)
    other = make_key(*SIGNERS[algorithm], number=1)
    assert "token_signature" == refusal(sign(id_claims(), other, alg=algorithm), keys=keys)


@pytest.mark.parametrize("algorithm", sorted(SYMMETRIC))
def test_every_registered_hmac_is_verified_with_the_client_secret(algorithm: str) -> None:
    """As long as the hash, and only where it was announced."""
    secret = "s" * (int(algorithm[2:]) // 8)
    raw = sign(id_claims(), OctKey(secret.encode(), None), alg=algorithm)
    announced = frozenset({algorithm})

    assert is_accepted(raw, expect(algorithms=announced, client_secret=secret))
    assert "token_algorithm" == refusal(raw, expect(algorithms=announced, client_secret=secret[1:]))
    assert "token_signature" == refusal(raw, expect(algorithms=announced, client_secret="t" + secret[1:]))
    assert "token_algorithm" == refusal(raw, expect(client_secret=secret))


# What is another kind of token, and the provider's session.


@pytest.mark.parametrize("events", [{LOGOUT_EVENT: {}}, {}, None, "x"])
def test_a_security_event_is_no_id_token(events: Any) -> None:
    """RFC 8417 §4.6: a logout token that does not name its type is refused all the same."""
    assert "token_type" == refusal(sign(json.dumps(id_claims() | {"events": events}).encode()))
    assert "token_type" == refusal(sign(logout_claims()), expect(nonce=None))
    assert "token_type" == refusal(sign(id_claims(), header={"typ": "logout+jwt"}))


@pytest.mark.parametrize("session_id", [7, True, ["a"], {}, ""])
def test_a_session_id_of_another_type_is_refused(session_id: Any) -> None:
    """One that is a text, or not there, is fine."""
    assert "token_claim" == refusal(sign(id_claims(sid=session_id)))
    assert is_accepted(sign(id_claims(sid="session-1")))


# Key choice.


def test_a_new_key_id_asks_for_the_keys_again() -> None:
    """But only for a token that could be ours."""
    with pytest.raises(UnknownKey) as caught:
        read_id_token(sign(id_claims(), kid="key-2"), EXPECTED, KEYS, NOW)
    assert "key-2" == caught.value.kid
    assert "token_issuer" == refusal(sign(id_claims(iss="https://evil.example"), kid="key-2"))
    assert "token_audience" == refusal(sign(id_claims(aud="other"), kid="key-2"))


ODD_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.lists(st.integers())
CHECKED_CLAIMS = st.sampled_from(["iss", "aud", "azp", "exp", "iat", "nonce", "sub", "nbf", "at_hash", "sid", "events"])


@given(st.dictionaries(CHECKED_CLAIMS, ODD_VALUES))
def test_a_token_with_odd_claims_is_refused_and_nothing_else_happens(changes: dict[str, Any]) -> None:
    """Whatever is in a signed token, the way out is a refusal, or a token of our issuer for us."""
    try:
        token = read_id_token(sign(json.dumps(id_claims() | changes).encode()), EXPECTED, KEYS, NOW)
    except TokenRefused:
        return
    assert (ISSUER, CLIENT_ID) == (token.claims["iss"], token.claims["aud"])
