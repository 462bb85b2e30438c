"""Logout tokens: one refusal for every line of Back-Channel Logout 1.0 §2.6, and what is taken from a good one."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from ostiary.identity.jose import TokenRefused, UnknownKey
from ostiary.identity.keys import NO_KEYS, KeySet, read_key_set
from ostiary.identity.logout_token import (
    LOGOUT_EVENT,
    MAX_ID_CHARACTERS,
    MAX_LOGOUT_AGE_S,
    ExpectedLogoutToken,
    VerifiedLogoutToken,
    read_logout_token,
)
from tests.fakes.issuer import (
    CLIENT_ID,
    ISSUER,
    NOW,
    answer_keys,
    assemble,
    id_claims,
    logout_claims,
    make_key,
    public_pem,
    sign,
)

KEYS = read_key_set(answer_keys())
EXPECTED = ExpectedLogoutToken(issuer=ISSUER, client_id=CLIENT_ID)
SECRET = "a-client-secret-as-long-as-a-hash"
BY_SECRET = msgspec.structs.replace(EXPECTED, algorithms=frozenset({"HS256"}), client_secret=SECRET)


def read(raw: str, expected: ExpectedLogoutToken = EXPECTED, keys: KeySet = KEYS, now: float = NOW) -> Any:
    """Return what a token says, or the code with which it is refused."""
    try:
        return read_logout_token(raw, expected, keys, now)
    except TokenRefused as refused:
        return refused.code


def test_a_good_token_is_read() -> None:
    """Nothing of it is shown."""
    token = read(sign(logout_claims()))

    assert token == VerifiedLogoutToken(
        issuer=ISSUER,
        id="logout-1",
        session_id="session-1",
        subject="user-1",
        issued_at=NOW,
        refused_from=NOW + 240,
    )
    assert "VerifiedLogoutToken(***)" == repr(token)
    assert SECRET not in repr(BY_SECRET)


@pytest.mark.parametrize("kind", [None, "JWT", "jwt", "logout+jwt", "Logout+JWT", "application/logout+jwt"])
def test_a_type_that_is_named_is_that_of_logout_tokens(kind: str | None) -> None:
    """Or no more than JWT."""
    assert isinstance(read(sign(logout_claims(), header={"typ": kind})), VerifiedLogoutToken)


@pytest.mark.parametrize("kind", ["at+jwt", "secevent+jwt", "dpop+jwt", "", "JWT "])
def test_other_types_are_refused(kind: str) -> None:
    """What calls itself something else is something else."""
    assert "token_type" == read(sign(logout_claims(), header={"typ": kind}))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "token_malformed"),
        ("a.b.c", "token_malformed"),
        ("x" * 16_385, "token_too_large"),
        ("tökén", "token_malformed"),
        (sign(logout_claims()) + "=", "token_malformed"),
        (sign(logout_claims()) + ".AAAA.AAAA", "token_encrypted"),
        (sign(b'{"sub":"a","sub":"b"}'), "token_json"),
        (sign(b"[]"), "token_json"),
        (sign(logout_claims(), header={"crit": ["exp"], "exp": 1}), "token_header"),
        (sign(logout_claims(), header={"cty": "JWT"}), "token_header"),
    ],
)
def test_what_is_no_strict_token_is_refused(raw: str, code: str) -> None:
    """Before any key is touched."""
    assert code == read(raw, keys=NO_KEYS)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_never_taken(algorithm: str) -> None:
    """With or without a signature, and whatever the provider announces."""
    announcing = msgspec.structs.replace(EXPECTED, algorithms=frozenset({algorithm, "RS256"}))
    for signature in (b"", b"x"):
        raw = assemble({"alg": algorithm}, logout_claims(), signature)
        assert read(raw) in {"token_malformed", "token_algorithm"}
        assert read(raw, announcing) in {"token_malformed", "token_algorithm"}


def test_the_signature_is_the_issuers() -> None:
    """Another key, an altered token, and a key that may be new."""
    raw = sign(logout_claims())
    header, _, signature = raw.split(".")
    altered = sign(logout_claims(sub="user-2")).split(".")[1]

    assert "token_signature" == read(sign(logout_claims(), make_key(number=1)))
    assert "token_signature" == read(f"{header}.{altered}.{signature}")
    with pytest.raises(UnknownKey):
        read_logout_token(sign(logout_claims(), kid="key-2"), EXPECTED, KEYS, NOW)
    assert "token_issuer" == read(sign(logout_claims(iss="https://evil.example"), kid="key-2"))


def test_the_algorithm_is_one_of_those_for_id_tokens() -> None:
    """HMAC only where the provider announced it, with the client's secret, and never with a public key."""
    signed = sign(logout_claims(), OctKey(SECRET.encode(), None), alg="HS256")
    forged = sign(logout_claims(), OctKey(public_pem(make_key()), None), alg="HS256")

    assert isinstance(read(signed, BY_SECRET, NO_KEYS), VerifiedLogoutToken)
    assert "token_algorithm" == read(sign(logout_claims()), BY_SECRET)
    assert "token_algorithm" == read(signed)
    assert "token_algorithm" == read(forged)
    assert "token_signature" == read(forged, BY_SECRET)


