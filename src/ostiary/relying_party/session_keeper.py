"""Where the sessions of one client are kept under one public scheme: sealed into cookies, or in a store.

In a store the cookie holds a sealed ticket and the store a sealed record, bound to its id: whoever reads the store
reads no session, and a value that stands under another's key opens for nobody (DESIGN.md §9.12). A session that was
replaced or ended is `ostiary.relying_party.renewal`'s and `revocations`' to know.
"""

from collections.abc import Sequence
from typing import final

from ostiary.identity.sealing import NONCE_BYTES, Sealer, bind
from ostiary.identity.session import (
    Session,
    SessionRefused,
    SessionTicket,
    build_ticket,
    encode_session,
    open_session,
    open_ticket,
)
from ostiary.identity.session_lifetime import find_end
from ostiary.plugin import Services
from ostiary.ports import Store
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.settings import RelyingPartySettings

Cookies = Sequence[tuple[bytes, bytes]]


@final
class SessionKeeper:
    """Reads and writes sessions. `is_sealed`: they are in the cookies, and no store is asked for them."""

    __slots__ = ("_binding", "_client_id", "_limits", "_sealer", "_services", "_store", "cookie", "is_sealed")

    def __init__(self, settings: RelyingPartySettings, cookies: ClientCookies, services: Services) -> None:
        """Open the store, where there is one; no I/O."""
        self.cookie = cookies.session
        self.is_sealed = settings.store is None
        self._store: Store | None = None if settings.store is None else services.stores.open(settings.store)
        self._client_id = settings.credentials.client_id
        self._limits = settings.limits
        self._services = services
        self._sealer = Sealer(settings.secrets, "stored session")
        self._binding = cookies.binding

    def open(self, chunks: tuple[bytes, ...]) -> Session | SessionTicket:
        """Return what the cookie holds: the session, or its ticket. Raises SessionRefused."""
        plain = self.cookie.open(chunks)
        if plain is None:
            raise SessionRefused("session_broken")
        return open_session(plain, self._client_id) if self.is_sealed else open_ticket(plain)

    async def find(self, chunks: tuple[bytes, ...]) -> tuple[Session | SessionTicket, Session | None]:
        """Return what the cookie holds, and the session itself: None when the store of a ticket has it no more.

        Raises SessionRefused, StoreFault.
        """
        opened = self.open(chunks)
        return opened, opened if isinstance(opened, Session) else await self.load(opened)

    async def load(self, ticket: SessionTicket) -> Session | None:
        """Return the record of a ticket, or None when the store has none. Raises SessionRefused, StoreFault."""
        if self._store is None:
            return None
        sealed = await self._store.read(_name_key(ticket.id))
        if sealed is None:
            return None
        plain = self._sealer.open(sealed, bind(*self._binding, ticket.id))
        if plain is None:
            raise SessionRefused("session_broken")
        record = open_session(plain, self._client_id)
        if record.id != ticket.id or record.family != ticket.family:
            raise SessionRefused("session_broken")
        return record

    async def save(self, record: Session) -> None:
        """Keep a record until its end; sealed ones are kept by their cookie. Raises StoreFault, ValueError."""
        if self._store is not None:
            nonce = self._services.random.token_bytes(NONCE_BYTES)
            sealed = self._sealer.seal(encode_session(record), bind(*self._binding, record.id), nonce)
            await self._store.write(_name_key(record.id), sealed, find_end(record, self._limits))

    async def remove(self, session_id: str) -> None:
        """Forget a record. Raises StoreFault."""
        if self._store is not None:
            await self._store.delete(_name_key(session_id))

    def write_cookie(self, record: Session, present: Cookies) -> tuple[str, ...]:
        """Return the Set-Cookie values that hold the session or its ticket. Raises SessionTooLarge, ValueError."""
        plain = encode_session(record if self.is_sealed else build_ticket(record))
        nonce = self._services.random.token_bytes(NONCE_BYTES)
        left_s = max(1, int(record.expires_at - self._services.clock.now()))
        return self.cookie.write(plain, nonce, present, left_s)


def _name_key(session_id: str) -> str:
    return f"session:{session_id}"
