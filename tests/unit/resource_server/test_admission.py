"""From a verified access token to the verdict."""

from base64 import b64encode
from typing import Any

import msgspec
import pytest

from ostiary.identity.access_token import VerifiedAccessToken
from ostiary.identity.claim_schema import compile_claim_schema
from ostiary.identity.jose import TokenRefused
from ostiary.identity.subject import digest_subject
from ostiary.plugin import MAX_EDIT_VALUE_BYTES, Admit, Reply
from ostiary.resource_server.admission import Admission
from ostiary.resource_server.audience import AudienceRule
from ostiary.resource_server.settings import BearerSettings
from tests.fakes.issuer import ISSUER, access_claims
from tests.fakes.log import FakeLog


def verified(**changes: Any) -> VerifiedAccessToken:
    """Return a verified token."""
    claims = access_claims(**changes)
    return VerifiedAccessToken(claims, msgspec.json.encode(claims), None)


def admit(token: VerifiedAccessToken, raw: bytes = b"abc.def", log: FakeLog | None = None, **settings: Any) -> Admit:
    """Settle a token that is admitted."""
    verdict = Admission(BearerSettings(**settings), "bearer_verified", log or FakeLog()).settle(raw, token, ISSUER)
    assert isinstance(verdict, Admit)
    return verdict


def block(verdict: Admit) -> bytes:
    """Return the rendered headers."""
    return verdict.edits.block if verdict.edits is not None else b""


def test_the_upstream_is_told_token_and_claims() -> None:
    """X-Userinfo is base64 with padding, without line breaks, of the payload byte by byte."""
    token = verified()

    verdict = admit(token)

    userinfo = b64encode(token.payload)
    assert b"X-Access-Token: abc.def\r\nX-Userinfo: " + userinfo + b"\r\n" == block(verdict)
    assert ("bearer_verified", ()) == (verdict.reason, verdict.set_cookies)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"set_userinfo_header": False}, b"X-Access-Token: abc.def\r\n"),
        (
            {"set_userinfo_header": False, "access_token_in_authorization_header": True},
            b"Authorization: Bearer abc.def\r\n",
        ),
        ({"set_userinfo_header": False, "set_access_token_header": False}, b""),
        (
            {
                "set_userinfo_header": False,
                "set_access_token_header": False,
                "access_token_in_authorization_header": True,
            },
            b"",
        ),
    ],
)
def test_the_headers_are_those_of_the_settings(settings: dict[str, Any], expected: bytes) -> None:
    """Each can be left out; Authorization takes the place of X-Access-Token."""
    assert expected == block(admit(verified(), **settings))


def test_a_header_that_would_be_too_long_is_left_out_and_told() -> None:
    """The rest goes on; nothing is cut. The log says which and how long, not what."""
    log = FakeLog()
    huge = verified(groups=["g" * 12_300])

    verdict = admit(huge, log=log)

    assert b"X-Access-Token: abc.def\r\n" == block(verdict)
    assert ["identity_header_left_out"] == log.codes
    assert "ggg" not in log.text
    assert None is admit(huge, b"x" * (MAX_EDIT_VALUE_BYTES + 1)).edits


@pytest.mark.parametrize(
    ("scope", "admitted"),
    [("a b", True), ("b c a", True), ("a", False), ("", False), ("ab", False), ("A b", False), (None, False)],
)
def test_every_required_scope_has_to_be_granted(scope: str | None, admitted: bool) -> None:
    """Compared whole and with their case."""
    admission = Admission(BearerSettings(required_scopes=("a", "b")), "bearer_verified", FakeLog())
    verdict = admission.settle(b"abc", verified(scope=scope), ISSUER)

    assert admitted == isinstance(verdict, Admit)
    assert admitted or verdict is admission.answers.insufficient_scope


def test_scopes_are_read_from_arrays_and_scp_too() -> None:
    """Providers differ."""
    assert admit(verified(scope=["a", "b"]), required_scopes=("a", "b")).principal is not None
    assert admit(verified(scope=None, scp=["a", "b"]), required_scopes=("a", "b")).principal is not None
    assert admit(verified(scope=None, scp="b a"), required_scopes=("a", "b")).principal is not None


@pytest.mark.parametrize(
    ("changes", "subject", "client_id", "kind"),
    [
        ({}, "user-1", "shop", "person"),
        ({"client_id": "other"}, "user-1", "other", "person"),
        ({"sub": "shop"}, "shop", "shop", "machine"),
        ({"sub": None}, "shop", "shop", "machine"),
        ({"sub": None, "azp": None}, "", "", "machine"),
    ],
)
def test_the_principal_is_whom_the_token_names(
    changes: dict[str, Any], subject: str, client_id: str, kind: str
) -> None:
    """The client stands in where there is no subject."""
    principal = admit(verified(**changes)).principal

    assert principal is not None
    assert (ISSUER, subject, client_id, kind) == (
        principal.issuer,
        principal.subject,
        principal.client_id,
        principal.kind,
    )
    assert digest_subject(ISSUER, subject) == principal.digest
    assert access_claims(**changes) == principal.claims


@pytest.mark.parametrize("changes", [{"sub": 7}, {"azp": ["shop"]}, {"client_id": 7}, {"scope": 7}])
def test_claims_of_the_wrong_type_refuse_the_token(changes: dict[str, Any]) -> None:
    """A principal is never guessed."""
    with pytest.raises(TokenRefused, match="token_claim"):
        admit(verified(**changes), required_scopes=("a",) if "scope" in changes else ())


def refuse(token: VerifiedAccessToken, log: FakeLog | None = None, **settings: Any) -> Reply:
    """Settle a token that is not admitted."""
    verdict = Admission(BearerSettings(**settings), "bearer_verified", log or FakeLog()).settle(b"a.b", token, ISSUER)
    assert isinstance(verdict, Reply)
    return verdict


def test_the_operators_checks_run_in_the_documented_order() -> None:
    """Scopes, then the audience, then the schema."""
    checks: dict[str, Any] = {
        "claim_schema": compile_claim_schema({"required": ["email"]}),
        "audience": AudienceRule(client_id="nobody"),
        "required_scopes": ("admin", "write"),
    }

    first = refuse(verified(), **checks)
    assert "scope_missing" == first.reason
    assert b'{"error":"required scopes admin, write not present"}' == first.body
    assert "audience_mismatch" == refuse(verified(scope="admin write"), **checks).reason
    assert "audience_missing" == refuse(verified(scope=["admin", "write"], aud=None), **checks).reason
    assert "claims_refused" == refuse(verified(scope=None, scp=["admin", "write"], aud="nobody"), **checks).reason
    assert "bearer_verified" == admit(verified(scope="admin write", aud=["nobody"], email="a@b"), **checks).reason


def test_claims_that_do_not_fit_are_401_and_told_by_their_place() -> None:
    """The flat claims are judged; no value is in the log."""
    log = FakeLog()
    schema = compile_claim_schema({"properties": {"email": {"pattern": "@shop\\.example$"}}})
    answer = refuse(verified(email="ada@evil.example"), log, claim_schema=schema)

    assert (401, "claims_refused") == (answer.status, answer.reason)
    assert 'error="invalid_token"' in dict(answer.headers)["WWW-Authenticate"]
    assert [{"at": "$.email (pattern)"}] == [event.fields for event in log.events]
    assert "evil" not in log.text
