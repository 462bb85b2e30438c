"""One connection to Redis: redis-py's, with our TLS, and without what it does of its own accord.

redis-py frames commands, reads replies and says AUTH and SELECT. It does not retry, reconnect or time out here:
`ostiary.adapters.redis_pool` decides that. Nothing is decoded: values are bytes.
"""

import ssl
from collections.abc import Mapping
from typing import Any, final

from redis.asyncio.connection import Connection

from ostiary.store_settings import RedisSettings


@final
class RedisLink(Connection):
    """A connection that is opened once, used by one call at a time, and cut when anything is in doubt."""

    def __init__(self, settings: RedisSettings, context: ssl.SSLContext | None) -> None:
        """Know where to go; nothing is opened yet."""
        super().__init__(
            host=settings.host,
            port=settings.port,
            db=settings.database,
            username=settings.username,
            password=settings.password,
            protocol=2,  # no greeting, no pushes: each reply belongs to the command before it
            socket_timeout=None,
            socket_connect_timeout=None,
            driver_info=None,
        )
        self._tls: dict[str, Any] = {}
        if context is not None:
            self._tls = {"ssl": context, "server_hostname": settings.server_name or settings.host}

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {"host": self.host, "port": self.port, **self._tls}

    async def open(self) -> None:
        """Connect, authenticate, choose the database. Raises OSError, ValueError or redis-py's errors."""
        await self._connect()  # type: ignore[no-untyped-call]
        await self.on_connect_check_health(check_health=False)

    async def is_quiet(self) -> bool:
        """Say whether nothing came since the last reply: neither an end nor bytes that nobody asked for."""
        reader, writer = self._reader, self._writer
        if reader is None or writer is None or writer.is_closing() or reader.exception() is not None:
            return False
        return not await self.can_read()

    def cut(self) -> None:
        """End it at once, whatever is under way: nobody will read what may still come (DESIGN.md §9.12)."""
        writer, self._reader, self._writer = self._writer, None, None
        self._parser.on_disconnect()  # type: ignore[no-untyped-call]
        if writer is not None:
            writer.transport.abort()
