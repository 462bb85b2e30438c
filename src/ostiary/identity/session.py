"""The session: who signed in where, for how long, and with which tokens; as a record that is sealed into cookies.

A record is written once, at login, and opened against what this client expects. Opening refuses (`SessionRefused`)
what is unreadable, of another version or client, or over. Times are wall-clock seconds; a lifetime is absolute.
"""

from typing import Any, final

import msgspec

SESSION_VERSION = 1


class SessionRefused(Exception):  # noqa: N818 - the design's word: a refusal is an answer, not an error of ours
    """A session that does not count. `code`: `session_broken`, `session_foreign` or `session_expired`."""

    def __init__(self, code: str) -> None:
        """Remember the stable `code`."""
        super().__init__(code)
        self.code = code


@final
class Session(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """A signed-in person. Sealed as MessagePack in this order; a change of fields is a new `SESSION_VERSION`.

    `scope` is what the provider granted. `userinfo` is None when it was not fetched or could not be.
    """

    version: int
    issuer: str
    client_id: str
    subject: str
    created_at: float
    expires_at: float
    access_token: str
    access_token_expires_at: float
    refresh_token: str | None
    scope: str
    id_token: str
    id_token_claims: dict[str, Any]
    userinfo: dict[str, Any] | None

    def __repr__(self) -> str:
        """Name the client and the lifetime; tokens and claims stay inside."""
        return f"Session(client_id={self.client_id!r}, expires_at={self.expires_at:.0f})"


@final
class OpenedSession:
    """A session that was checked; its only maker is `open_session`. `usable_until` is when it stops counting."""

    __slots__ = ("record", "usable_until")

    def __init__(self, record: Session) -> None:
        """Hold a checked record."""
        self.record = record
        self.usable_until = min(record.expires_at, record.access_token_expires_at)


def encode_session(record: Session) -> bytes:
    """Write a record. Raises ValueError for claims that cannot be kept (numbers beyond 64 bits, lone surrogates)."""
    try:
        return msgspec.msgpack.encode(record)
    except (msgspec.MsgspecError, OverflowError, TypeError, RecursionError, UnicodeEncodeError):
        message = "the session holds claims that cannot be kept"
        raise ValueError(message) from None


def open_session(octets: bytes, client_id: str, now: float) -> OpenedSession:
    """Read a record that came out of a seal, and check version, client and lifetimes. Raises SessionRefused."""
    try:
        record = msgspec.msgpack.decode(octets, type=Session)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SessionRefused("session_broken") from None
    if record.version != SESSION_VERSION:
        raise SessionRefused("session_broken")
    if record.client_id != client_id:
        raise SessionRefused("session_foreign")
    session = OpenedSession(record)
    if session.usable_until <= now:
        raise SessionRefused("session_expired")
    return session