@pytest.mark.parametrize("issuer", [None, "", ISSUER + "/", ISSUER.upper(), 7, [ISSUER]])
def test_the_issuer_is_exactly_ours(issuer: Any) -> None:
    """As with ID tokens."""
    assert read(sign(logout_claims(iss=issuer))) in {"token_issuer", "token_claim"}


@pytest.mark.parametrize("audience", [None, "", "other", [], ["other"], ["shop", "other"], 7, {}])
def test_the_audience_is_us_alone(audience: Any) -> None:
    """Text or array of texts."""
    assert isinstance(read(sign(logout_claims(aud=["shop"]))), VerifiedLogoutToken)
    assert read(sign(logout_claims(aud=audience))) in {"token_audience", "token_claim"}


@pytest.mark.parametrize(("seconds", "is_good"), [(-421, False), (-420, True), (0, True), (120, True), (121, False)])
def test_a_token_is_fresh(seconds: int, is_good: bool) -> None:
    """Five minutes old at most, and two more for clocks that differ."""
    found = read(sign(logout_claims(iat=int(NOW) + seconds)))

    assert is_good is isinstance(found, VerifiedLogoutToken)
    assert is_good or found == "token_issued_at"


@pytest.mark.parametrize(("seconds", "is_good"), [(-120, False), (-119, True), (0, True), (10**6, True)])
def test_a_token_is_not_over(seconds: int, is_good: bool) -> None:
    """With the same tolerance."""
    found = read(sign(logout_claims(exp=int(NOW) + seconds)))

    assert is_good is isinstance(found, VerifiedLogoutToken)
    assert is_good or found == "token_expired"


@pytest.mark.parametrize(
    ("name", "code"), [("iat", "token_issued_at"), ("exp", "token_expired"), ("jti", "logout_token_id")]
)
def test_what_has_to_be_there_is(name: str, code: str) -> None:
    """Missing, or null, is refused; so is another type."""
    claims = logout_claims()
    wrong: tuple[Any, ...] = (None, "1800000000", True, [], {}, -1)
    for value in wrong:
        found = read(sign(json.dumps(claims | {name: value}).encode()))
        assert (name == "jti" and value == "1800000000") or found in {code, "token_claim"}
    del claims[name]
    assert code == read(sign(claims))


def test_a_token_that_is_for_later_is_refused() -> None:
    """`nbf` counts when it is there."""
    assert isinstance(read(sign(logout_claims(nbf=int(NOW) + 120))), VerifiedLogoutToken)
    assert "token_not_yet_valid" == read(sign(logout_claims(nbf=int(NOW) + 121)))
    assert "token_claim" == read(sign(logout_claims(nbf="now")))


@pytest.mark.parametrize("token_id", ["", "x" * (MAX_ID_CHARACTERS + 1), 7, True, ["a"]])
def test_an_id_is_a_text_of_a_sane_length(token_id: Any) -> None:
    """It is remembered."""
    longest = "x" * MAX_ID_CHARACTERS

    assert longest == read(sign(logout_claims(jti=longest))).id
    assert "logout_token_id" == read(sign(logout_claims(jti=token_id)))


