"""Which store the operator wants, as values: hashable, and equal settings share one store.

What a store does is the port `ostiary.ports.Store`; `ostiary.adapters` has the stores themselves.
"""

from typing import final

import msgspec


@final
class SqliteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A file of this machine, shared by its workers. A `disposable` one is set aside and made anew when damaged."""

    path: str
    disposable: bool = False


@final
class RedisSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A Redis or Valkey server, shared by every node. Times in seconds; every key begins with `prefix` and a colon."""

    host: str = "127.0.0.1"
    port: int = 6379
    username: str | None = None
    password: str | None = None
    database: int = 0
    prefix: str = "sessions"
    tls: bool = False
    tls_verify: bool = True
    server_name: str | None = None
    connect_timeout_s: float = 1.0
    send_timeout_s: float = 1.0
    read_timeout_s: float = 1.0
    keepalive_s: float = 10.0

    def __repr__(self) -> str:
        """Name the server; the password stays inside."""
        return f"RedisSettings({self.host}:{self.port}/{self.database})"


StoreSettings = SqliteSettings | RedisSettings
