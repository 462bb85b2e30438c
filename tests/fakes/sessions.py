"""Session records for tests: one that counts, and changes by name."""

from typing import Any

import msgspec

from ostiary.identity.session import SESSION_VERSION, Session, build_family, build_session_id
from tests.fakes.issuer import CLIENT_ID, ISSUER, NOW


def make_session(**changes: Any) -> Session:
    """Return a session of a login at `NOW`, its access token good for 300 seconds, and no refresh token."""
    session = Session(
        version=SESSION_VERSION,
        id=build_session_id(bytes(32)),
        family=build_family(bytes(16)),
        replaces=None,
        issuer=ISSUER,
        client_id=CLIENT_ID,
        subject="alice",
        created_at=NOW,
        authenticated_at=NOW,
        touched_at=NOW,
        expires_at=NOW + 3600,
        access_token="access.token",
        access_token_expires_at=NOW + 300,
        refresh_token=None,
        scope="openid profile",
        id_token="raw.id.token",
        id_token_claims={"sub": "alice", "iss": ISSUER},
        userinfo=None,
        provider_session_id=None,
        id_token_issued_at=NOW,
        login_started_at=NOW,
    )
    return msgspec.structs.replace(session, **changes)