@pytest.mark.parametrize(
    "events",
    [
        None, [], [LOGOUT_EVENT], LOGOUT_EVENT, True, {}, {LOGOUT_EVENT: None}, {LOGOUT_EVENT: []},
        {LOGOUT_EVENT: True}, {LOGOUT_EVENT: "{}"}, {LOGOUT_EVENT.upper(): {}}, {LOGOUT_EVENT + "/": {}},
    ],
)  # fmt: skip
def test_the_event_is_a_logout(events: Any) -> None:
    """An object with a member that is an object."""
    assert "logout_token_event" == read(sign(logout_claims(events=events)))


def test_an_event_may_say_more() -> None:
    """Other events, and members of this one, are left alone."""
    events = {LOGOUT_EVENT: {"reason": "x"}, "https://other.example/event": None}

    assert isinstance(read(sign(logout_claims(events=events))), VerifiedLogoutToken)


@pytest.mark.parametrize("nonce", ["nonce-1", "", None, 7])
def test_a_nonce_is_refused(nonce: Any) -> None:
    """Even an empty one: what has a nonce is an ID token."""
    assert "logout_token_nonce" == read(sign(json.dumps(logout_claims() | {"nonce": nonce}).encode()))


def test_somebody_is_named() -> None:
    """A session, a person, or both."""
    assert (None, "user-1") == _name(logout_claims(sid=None))
    assert ("session-1", None) == _name(logout_claims(sub=None))
    assert "logout_token_nobody" == read(sign(logout_claims(sid=None, sub=None)))


@pytest.mark.parametrize("value", ["", 7, True, ["a"], {}])
def test_who_is_named_is_named_by_a_text(value: Any) -> None:
    """The other one does not make up for it."""
    assert "token_claim" == read(sign(logout_claims(sid=value)))
    assert "token_subject" == read(sign(logout_claims(sub=value)))


def test_an_id_token_is_no_logout_token() -> None:
    """It has no event, even where it lacks the nonce."""
    assert "logout_token_event" == read(sign(id_claims(jti="1")))
    assert "logout_token_event" == read(sign(id_claims(jti="1", nonce=None)))


@given(st.integers(-400, 120), st.integers(-100, 2000), st.sampled_from([0, 30, 120]))
def test_nobody_accepts_a_token_after_it_was_said_to_be_refused(iat_s: int, exp_s: int, slack_s: int) -> None:
    """That is how long its id has to be remembered."""
    expected = msgspec.structs.replace(EXPECTED, slack_s=float(slack_s))
    raw = sign(logout_claims(iat=int(NOW) + iat_s, exp=int(NOW) + exp_s))
    token = read(raw, expected)
    if not isinstance(token, VerifiedLogoutToken):
        return

    assert NOW <= token.refused_from <= NOW + 120 + MAX_LOGOUT_AGE_S + slack_s
    assert read(raw, expected, now=token.refused_from + 0.001) in {"token_expired", "token_issued_at"}


ODD_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.lists(st.integers())
CHECKED_CLAIMS = st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "events", "nonce", "sub", "sid"])


@given(st.dictionaries(CHECKED_CLAIMS, ODD_VALUES))
def test_a_token_with_odd_claims_is_refused_and_nothing_else_happens(changes: dict[str, Any]) -> None:
    """Whatever is in a signed token, the way out is a refusal, or one that names somebody."""
    found = read(sign(json.dumps(logout_claims() | changes).encode()))

    assert type(found) is str or found.session_id is not None or found.subject is not None


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda octets: octets.decode("latin-1")))
def test_whatever_is_sent_is_refused_and_nothing_else_happens(raw: str) -> None:
    """Before a key is asked for."""
    assert type(read(raw, keys=NO_KEYS)) is str


def _name(claims: dict[str, Any]) -> tuple[str | None, str | None]:
    token = read(sign(claims))
    return token.session_id, token.subject
