"""Hostile tokens, line by line: the strict reading before any key (A), and the sixteen rules for ID tokens (1 to 16).

Each line has at least three wrong values, each of them signed with the provider's own key unless the line is about
that. The lines are those of RFC 8725 §3 and OpenID Connect Core §3.1.3.7, with what known libraries let through.
"""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from joserfc.jwk import OctKey

from ostiary.identity.id_token import ExpectedIdToken, read_id_token
from ostiary.identity.jose import TokenRefused
from ostiary.identity.keys import read_key_set
from ostiary.plugin import Reply
from tests.fakes.bearers import BearerWorld
from tests.fakes.issuer import (
    CLIENT_ID,
    ISSUER,
    NOW,
    access_claims,
    answer_keys,
    assemble,
    encode,
    id_claims,
    make_key,
    public_pem,
    publish,
    sign,
)

KEYS = read_key_set(answer_keys())
EXPECTED = ExpectedIdToken(
    issuer=ISSUER, client_id=CLIENT_ID, nonce="nonce-1", nonce_required=True, acr_values=frozenset({"gold"}),
    auth_max_age_s=60.0, access_token="an-access-token", code="a-code", state="a-state",
)  # fmt: skip
GOOD: dict[str, Any] = {"acr": "gold", "auth_time": int(NOW) - 10}
DAY_S = 86_400
OTHER = make_key(number=1)
SECRETS = [b"s" * 64, public_pem(make_key()), json.dumps(publish(make_key())).encode()]


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of an ID token that fits the expectation, with changes (None leaves one out)."""
    return id_claims(**(GOOD | changes))


def text(**changes: Any) -> bytes:
    """Return the claims as compact JSON."""
    return msgspec.json.encode(claims(**changes))


def header(**members: Any) -> str:
    """Sign good claims under a header with further members."""
    return sign(claims(), header=members)


def each(name: str, *values: Any) -> list[str]:
    """Sign one token for every value of a claim."""
    return [sign(claims(**{name: value})) for value in values]


GOOD_TOKEN = sign(claims())
HEAD, BODY, SIGNATURE = GOOD_TOKEN.split(".")
DEEP = b'{"a":' * 40 + b"1" + b"}" * 40

STRICT = {
    "A1 at most 16 KiB": [sign(claims(pad="x" * 16_384)), "x" * 16_385, header(kid="k" * 1_000_000)],
    "A2 the alphabet of base64url, one spelling": [
        f"{GOOD_TOKEN}=", f"{GOOD_TOKEN}==", f"{GOOD_TOKEN}\n", f" {GOOD_TOKEN}", f"{HEAD}.{BODY}.+/{SIGNATURE}",
        f"{HEAD}.{BODY}%2e{SIGNATURE}", f"{HEAD}.{BODY}.{SIGNATURE}é",
    ],
    "A3 exactly two dots": ["", f"{HEAD}.{BODY}", f"{GOOD_TOKEN}.", f".{GOOD_TOKEN}", f"{GOOD_TOKEN}.a.b", "." * 9_999],
    "A4 no segment is empty": [f".{BODY}.{SIGNATURE}", f"{HEAD}..{SIGNATURE}", f"{HEAD}.{BODY}."],
    "A5 JSON in UTF-8": [
        sign(text().decode().encode("utf-16")), sign(b"\xef\xbb\xbf" + text()),
        sign(text(name="e").replace(b"e", b"\xff")),
        sign(text()[:-1]),
    ],
    "A6 no member twice": [
        sign(text()[:-1] + b',"sub":"user-1"}'), sign(text()[:-1] + b',"aud":"shop"}'),
        sign(text()[:-1] + b',"s\\u0075b":"admin"}'),
        sign(claims(), header=b'{"alg":"none","alg":"RS256","kid":"key-1"}'),
    ],
    "A7 no NaN and no infinity": [
        sign(text()[:-1] + b',"a":' + odd + b"}") for odd in (b"NaN", b"Infinity", b"-Infinity")
    ],
    "A8 an object, not too deep": [sign(b"[]"), sign(b'"text"'), sign(b"null"), sign(DEEP), sign(b"[" * 9000)],
    "A9 times are numbers within reason": each("exp", "1900000000", 1e300, 2**53, True, [int(NOW) + 60], {}),
    "A10 claims have their types": [
        *each("sub", 7, ["user-1"], {"a": 1}), *each("iss", [ISSUER], 7), *each("aud", 7, {"shop": 1}, ["shop", 7]),
    ],
    "A11 the header asks for nothing unusual": [
        header(crit=[]), header(crit=["exp"]), header(b64=False), header(zip="DEF"), header(enc="A256GCM"),
        header(cty="JWT"),
    ],
    "A12 the key's id and the type are short texts": [
        header(kid=7), header(kid="k" * 257), header(typ=7), header(kid=["key-1"]),
    ],
}  # fmt: skip

ID_TOKEN = {
    "1 what is no strict token": [token for tokens in STRICT.values() for token in tokens],
    "2 what is encrypted": [f"{GOOD_TOKEN}.AAAA.AAAA", "a.b.c.d.e", header(enc="A128CBC-HS256"), header(zip="DEF")],
    "3 another issuer": each("iss", f"{ISSUER}/", ISSUER.upper(), "https://evil.example", f"{ISSUER}\u200b", None, ""),
    "4 another audience": [
        *each("aud", "other", "SHOP", "shop2", ["other"], [], None, ""),
        sign(claims(aud=["shop", "other"], azp="shop")),
    ],
    "5 another authorized party": [
        sign(claims(aud=["shop", "shop"])), *each("azp", "other", "SHOP", ""),
        sign(claims(aud=["shop", "other"], azp="other")),
    ],
    "6 no signature, or a wrong one": [
        f"{HEAD}.{BODY}.AAAA", f"{HEAD}.{encode(claims(sub='admin')).decode()}.{SIGNATURE}", sign(claims(), OTHER),
        assemble({"alg": "none"}, claims()), assemble({"alg": "none"}, claims(), b""), f"{HEAD}.{BODY}.{'A' * 342}",
    ],
    "7 another algorithm": [
        *(sign(claims(), OctKey(secret, None), alg="HS256") for secret in SECRETS),
        assemble({"alg": "RS257"}, claims()), assemble({"alg": "rs256"}, claims()),
        assemble({"alg": ["RS256"]}, claims()),
        assemble({"alg": "ES256", "kid": "key-1"}, claims()), assemble({"alg": "RSA-OAEP"}, claims()),
    ],
    "8 over, or without an end": each("exp", int(NOW) - 120, 1, None, 0, -1),
    "9 not begun, or from last week": [
        *each("iat", int(NOW) + 121, int(NOW) - DAY_S - 1, None, "now", 0), *each("nbf", int(NOW) + 121, "now", -1),
    ],
    "10 another nonce": each("nonce", "nonce-2", "", "NONCE-1", None, 7, ["nonce-1"]),
    "11 another authentication class": each("acr", "silver", None, ["gold"], "", "GOLD"),
    "12 an old authentication": each("auth_time", int(NOW) - 181, int(NOW) + 121, None, "now", 0),
    "13 no subject": each("sub", None, "", "x" * 256, "usér", 7, "😀"),
    "14 the hash of something else": [
        sign(claims(**{name: value})) for name in ("at_hash", "c_hash", "s_hash") for value in ("AAAA", "", 7)
    ],
    "15 another kind of token": [
        header(typ=kind) for kind in (
            "at+jwt", "application/at+jwt", "AT+JWT", "logout+jwt", "dpop+jwt", "secevent+jwt", "entity-statement+jwt",
            "token-introspection+jwt", "",
        )
    ],
    "16 a header with crit, or a key of its own": [
        header(crit=["exp"]), header(crit=[]), header(crit="exp"),
        *(
            sign(claims(), OTHER, kid=kid, header=member)
            for kid in ("key-1", "key-9", None)
            for member in (
                {"jwk": publish(OTHER)}, {"jku": "https://evil.example/"}, {"x5u": "https://evil.example/"},
                {"x5c": ["MIIB"]},
            )
        ),
    ],
}  # fmt: skip


# Why the values of each line are refused.
CODES = {
    "A1": {"token_too_large"},
    "A2": {"token_malformed"},
    "A3": {"token_malformed", "token_encrypted"},
    "A4": {"token_malformed"},
    "A5": {"token_json"},
    "A6": {"token_json"},
    "A7": {"token_json"},
    "A8": {"token_json"},
    "A9": {"token_claim"},
    "A10": {"token_claim", "token_subject"},
    "A11": {"token_header"},
    "A12": {"token_header"},
    "1": {
        "token_too_large", "token_malformed", "token_encrypted", "token_json", "token_claim", "token_subject",
        "token_header",
    },
    "2": {"token_encrypted", "token_header"},
    "3": {"token_issuer"},
    "4": {"token_audience"},
    "5": {"token_authorized_party", "token_audience"},
    "6": {"token_signature", "token_algorithm", "token_malformed"},
    "7": {"token_algorithm", "token_header"},
    "8": {"token_expired", "token_claim"},
    "9": {"token_issued_at", "token_not_yet_valid", "token_claim"},
    "10": {"token_nonce", "token_claim"},
    "11": {"token_acr", "token_claim"},
    "12": {"token_auth_time", "token_claim"},
    "13": {"token_subject"},
    "14": {"token_hash", "token_claim"},
    "15": {"token_type"},
    "16": {"token_header", "token_signature", "token_key_unknown"},
}  # fmt: skip


def test_the_token_that_all_others_are_made_of_is_good() -> None:
    """So that each of them is refused for its one fault."""
    assert claims() == read_id_token(GOOD_TOKEN, EXPECTED, KEYS, NOW).claims


@pytest.mark.parametrize("line", [*STRICT, *ID_TOKEN])
def test_every_line_has_three_wrong_values_at_least(line: str) -> None:
    """And no value twice."""
    tokens = (STRICT | ID_TOKEN)[line]

    assert len(set(tokens)) >= 3


@pytest.mark.parametrize("line", [*STRICT, *ID_TOKEN])
def test_an_id_token_that_breaks_a_rule_signs_nobody_in(line: str) -> None:
    """Each by a refusal with the line's own code, never by another error."""
    codes = set()
    for token in (STRICT | ID_TOKEN)[line]:
        with pytest.raises(TokenRefused) as caught:
            read_id_token(token, EXPECTED, KEYS, NOW)
        codes.add(caught.value.code)
    assert CODES[line.partition(" ")[0]] == codes


@pytest.mark.parametrize("line", STRICT)
def test_a_bearer_token_that_is_not_strict_opens_nothing(line: str) -> None:
    """The same tokens in an Authorization header: 400 or 401, and never a fault."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = world.verifier(use_jwks=True)
        await world.provider.load_keys(NOW)
        good = sign(access_claims())
        assert not isinstance(verifier.decide(world.request(good), NOW), Reply)
        for token in STRICT[line]:
            if len(token) > 20_000 or not token.isascii() or "\n" in token or token != token.strip():
                continue  # no header carries this
            verdict = verifier.decide(world.request(token), NOW)
            assert isinstance(verdict, Reply)
            assert verdict.status in {400, 401}

    asyncio.run(scenario())
