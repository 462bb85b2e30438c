"""Sessions out of what a provider gave: what is kept, for how long, and what a refresh changes."""

from typing import Any

import msgspec
import pytest

from ostiary.identity.id_token import VerifiedIdToken
from ostiary.identity.session import SESSION_VERSION, Session
from ostiary.identity.session_lifetime import SessionLimits
from ostiary.identity.token_endpoint import TokenSet
from ostiary.relying_party.identities import Identity
from ostiary.relying_party.session_maker import Grant, build_session, build_successor
from ostiary.relying_party.settings import SessionContents
from tests.fakes.dice import FakeRandom
from tests.fakes.issuer import CLIENT_ID, ISSUER, NOW, access_claims, sign
from tests.fakes.relying_parties import make_settings
from tests.fakes.sessions import make_session

TOKENS = TokenSet(
    access_token="access", token_type="Bearer", expires_in=300, refresh_token="refresh", id_token="raw", scope="openid"
)
CLAIMS = {"iss": ISSUER, "sub": "user-1", "aud": CLIENT_ID, "iat": int(NOW)}
USERINFO = {"sub": "user-1", "name": "Quick Start"}


def build(tokens: TokenSet = TOKENS, claims: dict[str, Any] | None = None, **changes: Any) -> Session:
    """Make the session of a login at `NOW`."""
    id_token = VerifiedIdToken(CLAIMS if claims is None else claims, "raw")
    return build_session(
        make_settings(**changes),
        Grant(tokens, None, USERINFO, NOW),
        Identity(dict(id_token.claims), id_token.raw),
        NOW - 9,
        FakeRandom(),
    )


def succeed(
    record: Session,
    tokens: TokenSet = TOKENS,
    id_token: VerifiedIdToken | None = None,
    userinfo: dict[str, Any] | None = None,
    **changes: Any,
) -> Session:
    """Refresh a session at `NOW + 300`."""
    return build_successor(
        make_settings(**changes), record, Grant(tokens, id_token, userinfo, NOW + 300), FakeRandom("later")
    )


def change(tokens: TokenSet = TOKENS, **changes: Any) -> TokenSet:
    """Return other tokens."""
    return msgspec.structs.replace(tokens, **changes)


def test_a_session_is_what_the_provider_said() -> None:
    """Who, at which provider, by which client, since when; everything is kept unless told otherwise."""
    session = build()

    assert (session.version, session.replaces) == (SESSION_VERSION, None)
    assert (session.issuer, session.client_id, session.subject) == (ISSUER, CLIENT_ID, "user-1")
    assert NOW == session.created_at == session.authenticated_at == session.touched_at
    assert (session.access_token, session.refresh_token, session.id_token) == ("access", "refresh", "raw")
    assert (session.id_token_claims, session.userinfo) == (CLAIMS, USERINFO)
    assert (session.expires_at, session.access_token_expires_at) == (NOW + 3600, NOW + 300)


def test_every_login_has_an_id_and_a_family_of_its_own() -> None:
    """Random ones: nothing that a browser brought is adopted (DESIGN.md §9.8)."""
    dice = FakeRandom()
    id_token = VerifiedIdToken(CLAIMS, "raw")
    sessions = [
        build_session(
            make_settings(),
            Grant(TOKENS, id_token, None, NOW),
            Identity(dict(id_token.claims), id_token.raw),
            NOW,
            dice,
        )
        for _ in range(2)
    ]

    assert len({session.id for session in sessions}) == len({session.family for session in sessions}) == 2
    assert (len(sessions[0].id), len(sessions[0].family)) == (43, 22)


@pytest.mark.parametrize(
    ("contents", "kept"),
    [
        (SessionContents(), {"access_token", "refresh_token", "id_token", "id_token_claims", "userinfo"}),
        (
            SessionContents(access_token=True, id_token=False, raw_id_token=False, userinfo=False),
            {"access_token", "refresh_token"},
        ),
        (
            SessionContents(access_token=False, id_token=True, raw_id_token=False, userinfo=False),
            {"id_token_claims"},
        ),
        (SessionContents(access_token=False, id_token=False, raw_id_token=True, userinfo=False), {"id_token"}),
        (SessionContents(access_token=False, id_token=False, raw_id_token=False, userinfo=True), {"userinfo"}),
        (SessionContents(access_token=False, id_token=False, raw_id_token=False, userinfo=False), set()),
    ],
)
def test_what_is_not_wanted_is_not_kept(contents: SessionContents, kept: set[str]) -> None:
    """Each member of `session_contents`; the refresh token goes with the access token, and `{}` keeps neither."""
    session = build(contents=contents)
    optional = ("access_token", "refresh_token", "id_token", "id_token_claims", "userinfo")

    assert kept == {name for name in optional if getattr(session, name) is not None}
    assert session.subject == "user-1"


@pytest.mark.parametrize(
    ("said", "unsaid_lifetime_s", "lifetime_s"),
    [(300, 50.0, 300), (None, 50.0, 50), (None, 3600.0, 3600), (0, 50.0, 50)],
)
def test_a_lifetime_that_the_provider_does_not_say_is_the_operators(
    said: int | None, unsaid_lifetime_s: float, lifetime_s: float
) -> None:
    """`access_token_expires_in`; an `expires_in` of 0 says nothing, and counts as such at login and refresh."""
    tokens = change(expires_in=said)
    record = build(tokens, unsaid_lifetime_s=unsaid_lifetime_s)
    successor = succeed(record, tokens, unsaid_lifetime_s=unsaid_lifetime_s)

    assert NOW + lifetime_s == record.access_token_expires_at
    assert NOW + 300 + lifetime_s == successor.access_token_expires_at


