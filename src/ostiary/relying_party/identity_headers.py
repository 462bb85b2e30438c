"""What the upstream is told about a signed-in person: headers rendered once for each session.

`X-Access-Token` (or `Authorization`), `X-Refresh-Token` and `X-Raw-ID-Token` are the tokens themselves; `X-ID-Token`
and `X-Userinfo` are base64 of JSON, so always ASCII; `X-Forwarded-User` and its like are claims as they are. A value
that no header can carry is left out and logged; it is never cut. The client's own `Authorization` goes: it did not sign
anybody in, and the upstream must not take it for who did.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.identity.members import MemberRule, may_enter, read_person, tell_email, tell_groups
from ostiary.identity.session import Session
from ostiary.identity.subject import digest_subject
from ostiary.plugin import Admit, Principal, RequestEdits, edit_request
from ostiary.ports import Log
from ostiary.relying_party.settings import RelyingPartySettings, SessionHeaders

MAX_TOTAL_BYTES = 24_576


def build_session_admit(
    record: Session,
    settings: RelyingPartySettings,
    log: Log,
    *,
    is_bare: bool = False,
    set_cookies: tuple[str, ...] = (),
) -> Admit:
    """Return the verdict that every request with this session gets; a bare one has no access token to show."""
    digest = digest_subject(record.issuer, record.subject)
    principal = Principal(
        issuer=record.issuer,
        subject=record.subject,
        client_id=record.client_id,
        kind="person",
        digest=digest,
        claims=merge_claims(record),
    )
    planned = _plan_headers(record, settings.headers, is_bare=is_bare)
    if settings.headers.forwarded_user:
        planned += _plan_person(principal.claims, settings.members or MemberRule())
    edits = _build_edits(planned, digest, log)
    return Admit(principal, reason="session", edits=edits, set_cookies=set_cookies)


def merge_claims(record: Session) -> Mapping[str, Any]:
    """Return what is known of a person: the ID token's word goes before userinfo's."""
    claims = record.id_token_claims or {}
    return claims if record.userinfo is None else {**record.userinfo, **claims}


def is_member(record: Session, rule: MemberRule | None) -> bool:
    """Say whether a signed-in person may enter."""
    return rule is None or may_enter(read_person(merge_claims(record), rule), rule)


def encode_claims(claims: Mapping[str, Any]) -> str:
    """Return standard base64, without line breaks, of the JSON of claims."""
    return b2a_base64(msgspec.json.encode(claims), newline=False).decode("ascii")


def _build_edits(planned: list[tuple[str, str]], digest: str, log: Log) -> RequestEdits:
    kept: list[tuple[str, str]] = []
    used = 0
    for name, value in planned:
        used += len(name) + len(value)
        if used <= MAX_TOTAL_BYTES and _is_sendable(name, value):
            kept.append((name, value))
        else:
            used -= len(name) + len(value)
            log.event(
                "warning",
                "identity_header_left_out",
                "a header for the upstream is too large or holds characters that no header can carry",
                header=name,
                value_bytes=len(value),
                principal=digest,
            )
    return edit_request(kept, delete=("Authorization",))


def _plan_headers(record: Session, headers: SessionHeaders, *, is_bare: bool) -> list[tuple[str, str]]:
    planned = []
    if record.access_token is not None and headers.access_token and not is_bare:
        if headers.access_token_in_authorization:
            planned.append(("Authorization", f"Bearer {record.access_token}"))
        else:
            planned.append(("X-Access-Token", record.access_token))
    if headers.forwarded_access_token and record.access_token is not None and not is_bare:
        planned.append(("X-Forwarded-Access-Token", record.access_token))
    if headers.id_token_in_authorization and record.id_token is not None:
        planned.append(("Authorization", f"Bearer {record.id_token}"))
    if headers.id_token and record.id_token_claims is not None:
        planned.append(("X-ID-Token", encode_claims(record.id_token_claims)))
    if headers.userinfo and record.userinfo is not None:
        planned.append(("X-Userinfo", encode_claims(record.userinfo)))
    if headers.refresh_token and record.refresh_token is not None:
        planned.append(("X-Refresh-Token", record.refresh_token))
    if headers.raw_id_token and record.id_token is not None:
        planned.append(("X-Raw-ID-Token", record.id_token))
    return planned


def _plan_person(claims: Mapping[str, Any], rule: MemberRule) -> list[tuple[str, str]]:
    person = read_person(claims, rule)
    told = {
        "X-Forwarded-User": person.user,
        "X-Forwarded-Email": tell_email(person, rule),
        "X-Forwarded-Groups": tell_groups(person),
        "X-Forwarded-Preferred-Username": person.preferred_username,
    }
    return [(name, value) for name, value in told.items() if value]


def _is_sendable(name: str, value: str) -> bool:
    try:
        edit_request(((name, value),))
    except ValueError:
        return False
    return True
