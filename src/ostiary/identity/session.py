"""The session: who signed in where, for how long, and with which tokens; as a record that is sealed and kept.

A record is written at login and replaced by its successor at each refresh: a new `id`, the same `family`. Opening one
refuses (`SessionRefused`) what is unreadable, of another version or client, or over. Times are wall-clock seconds.
Where a record is kept, and what is done about tokens that run out, is not known here (`session_lifetime`).
"""

from typing import Any, final

import msgspec

from ostiary.identity.sealing import encode_base64url

SESSION_VERSION = 3
ID_RANDOM_BYTES = 32
FAMILY_RANDOM_BYTES = 16


class SessionRefused(Exception):  # noqa: N818 - the design's word: a refusal is an answer, not an error of ours
    """A session that does not count. `code`: `session_broken`, `session_foreign`, `session_expired` and the like."""

    def __init__(self, code: str) -> None:
        """Remember the stable `code`."""
        super().__init__(code)
        self.code = code


@final
class Session(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """A signed-in person. Written as MessagePack in this order; a change of fields is a new `SESSION_VERSION`.

    `id` is this record's own, `family` that of the login and all its refreshes, `replaces` the id of the record before.
    `created_at` is the login, `authenticated_at` when the provider last vouched, `touched_at` the last use that was
    noted, `expires_at` the absolute limit. `scope` is what the provider granted. What the operator does not want kept
    is None (`session_contents`), and so is what the provider did not give. `provider_session_id` is the `sid` of the
    login's ID token, `id_token_issued_at` its `iat`, and `login_started_at` when the person was sent to the provider,
    whatever refreshes bring: by them the provider ends sessions.
    """

    version: int
    id: str
    family: str
    replaces: str | None
    issuer: str
    client_id: str
    subject: str
    created_at: float
    authenticated_at: float
    touched_at: float
    expires_at: float
    access_token: str | None
    access_token_expires_at: float
    refresh_token: str | None
    scope: str
    id_token: str | None
    id_token_claims: dict[str, Any] | None
    userinfo: dict[str, Any] | None
    provider_session_id: str | None
    id_token_issued_at: float
    login_started_at: float

    def __repr__(self) -> str:
        """Name the client and the lifetime; ids, tokens and claims stay inside."""
        return f"Session(client_id={self.client_id!r}, expires_at={self.expires_at:.0f})"


@final
class SessionTicket(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """What the browser keeps of a session that lives in a store: the way to it."""

    version: int
    id: str
    family: str
    expires_at: float

    def __repr__(self) -> str:
        """Show the lifetime only: the id is a secret."""
        return f"SessionTicket(expires_at={self.expires_at:.0f})"


def build_session_id(random: bytes) -> str:
    """Return the id that 32 random bytes make: 43 characters of base64url."""
    if len(random) != ID_RANDOM_BYTES:
        message = f"a session id is made of {ID_RANDOM_BYTES} random bytes"
        raise ValueError(message)
    return encode_base64url(random).decode("ascii")


def build_family(random: bytes) -> str:
    """Return the family that 16 random bytes make: 22 characters of base64url."""
    if len(random) != FAMILY_RANDOM_BYTES:
        message = f"a session's family is made of {FAMILY_RANDOM_BYTES} random bytes"
        raise ValueError(message)
    return encode_base64url(random).decode("ascii")


def build_ticket(record: Session) -> SessionTicket:
    """Return the ticket of a record."""
    return SessionTicket(version=SESSION_VERSION, id=record.id, family=record.family, expires_at=record.expires_at)


def encode_session(record: Session | SessionTicket) -> bytes:
    """Write a record. Raises ValueError for claims that cannot be kept (numbers beyond 64 bits, lone surrogates)."""
    try:
        return msgspec.msgpack.encode(record)
    except (msgspec.MsgspecError, OverflowError, TypeError, RecursionError, UnicodeEncodeError):
        message = "the session holds claims that cannot be kept"
        raise ValueError(message) from None


def open_session(octets: bytes, client_id: str) -> Session:
    """Read a record that came out of a seal, and check version and client. Raises SessionRefused."""
    try:
        record = msgspec.msgpack.decode(octets, type=Session)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SessionRefused("session_broken") from None
    if record.version != SESSION_VERSION:
        raise SessionRefused("session_broken")
    if record.client_id != client_id:
        raise SessionRefused("session_foreign")
    return record


def open_ticket(octets: bytes) -> SessionTicket:
    """Read a ticket that came out of a seal, and check its version. Raises SessionRefused."""
    try:
        ticket = msgspec.msgpack.decode(octets, type=SessionTicket)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SessionRefused("session_broken") from None
    if ticket.version != SESSION_VERSION:
        raise SessionRefused("session_broken")
    return ticket
