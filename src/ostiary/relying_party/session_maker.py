"""Sessions out of what a provider gave: a new one at sign-in, a successor at a refresh.

Only verified parts go in, and nothing that the browser brought (DESIGN.md §9.8); what the operator does not want kept
is left out here. Ids are random, a family stays with its login, and no refresh moves the absolute limit.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from ostiary.identity.claims import read_scopes, read_session_id
from ostiary.identity.id_token import VerifiedIdToken
from ostiary.identity.jose import TokenRefused, parse_compact_token
from ostiary.identity.session import (
    FAMILY_RANDOM_BYTES,
    ID_RANDOM_BYTES,
    SESSION_VERSION,
    Session,
    build_family,
    build_session_id,
)
from ostiary.identity.token_endpoint import TokenSet
from ostiary.ports import Random
from ostiary.relying_party.identities import Identity
from ostiary.relying_party.settings import RelyingPartySettings

Claims = Mapping[str, Any]


class Grant(NamedTuple):
    """What the provider gave, and when (`received_at`). At a refresh ID token and userinfo may be missing."""

    tokens: TokenSet
    id_token: VerifiedIdToken | None
    userinfo: Claims | None
    received_at: float


def build_session(
    settings: RelyingPartySettings, grant: Grant, identity: Identity, started_at: float, random: Random
) -> Session:
    """Return the session of a login that began at `started_at`; `identity` is who the grant's tokens speak of."""
    tokens, _, userinfo, received_at = grant
    claims = identity.claims
    contents = settings.contents
    dice = random.token_bytes(ID_RANDOM_BYTES + FAMILY_RANDOM_BYTES)
    return Session(
        version=SESSION_VERSION,
        id=build_session_id(dice[:ID_RANDOM_BYTES]),
        family=build_family(dice[ID_RANDOM_BYTES:]),
        replaces=None,
        issuer=claims["iss"],
        client_id=settings.credentials.client_id,
        subject=claims["sub"],
        created_at=received_at,
        authenticated_at=received_at,
        touched_at=received_at,
        expires_at=received_at + settings.limits.absolute_s,
        access_token=tokens.access_token if contents.access_token else None,
        access_token_expires_at=received_at + _find_lifetime(tokens, settings),
        refresh_token=tokens.refresh_token if contents.access_token else None,
        scope=_find_scope(tokens, claims, settings.scope),
        id_token=identity.id_token if contents.raw_id_token else None,
        id_token_claims=dict(claims) if contents.id_token else None,
        userinfo=dict(userinfo) if contents.userinfo and userinfo is not None else None,
        provider_session_id=read_session_id(claims),
        id_token_issued_at=float(claims["iat"]),
        login_started_at=started_at,
    )


def build_successor(settings: RelyingPartySettings, record: Session, grant: Grant, random: Random) -> Session:
    """Return what replaces a session after a refresh (RFC 6749 §6): without a new refresh token the old one stays."""
    tokens, id_token, userinfo, received_at = grant
    contents = settings.contents
    changes: dict[str, Any] = {}
    if id_token is not None and contents.id_token:
        changes["id_token_claims"] = {**_keep_acr(record), **id_token.claims}
    if id_token is not None and contents.raw_id_token:
        changes["id_token"] = id_token.raw
    if userinfo is not None and contents.userinfo:
        changes["userinfo"] = dict(userinfo)
    return msgspec.structs.replace(
        record,
        id=build_session_id(random.token_bytes(ID_RANDOM_BYTES)),
        replaces=record.id,
        authenticated_at=received_at,
        touched_at=received_at,
        access_token=tokens.access_token,
        access_token_expires_at=received_at + _find_lifetime(tokens, settings),
        refresh_token=tokens.refresh_token or record.refresh_token,
        scope=record.scope if tokens.scope is None else tokens.scope,
        **changes,
    )


def _keep_acr(record: Session) -> Claims:
    """A refresh is no new authentication (OpenID Connect Core §12.2): how it was done holds if nothing is said."""
    return {name: value for name, value in (record.id_token_claims or {}).items() if name == "acr"}


def _find_lifetime(tokens: TokenSet, settings: RelyingPartySettings) -> float:
    """Return the access token's lifetime in seconds; one of zero would be over before it was used, and says nothing."""
    return float(tokens.expires_in) if tokens.expires_in else settings.unsaid_lifetime_s


def _find_scope(tokens: TokenSet, claims: Claims, asked: str) -> str:
    """RFC 6749 §5.1: what the answer says was granted; else what the tokens say, else what was asked for."""
    if tokens.scope is not None:
        return tokens.scope
    for said in (_read_access_token(tokens.access_token), claims):
        try:
            scopes = read_scopes(said)
        except TokenRefused:
            continue
        if scopes:
            return " ".join(sorted(scopes))
    return asked


def _read_access_token(access_token: str) -> Claims:
    """Return the claims of a JWT that came from the token endpoint over TLS; nothing for any other token."""
    try:
        return parse_compact_token(access_token.encode("ascii", "replace")).claims
    except TokenRefused:
        return {}