@pytest.mark.parametrize("session_id", [None, "session-1"])
def test_what_the_provider_can_end_it_by_stays(session_id: str | None) -> None:
    """Its own session, and when the login's ID token was issued: a refresh changes neither."""
    claims = CLAIMS | {"sid": session_id, "iat": int(NOW) - 7}
    record = build(claims=claims)
    newer = VerifiedIdToken(CLAIMS | {"sid": "session-2", "iat": int(NOW) + 60}, "newer.raw")
    successor = succeed(record, TOKENS, newer, USERINFO)

    for known in (record, successor):
        assert (session_id, NOW - 7, NOW - 9) == (
            known.provider_session_id, known.id_token_issued_at, known.login_started_at
        )  # fmt: skip


def test_the_absolute_limit_is_the_operators() -> None:
    """From the login on."""
    assert NOW + 60 == build(limits=SessionLimits(absolute_s=60)).expires_at


def test_without_userinfo_there_is_none() -> None:
    """The provider has none, or did not give any."""
    id_token = VerifiedIdToken(CLAIMS, "raw")

    assert (
        build_session(
            make_settings(),
            Grant(TOKENS, id_token, None, NOW),
            Identity(dict(id_token.claims), id_token.raw),
            NOW,
            FakeRandom(),
        ).userinfo
        is None
    )


@pytest.mark.parametrize(
    ("said", "access_token", "claims", "scope"),
    [
        ("openid email", sign(access_claims(scope="other")), CLAIMS | {"scope": "other"}, "openid email"),
        ("", sign(access_claims(scope="other")), CLAIMS, ""),
        (None, sign(access_claims(scope="openid api")), CLAIMS | {"scope": "other"}, "api openid"),
        (None, "opaque", CLAIMS | {"scope": "openid mail"}, "mail openid"),
        (None, "opaque", CLAIMS, "openid asked"),
        (None, sign(access_claims(scope=None)), CLAIMS, "openid asked"),
        (None, sign(access_claims(scope=7)), CLAIMS, "openid asked"),
        (None, "é.ü.ß", CLAIMS, "openid asked"),
    ],
)
def test_what_was_granted(said: str | None, access_token: str, claims: dict[str, Any], scope: str) -> None:
    """RFC 6749 §5.1: the answer, else the tokens, else what was asked for; an answer of nothing is an answer."""
    assert build(change(scope=said, access_token=access_token), claims, scope="openid asked").scope == scope


def test_a_successor_is_a_new_record_of_the_same_login() -> None:
    """Another id, the same family and absolute limit; it knows what it replaces."""
    record = build()
    successor = succeed(record, change(access_token="newer", refresh_token="newest"))

    assert record.id != successor.id
    assert (record.id, record.family) == (successor.replaces, successor.family)
    assert (record.created_at, record.expires_at) == (successor.created_at, successor.expires_at)
    assert NOW + 300 == successor.authenticated_at == successor.touched_at
    assert (successor.access_token, successor.refresh_token) == ("newer", "newest")
    assert (record.subject, record.issuer) == (successor.subject, successor.issuer)


def test_what_a_refresh_does_not_bring_stays() -> None:
    """RFC 6749 §6: the old refresh token and scope; ID token and userinfo too."""
    record = build()
    successor = succeed(record, change(refresh_token=None, id_token=None, scope=None))

    assert (successor.refresh_token, successor.scope) == (record.refresh_token, record.scope)
    assert (successor.id_token, successor.id_token_claims) == (record.id_token, record.id_token_claims)
    assert record.userinfo == successor.userinfo


def test_what_a_refresh_brings_is_taken() -> None:
    """A narrower scope, a new ID token, new userinfo."""
    newer = VerifiedIdToken(CLAIMS | {"groups": []}, "newer.raw")
    successor = succeed(build(), change(scope="openid"), newer, {"sub": "user-1", "name": "New"})

    assert (successor.scope, successor.id_token) == ("openid", "newer.raw")
    assert successor.id_token_claims == CLAIMS | {"groups": []}
    assert successor.userinfo == {"sub": "user-1", "name": "New"}


def test_a_refresh_is_no_new_authentication() -> None:
    """How it was done holds until the provider says otherwise (OpenID Connect Core §12.2); nothing else stays."""
    record = build(claims={**CLAIMS, "acr": "gold", "email": "a@b.c"})
    for said, acr in (({}, "gold"), ({"acr": "silver"}, "silver")):
        claims = succeed(record, id_token=VerifiedIdToken({**CLAIMS, **said}, "new")).id_token_claims
        assert {**CLAIMS, "acr": acr} == claims


def test_a_refresh_keeps_no_more_than_a_login() -> None:
    """What the operator does not want kept does not come in through the back door."""
    contents = SessionContents(access_token=True, id_token=False, raw_id_token=False, userinfo=False)
    record = make_session(refresh_token="refresh", id_token=None, id_token_claims=None, userinfo=None)
    successor = succeed(record, TOKENS, VerifiedIdToken(CLAIMS, "newer.raw"), USERINFO, contents=contents)

    assert (successor.id_token, successor.id_token_claims, successor.userinfo) == (None, None, None)
