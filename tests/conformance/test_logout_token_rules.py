"""The rules for logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4 to §2.8), each through the whole endpoint.

The provider sends one wrong token at a time, good but for one thing and signed with its own key unless the rule is
about that. It is answered 400, the session goes on, and the log names the code that stands beside it.
"""

from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import OctKey

from tests.conformance.provider import CLIENT_SECRET, LOGOUT_EVENT, SUBJECT
from tests.conformance.stage import ENDED_ELSEWHERE, Case
from tests.e2e.counterparts.calls import call, post_form
from tests.fakes.browser import Browser
from tests.fakes.issuer import assemble, make_key, sign

Write = Callable[[dict[str, Any]], str]
FORM = "application/x-www-form-urlencoded"
OTHER = make_key(number=1)
pytestmark = pytest.mark.client(**ENDED_ELSEWHERE)


def claim(**changes: Any) -> Write:
    """Sign claims with changes; None leaves one out."""
    return lambda claims: sign({name: value for name, value in {**claims, **changes}.items() if value is not None})


def later(name: str, seconds: int) -> Write:
    """Sign claims of which one lies `seconds` from now."""
    return lambda claims: sign({**claims, name: claims["iat"] + seconds})


def header(**members: Any) -> Write:
    """Sign good claims under a header with further members."""
    return lambda claims: sign(claims, header=members)


WRONG: list[tuple[str, str, Write]] = [
    ("no token", "token_malformed", lambda claims: "no token"),
    ("encrypted", "token_encrypted", lambda claims: f"{sign(claims)}.AAAA.AAAA"),
    ("unsigned", "token_algorithm", lambda claims: assemble({"alg": "none"}, claims)),
    ("by another key", "token_signature", lambda claims: sign(claims, OTHER)),
    ("by an unknown key", "token_key_unknown", lambda claims: sign(claims, OTHER, kid="key-2")),
    (
        "by the client's secret",
        "token_algorithm",
        lambda claims: sign(claims, OctKey(CLIENT_SECRET.encode(), None), alg="HS256"),
    ),
    ("crit", "token_header", header(crit=["exp"])),
    *((f"typ {kind}", "token_type", header(typ=kind)) for kind in ("at+jwt", "secevent+jwt", "dpop+jwt", "")),
    ("iss missing", "token_issuer", claim(iss=None)),
    ("iss with a slash", "token_issuer", lambda claims: sign({**claims, "iss": claims["iss"] + "/"})),
    ("aud missing", "token_audience", claim(aud=None)),
    ("aud of another besides", "token_audience", lambda claims: sign({**claims, "aud": [claims["aud"], "another"]})),
    ("iat missing", "token_issued_at", claim(iat=None)),
    ("iat of an hour ago", "token_issued_at", later("iat", -3600)),
    ("iat in the future", "token_issued_at", later("iat", 600)),
    ("iat a text", "token_claim", claim(iat="now")),
    ("exp missing", "token_expired", claim(exp=None)),
    ("exp over", "token_expired", later("exp", -130)),
    ("exp a text", "token_claim", claim(exp="later")),
    ("nbf in the future", "token_not_yet_valid", later("nbf", 600)),
    ("jti missing", "logout_token_id", claim(jti=None)),
    ("jti empty", "logout_token_id", claim(jti="")),
    ("jti a number", "logout_token_id", claim(jti=7)),
    ("events an array", "logout_token_event", claim(events=[LOGOUT_EVENT])),
    ("events a text", "logout_token_event", claim(events=LOGOUT_EVENT)),
    ("event true", "logout_token_event", claim(events={LOGOUT_EVENT: True})),
    ("event null", "logout_token_event", claim(events={LOGOUT_EVENT: None})),
    ("nonce empty", "logout_token_nonce", claim(nonce="")),
    ("about nobody", "logout_token_nobody", claim(sid=None)),
    ("sid empty", "token_claim", claim(sid="")),
    ("sid a number", "token_claim", claim(sid=7)),
    ("sub empty", "token_subject", claim(sub="")),
    ("sub an array", "token_subject", claim(sub=["person-1"])),
]


@pytest.mark.parametrize(("code", "write"), [line[1:] for line in WRONG], ids=[line[0] for line in WRONG])
def test_a_token_that_breaks_a_rule_ends_no_session(case: Case, code: str, write: Write) -> None:
    """Whoever could forge one could sign anybody out."""
    case.check_logout_refused(write(case.provider.build_logout_claims()), code)


def test_an_id_token_is_no_logout_token(case: Case) -> None:
    """Though it is signed by the same key, for the same client, and has a `sid`."""
    case.check_admitted()

    assert case.send_logout(case.provider.id_tokens[-1]).status == 400
    assert case.browser.xhr(case.url("/call")).status == 200


def test_a_logout_token_is_no_id_token(case: Case) -> None:
    """Not even one that says nothing of its type."""
    case.provider.write_id_token = lambda claims: sign({**claims, **case.provider.build_logout_claims()})

    case.check_refused("token_type")


def test_a_token_works_once(case: Case) -> None:
    """Again, it is refused; and whoever has signed in since then stays."""
    case.check_admitted()
    token = sign(case.provider.build_logout_claims())
    assert case.send_logout(token).status == 200
    case.provider.claims["sid"] = "session-2"
    case.browser = Browser()
    case.check_admitted()

    assert case.send_logout(token).status == 400
    assert case.browser.xhr(case.url("/call")).status == 200


@pytest.mark.parametrize(
    ("method", "kind", "body", "status"),
    [
        ("GET", FORM, "logout_token={token}", 405),
        ("POST", FORM, "", 400),
        ("POST", FORM, "logout_token=", 400),
        ("POST", FORM, "logout_token={token}&logout_token={token}", 400),
        ("POST", "text/plain", "logout_token={token}", 400),
        ("POST", "application/json", '{{"logout_token":"{token}"}}', 400),
        ("POST", FORM, "logout_token={token}&padding=" + "x" * 20_000, 413),
    ],
)
def test_what_is_no_call_of_the_back_channel_ends_no_session(
    case: Case, method: str, kind: str, body: str, status: int
) -> None:
    """One form with one token, though the token is good."""
    case.check_admitted()
    filled = body.format(token=sign(case.provider.build_logout_claims())).encode("ascii")
    answer = call(case.url("/back-channel"), method, {"Content-Type": kind}, filled)

    assert (status, True) == (answer.status, "no-store" in (answer.header("cache-control") or ""))
    assert case.browser.xhr(case.url("/call")).status == 200


def test_a_token_in_the_query_is_none(case: Case) -> None:
    """It would stand in logs."""
    case.check_admitted()
    token = sign(case.provider.build_logout_claims())

    assert post_form(f"{case.url('/back-channel')}?logout_token={token}", {"a": "b"}).status == 400
    assert case.browser.xhr(case.url("/call")).status == 200


def test_whoever_is_sent_to_sign_in_at_once_stays(case: Case) -> None:
    """A provider that asks nothing signs them in within the second of its logout token."""
    case.check_admitted()
    assert 200 == case.send_logout(sign(case.provider.build_logout_claims(sub=SUBJECT, sid=None))).status

    case.check_admitted()
    assert case.browser.xhr(case.url("/call")).status == 200
