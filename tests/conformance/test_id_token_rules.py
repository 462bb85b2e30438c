"""The sixteen rules for ID tokens (OpenID Connect Core §3.1.3.7, RFC 8725 §3), each through the whole callback.

The provider gives one wrong token at a time, good but for one thing and signed with its own key unless the rule is
about that. Nobody is signed in by it, nothing reaches the upstream, and the log names the code that stands beside it.
"""

from collections import Counter
from collections.abc import Callable
from time import time
from typing import Any

import msgspec
import pytest
from joserfc.jwk import OctKey

from tests.conformance.provider import CLIENT_SECRET, LOGOUT_EVENT, Provider
from tests.conformance.stage import Case
from tests.fakes.issuer import assemble, make_key, public_pem, publish, sign

Claims = dict[str, Any]
Write = Callable[[Claims], str]
Wrong = tuple[str, str, Write]  # the rule, the code, the token

RULES = 16
AT_LEAST = 3
DAY_S = 86_400
NEVER = "https://nobody.invalid/keys"
CRITICAL: list[Any] = [[], ["exp"], "exp", 7, {}]
KEY_IDS: list[Any] = [7, "k" * 257, ["key-1"]]
OTHER = make_key(number=1)
STRICT: dict[str, Any] = {
    "use_nonce": True,
    "authorization_params": {"acr_values": "gold silver", "max_age": 60},
}
pytestmark = pytest.mark.client(**STRICT)


def claim(**changes: Any) -> Write:
    """Sign claims with changes; None leaves one out, and what is made of the claims is made when they are there."""

    def write(claims: Claims) -> str:
        made = {name: value(claims) if callable(value) else value for name, value in changes.items()}
        return sign({name: value for name, value in {**claims, **made}.items() if value is not None})

    return write


def ahead(seconds: int) -> Callable[[Claims], int]:
    """Return a time from when the token is made; in the past, if negative."""
    return lambda claims: int(claims["iat"]) + seconds


def like(name: str, change: Callable[[str], Any]) -> Callable[[Claims], Any]:
    """Return what becomes of the right value of a claim."""
    return lambda claims: change(claims[name])


def header(**members: Any) -> Write:
    """Sign good claims under a header with further members."""
    return lambda claims: sign(claims, header=members)


def payload(change: Callable[[bytes], bytes]) -> Write:
    """Sign what becomes of the claims' JSON."""
    return lambda claims: sign(change(msgspec.json.encode(claims)))


def signed(key: Any, alg: str = "RS256", **members: Any) -> Write:
    """Sign good claims with another key."""
    return lambda claims: sign(claims, key, alg=alg, header=members)


def unsigned(alg: str, signature: bytes = b"a signature") -> Write:
    """Write good claims under an algorithm that did not sign them."""
    return lambda claims: assemble({"alg": alg, "kid": "key-1"}, claims, signature)


def spelt(change: Callable[[str], str]) -> Write:
    """Change the text of a good token."""
    return lambda claims: change(sign(claims))


def parts(change: Callable[[list[str]], list[str]]) -> Write:
    """Change the segments of a good token."""
    return spelt(lambda token: ".".join(change(token.split("."))))


def rule(name: str, *wrong: tuple[str, Write]) -> list[Wrong]:
    """Return the lines of one rule."""
    return [(name, code, write) for code, write in wrong]


def each(name: str, code: str, *values: Any) -> list[tuple[str, Write]]:
    """Return a line for each value of a claim."""
    return [(code, claim(**{name: value})) for value in values]


