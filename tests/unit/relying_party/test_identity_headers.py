"""What the upstream is told about a signed-in person."""

import json
from base64 import b64decode
from typing import Any

import msgspec
import pytest

from ostiary.identity.members import MemberRule
from ostiary.identity.subject import digest_subject
from ostiary.plugin import MAX_EDIT_VALUE_BYTES
from ostiary.relying_party.identity_headers import build_session_admit, is_member
from ostiary.relying_party.settings import SessionHeaders
from tests.fakes.issuer import ISSUER
from tests.fakes.log import FakeLog
from tests.fakes.relying_parties import make_settings
from tests.fakes.sessions import make_session

SESSION = make_session(
    access_token="access.token",
    refresh_token="refresh",
    id_token_claims={"sub": "alice", "name": "Zoë\r\nX-Admin: 1"},
    userinfo={"sub": "alice", "groups": []},
)
EVERYTHING = SessionHeaders()


def lines(headers: SessionHeaders = EVERYTHING, log: FakeLog | None = None, **changes: Any) -> dict[str, str]:
    """Return the headers that the upstream gets."""
    admit = build_session_admit(
        msgspec.structs.replace(SESSION, **changes), make_settings(headers=headers), log or FakeLog()
    )
    assert admit.edits is not None
    return dict(line.split(": ", 1) for line in admit.edits.block.decode("ascii").splitlines())


def decode(value: str) -> Any:
    """Read base64 of JSON."""
    return json.loads(b64decode(value, validate=True))


def test_the_upstream_gets_token_claims_and_userinfo() -> None:
    """The token as it is; claims and userinfo as base64 of JSON, so that no claim becomes a header line."""
    told = lines()

    assert set(told) == {"X-Access-Token", "X-ID-Token", "X-Userinfo"}
    assert told["X-Access-Token"] == "access.token"
    assert decode(told["X-ID-Token"]) == SESSION.id_token_claims
    assert decode(told["X-Userinfo"]) == SESSION.userinfo


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        (SessionHeaders(access_token=False), {"X-ID-Token", "X-Userinfo"}),
        (SessionHeaders(access_token=False, access_token_in_authorization=True), {"X-ID-Token", "X-Userinfo"}),
        (SessionHeaders(id_token=False, userinfo=False), {"X-Access-Token"}),
        (SessionHeaders(access_token_in_authorization=True, id_token=False), {"Authorization", "X-Userinfo"}),
    ],
)
def test_each_header_can_be_switched_off(headers: SessionHeaders, names: set[str]) -> None:
    """By the attributes of their names."""
    assert set(lines(headers)) == names


def test_the_token_can_go_in_authorization() -> None:
    """As a bearer token, instead of X-Access-Token."""
    assert lines(SessionHeaders(access_token_in_authorization=True))["Authorization"] == "Bearer access.token"


def test_no_userinfo_no_header() -> None:
    """What was not fetched is not told."""
    assert "X-Userinfo" not in lines(userinfo=None)


@pytest.mark.parametrize("token", ["a\r\nX-Admin: 1", "é", "a" * (MAX_EDIT_VALUE_BYTES + 1)])
def test_what_no_header_can_carry_is_left_out_and_logged(token: str) -> None:
    """Whole, never cut; the others still go, and the log names header and size only."""
    log = FakeLog()
    told = lines(EVERYTHING, log, access_token=token)

    assert set(told) == {"X-ID-Token", "X-Userinfo"}
    assert log.codes == ["identity_header_left_out"]
    assert log.events[0].fields["header"] == "X-Access-Token"
    assert token not in log.text


def test_all_headers_together_are_limited() -> None:
    """A head that the upstream would refuse is not built: what does not fit any more is left out."""
    log = FakeLog()
    large = {"sub": "alice", "x": "y" * 11_000}
    told = lines(EVERYTHING, log, id_token_claims=large, userinfo=large)

    assert set(told) == {"X-Access-Token", "X-ID-Token"}
    assert log.codes == ["identity_header_left_out"]


def test_the_clients_own_authorization_goes() -> None:
    """It did not sign anybody in."""
    admit = build_session_admit(SESSION, make_settings(headers=EVERYTHING), FakeLog())

    assert admit.edits is not None
    assert b"authorization" in admit.edits.names


def test_the_principal_is_the_person() -> None:
    """With the digest that stands for them in logs."""
    principal = build_session_admit(SESSION, make_settings(headers=EVERYTHING), FakeLog()).principal

    assert principal is not None
    assert (principal.issuer, principal.subject, principal.kind) == (ISSUER, "alice", "person")
    assert principal.digest == digest_subject(ISSUER, "alice")
    assert "alice" not in repr(principal)


def test_the_id_token_may_stand_in_authorization() -> None:
    """With the access token beside it, as Higress and oauth2-proxy pass them."""
    headers = SessionHeaders(
        access_token=False, id_token=False, userinfo=False, id_token_in_authorization=True, forwarded_access_token=True
    )
    assert {"Authorization": "Bearer raw.id.token", "X-Forwarded-Access-Token": "access.token"} == lines(headers)


def test_people_are_told_by_their_claims() -> None:
    """Groups with commas; the ID token's word goes before userinfo's; what no header can carry is left out."""
    headers = SessionHeaders(access_token=False, id_token=False, userinfo=False, forwarded_user=True)
    claims = {"sub": "alice", "email": "a@b.c", "preferred_username": "ali\u00e9"}
    userinfo = {"sub": "alice", "email": "old@b.c", "groups": ["x", "y"]}
    found = lines(headers, id_token_claims=claims, userinfo=userinfo)

    assert {"X-Forwarded-User": "alice", "X-Forwarded-Email": "a@b.c", "X-Forwarded-Groups": "x,y"} == found


def test_upstreams_are_told_nothing_that_could_be_somebody_else() -> None:
    """Neither an address that was never verified, nor a group whose name reads as two."""
    headers = SessionHeaders(access_token=False, id_token=False, userinfo=False, forwarded_user=True)
    claims = {"sub": "mallory", "email": "admin@b.c", "email_verified": False, "groups": ["x", "y,admins"]}

    assert {"X-Forwarded-User": "mallory", "X-Forwarded-Groups": "x"} == lines(headers, id_token_claims=claims)


def test_who_is_no_member_is_told_apart() -> None:
    """By what both tokens and userinfo say."""
    rule = MemberRule(groups=("x",))

    assert is_member(SESSION, None)
    assert not is_member(SESSION, rule)
    assert is_member(msgspec.structs.replace(SESSION, userinfo={"groups": "x"}), rule)
