"""Hostile tokens for `oauth2`, each signed with the consumer's own secret unless the line is about that.

What known libraries let through (RFC 8725 §2, §3), what the plugin itself did, and what a consumer might try against
another. Whatever it is: 401 in the same words, and nothing is remembered.
"""

from hashlib import sha256
from hmac import digest as hmac_digest
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc import jws

from ostiary.identity.jose import MAX_TOKEN_BYTES
from ostiary.identity.sealing import encode_base64url
from ostiary.plugin import Admit, Reply
from tests.fakes.issuer import make_key, public_pem
from tests.fakes.machine_tokens import (
    OTHER_ID,
    OTHER_NAME,
    OTHER_SECRET,
    SAMPLE_TOKEN,
    SECRET,
    TokenWorld,
    make_claims,
    make_consumer,
    make_token,
)

HEADER = {"alg": "HS256", "typ": "at+jwt"}
WORLD = TokenWorld()
SERVER = WORLD.server(make_consumer(), make_consumer(OTHER_NAME, OTHER_ID, OTHER_SECRET))


def assemble(header: object, payload: object, secret: bytes = SECRET.encode()) -> str:
    """Sign any header over any payload (objects, or bytes as they are) with HS256."""
    parts = [part if isinstance(part, bytes) else msgspec.json.encode(part) for part in (header, payload)]
    signed = b".".join(encode_base64url(part) for part in parts)
    return (signed + b"." + encode_base64url(hmac_digest(secret, signed, "sha256"))).decode()


def judge(token: str, header: str = "Authorization", scheme: str = "Bearer") -> Admit | Reply:
    """Show a token to a protected route."""
    request = WORLD.request(headers={header: f"{scheme} {token}"})
    verdict = SERVER.protection.decide(request, None, WORLD.clock.now())
    assert isinstance(verdict, Admit | Reply)
    return verdict


def text(**changes: Any) -> bytes:
    """Return the sample's claims, changed, as JSON."""
    return msgspec.json.encode(make_claims(**changes))


KEY = make_key()
RS256 = jws.serialize_compact({"alg": "RS256", "typ": "at+jwt"}, text(), KEY, algorithms=["RS256"])
UNSIGNED = ".".join(encode_base64url(part).decode() for part in (b'{"alg":"none","typ":"at+jwt"}', text())) + "."
BODY, SIGNATURE = SAMPLE_TOKEN.rsplit(".", 1)