WRONG: list[Wrong] = [
    *rule(
        "1 strict form",
        ("token_too_large", claim(pad="x" * 16_384)),
        ("token_malformed", spelt(lambda token: token + "=")),
        ("token_malformed", spelt(lambda token: token + "\n")),
        ("token_malformed", spelt(lambda token: f" {token}")),
        ("token_malformed", spelt(lambda token: token.rpartition(".")[0])),
        ("token_malformed", parts(lambda part: [part[0], "", part[2]])),
        ("token_malformed", parts(lambda part: [*part[:2], part[2] + "é"])),
        ("token_malformed", parts(lambda part: [*part[:2], part[2][:-1] + "_"])),  # another spelling of the same bytes
        ("token_json", payload(lambda text: text[:-1] + b',"sub":"person-1"}')),
        ("token_json", payload(lambda text: text[:-1] + b',"s\\u0075b":"person-2"}')),
        ("token_json", payload(lambda text: text[:-1] + b',"a":NaN}')),
        ("token_json", payload(lambda text: b"\xef\xbb\xbf" + text)),
        ("token_json", payload(lambda text: text.decode().encode("utf-16"))),
        ("token_json", payload(lambda text: b"[" + text + b"]")),
        ("token_json", lambda claims: sign(claims, header=b'{"alg":"none","alg":"RS256","kid":"key-1"}')),
    ),
    *rule(
        "2 not encrypted",
        ("token_encrypted", spelt(lambda token: f"{token}.AAAA.AAAA")),
        ("token_encrypted", spelt(lambda token: "a.b.c.d.e")),
        ("token_header", header(enc="A256GCM")),
        ("token_header", header(zip="DEF")),
        ("token_header", header(cty="JWT")),
    ),
    *rule(
        "3 issuer",
        *each("iss", "token_issuer", "https://nobody.invalid", "", None),
        *each("iss", "token_issuer", like("iss", lambda iss: f"{iss}/"), like("iss", str.upper)),
        *each("iss", "token_issuer", like("iss", lambda iss: f"{iss}\u200b")),
        *each("iss", "token_claim", like("iss", lambda iss: [iss])),
    ),
    *rule(
        "4 audience",
        *each("aud", "token_audience", "another-client", [], None, ""),
        *each("aud", "token_claim", 7, {"a": 1}),
        *each("aud", "token_claim", like("aud", lambda aud: [aud, 7])),
        *each("aud", "token_audience", like("aud", str.upper)),
        ("token_audience", claim(azp=like("aud", str), aud=like("aud", lambda aud: [aud, "another-client"]))),
    ),
    *rule(
        "5 authorized party",
        *each("azp", "token_authorized_party", "another-client", ""),
        *each("azp", "token_authorized_party", like("aud", str.upper)),
        *each("aud", "token_authorized_party", like("aud", lambda aud: [aud, aud])),
        *each("azp", "token_claim", like("aud", lambda aud: [aud])),
    ),
    *rule(
        "6 signature",
        ("token_signature", signed(OTHER)),
        ("token_signature", parts(lambda part: [*part[:2], "A" * 342])),
        ("token_signature", parts(lambda part: [*part[:2], "AAAA"])),
        ("token_signature", lambda claims: sign(claims).rpartition(".")[0] + "." + sign({"a": 1}).split(".")[2]),
        ("token_malformed", unsigned("none", b"")),
        ("token_malformed", parts(lambda part: [*part[:2], ""])),
    ),
    *rule(
        "7 algorithm",
        ("token_algorithm", unsigned("none")),
        ("token_algorithm", unsigned("NONE")),
        ("token_algorithm", unsigned("rs256")),
        ("token_algorithm", unsigned("ES256")),
        ("token_algorithm", unsigned("RSA-OAEP")),
        ("token_algorithm", signed(make_key(), "PS256")),
        ("token_algorithm", signed(make_key(), "RS512")),
        ("token_algorithm", signed(OctKey(CLIENT_SECRET.encode(), None), "HS256")),
        ("token_algorithm", signed(OctKey(public_pem(make_key()), None), "HS256")),
        ("token_algorithm", signed(OctKey(msgspec.json.encode(publish(make_key())), None), "HS256")),
        ("token_header", lambda claims: assemble({"alg": ["RS256"]}, claims)),
        ("token_header", lambda claims: assemble({"kid": "key-1"}, claims)),
    ),
    *rule(
        "8 end",
        *each("exp", "token_expired", ahead(-130), 1, None),
        *each("exp", "token_claim", 0, -1, like("exp", str), like("exp", lambda exp: [exp]), True, 2**53, 1e300),
    ),
    *rule(
        "9 beginning",
        *each("iat", "token_issued_at", ahead(600), ahead(-DAY_S - 60), ahead(-7 * DAY_S), None),
        *each("iat", "token_claim", "now", 0, -1),
        *each("nbf", "token_not_yet_valid", ahead(600)),
        *each("nbf", "token_claim", "now", -1),
    ),
    *rule(
        "10 nonce",
        *each("nonce", "token_nonce", "another-nonce", "", None, "nöñce"),
        *each("nonce", "token_claim", 7, ["a nonce"]),
        *each("nonce", "token_nonce", like("nonce", str.swapcase), like("nonce", lambda nonce: f"{nonce} ")),
    ),
    *rule(
        "11 authentication class",
        *each("acr", "token_acr", "bronze", "GOLD", "", "gold silver", None),
        *each("acr", "token_claim", ["gold"], 1),
    ),
    *rule(
        "12 time of authentication",
        *each("auth_time", "token_auth_time", ahead(-240), ahead(600), 1, None),
        *each("auth_time", "token_claim", "now", 0, True),
    ),
    *rule("13 subject", *each("sub", "token_subject", None, "", "x" * 256, "usér", "😀", 7, ["person-1"])),
    *rule(
        "14 hashes",
        *each("at_hash", "token_hash", "AAAA", ""),
        *each("c_hash", "token_hash", "AAAA", ""),
        *each("s_hash", "token_hash", "AAAA", ""),
        *each("at_hash", "token_claim", 7, ["AAAA"]),
    ),
    *rule(
        "15 type",
        *(
            ("token_type", header(typ=kind))
            for kind in (
                "at+jwt", "application/at+jwt", "AT+JWT", "logout+jwt", "dpop+jwt", "secevent+jwt",
                "entity-statement+jwt", "token-introspection+jwt", "",
            )
        ),
        *each("events", "token_type", {LOGOUT_EVENT: {}}, {}),  # a logout token that does not say so
        ("token_header", header(typ=7)),
    ),
    *rule(
        "16 header",
        *(("token_header", header(crit=critical)) for critical in CRITICAL),
        ("token_header", header(b64=False)),
        *(
            ("token_signature", signed(OTHER, **member))
            for member in ({"jwk": publish(OTHER)}, {"jku": NEVER}, {"x5u": NEVER}, {"x5c": ["MIIB"]})
        ),
        *(("token_header", header(kid=kid)) for kid in KEY_IDS),
    ),
]  # fmt: skip