LINES = {
    "alg none": UNSIGNED,
    "alg none, the old signature": UNSIGNED + SIGNATURE,
    "alg None": UNSIGNED.replace("eyJhbGciOiJub25l", "eyJhbGciOiJOb25l"),
    "no signature": f"{BODY}.",
    "RS256, signed by somebody": RS256,
    "RS256 in the header, HMAC below": assemble({"alg": "RS256", "typ": "at+jwt"}, text()),
    "HS256 with a public key": assemble(HEADER, text(), public_pem(KEY)),
    "HS512 in the header": assemble({"alg": "HS512", "typ": "at+jwt"}, text()),
    "hs256": assemble({"alg": "hs256", "typ": "at+jwt"}, text()),
    "alg is a list": assemble({"alg": ["HS256"], "typ": "at+jwt"}, text()),
    "no alg": assemble({"typ": "at+jwt"}, text()),
    "alg twice": assemble(b'{"alg":"none","alg":"HS256","typ":"at+jwt"}', text()),
    "typ JWT": assemble({"alg": "HS256", "typ": "JWT"}, text()),
    "no typ": assemble({"alg": "HS256"}, text()),
    "typ of an ID token": assemble({"alg": "HS256", "typ": "id_token+jwt"}, text()),
    "typ is a number": assemble({"alg": "HS256", "typ": 1}, text()),
    "crit": assemble({**HEADER, "crit": ["exp"]}, text()),
    "b64": assemble({**HEADER, "b64": False, "crit": ["b64"]}, text()),
    "its own jwk": assemble({**HEADER, "jwk": {"kty": "oct", "k": "c2Vj"}}, text(), b"sec"),
    "a jku": assemble({**HEADER, "jku": "https://attacker.example/k"}, text(), b"sec"),
    "kid is a path": assemble({**HEADER, "kid": "../../dev/null"}, text(), b""),
    "an empty secret": assemble(HEADER, text(), b""),
    "the digest of the secret": assemble(HEADER, text(), sha256(SECRET.encode()).digest()),
    "the client id as secret": assemble(HEADER, text(), b"12345678-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
    "another consumer's secret": make_token(OTHER_SECRET),
    "another consumer's name": make_token(sub=OTHER_NAME),
    "another consumer's id": make_token(client_id=OTHER_ID),
    "aud is a list": make_token(aud=["default"]),
    "aud is a list of two": make_token(aud=["default", "other"]),
    "no aud": make_token(aud=None),
    "exp is a fraction": make_token(exp=1787951463.5),
    "exp is huge": make_token(exp=1e300),
    "exp is beyond numbers": assemble(HEADER, text().replace(b"1687951463", b"1" + b"0" * 400)),
    "exp is NaN": assemble(HEADER, text().replace(b"1687951463", b"NaN")),
    "exp is a text": make_token(exp="1787951463"),
    "exp is true": make_token(exp=True),
    "no exp": make_token(exp=None),
    "exp is over": make_token(exp=1687944263 - 61),
    "no iat": make_token(iat=None),
    "iat is to come": make_token(iat=1687944263 + 61),
    "nbf is to come": make_token(nbf=1687944263 + 61),
    "iss has another case": make_token(iss="higress-gateway"),
    "iss is a list": make_token(iss=["Higress-Gateway"]),
    "a claim twice": assemble(HEADER, text().replace(b'{"aud"', b'{"aud":"x","aud"')),
    "a claim twice, once escaped": assemble(HEADER, text().replace(b'{"aud"', b'{"\\u0061ud":"x","aud"')),
    "claims are a list": assemble(HEADER, b"[]"),
    "claims are no JSON": assemble(HEADER, b"{"),
    "claims in UTF-16": assemble(HEADER, text().decode().encode("utf-16")),
    "claims behind a byte-order mark": assemble(HEADER, b"\xef\xbb\xbf" + text()),
    "claims are deep": assemble(HEADER, b'{"a":' * 1000 + b"1" + b"}" * 1000),
    "too large": make_token(x="x" * (MAX_TOKEN_BYTES * 3 // 4)),
    "a fourth segment": f"{SAMPLE_TOKEN}.x",
    "five segments": "a.b.c.d.e",
    "padded": f"{SAMPLE_TOKEN}=",
    "spare bits in the signature": SAMPLE_TOKEN[:-1] + "1",
    "standard base64": SAMPLE_TOKEN.replace("_", "/"),
    "one character more": SAMPLE_TOKEN + "A",
}


@pytest.mark.parametrize("token", LINES.values(), ids=LINES)
def test_a_hostile_token_is_refused_like_any_other(token: str) -> None:
    """Status, challenge and body do not depend on what was wrong."""
    verdict, plain = judge(token), judge("x")

    assert isinstance(verdict, Reply)
    assert isinstance(plain, Reply)
    assert 401 == verdict.status
    assert (plain.headers, plain.body) == (verdict.headers, verdict.body)
    assert isinstance(judge(token), Reply)


def test_the_lines_are_hostile_for_what_they_are_about_alone() -> None:
    """The same assembly without a trick is let in, and so is a header that says more than is needed."""
    assert isinstance(judge(assemble(HEADER, text())), Admit)
    assert isinstance(judge(assemble({**HEADER, "kid": "1", "jwk": {"kty": "oct", "k": "c2Vj"}}, text())), Admit)
    assert isinstance(judge(SAMPLE_TOKEN), Admit)


@pytest.mark.parametrize("scheme", ["", "Bearer ", "Basic", "Token", "Bearer,Bearer", "x Bearer", "Bearer\tx"])
def test_the_header_is_read_as_it_has_to_be_written(scheme: str) -> None:
    """The plugin took whatever followed `Bearer ` anywhere in the value."""
    assert isinstance(judge(SAMPLE_TOKEN, scheme=scheme), Reply)


@given(st.binary(max_size=400))
@example(SAMPLE_TOKEN.encode()[:-1])
@example(b"a.b.c")
@example(b"..")
@example(b"eyJhbGciOiJIUzI1NiJ9.e30.x")
def test_nothing_but_a_token_is_one(raw: bytes) -> None:
    """Whatever stands in the header: 401, never an error of ours."""
    request = WORLD.request()
    request.section.authorization = b"Bearer " + raw

    verdict = SERVER.protection.decide(request, None, WORLD.clock.now())

    assert isinstance(verdict, Reply)
    assert 401 == verdict.status


@given(position=st.integers(0, len(SAMPLE_TOKEN) - 1), character=st.sampled_from("ABCabc019-_."))
def test_no_character_of_a_token_may_change(position: int, character: str) -> None:
    """One spelling for each token: it is remembered under its digest."""
    changed = SAMPLE_TOKEN[:position] + character + SAMPLE_TOKEN[position + 1 :]

    assert isinstance(judge(changed), Admit) == (changed == SAMPLE_TOKEN)