def behave_strictly(provider: Provider) -> None:
    """Do what this client asks for."""
    provider.claims |= {"acr": "gold", "auth_time": int(time()) - 10}


def test_the_token_that_all_others_are_made_of_is_good(case: Case) -> None:
    """So that each of them is refused for its one fault."""
    behave_strictly(case.provider)

    assert (case.check_admitted().id_token or {})["acr"] == "gold"


def test_every_rule_has_three_wrong_values_at_least() -> None:
    """Sixty and more in all, each another one."""
    provider = Provider("https://issuer.invalid", "the-client")
    behave_strictly(provider)
    claims = provider.build_claims("a-nonce")
    counts = Counter(name for name, _, _ in WRONG)
    tokens = {write(dict(claims)) for _, _, write in WRONG} - {sign(claims)}

    assert (RULES, True) == (len(counts), min(counts.values()) >= AT_LEAST)
    assert len(WRONG) == len(tokens) >= 60


@pytest.mark.parametrize(("name", "code", "write"), WRONG, ids=[f"{name}-{code}" for name, code, _ in WRONG])
def test_a_token_that_breaks_a_rule_signs_nobody_in(case: Case, name: str, code: str, write: Write) -> None:
    """The page tells the person nothing of it; the log tells the operator which rule it was."""
    behave_strictly(case.provider)
    case.provider.write_id_token = write

    page = case.check_refused(code)
    assert code not in page.text
