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


Address = tuple[str, int]


@final
class RedisSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Redis or Valkey, shared by every node. Times in seconds; every key begins with `prefix` and a colon.

    It is the server at `host` and `port`; with `sentinels` the primary that they know as `master_name`; with
    `cluster_nodes` the cluster that they belong to. A write counts when `wait_replicas` replicas have it.
    """

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
    sentinels: tuple[Address, ...] = ()
    master_name: str = ""
    sentinel_username: str | None = None
    sentinel_password: str | None = None
    cluster_nodes: tuple[Address, ...] = ()
    wait_replicas: int = 0

    def at(self, address: Address) -> "RedisSettings":
        """Return the same for one server."""
        host, port = address
        return msgspec.structs.replace(self, host=host, port=port)

    def __repr__(self) -> str:
        """Name the servers; passwords stay inside."""
        nodes = self.sentinels or self.cluster_nodes or ((self.host, self.port),)
        return f"RedisSettings({', '.join(f'{host}:{port}' for host, port in nodes)}/{self.database})"


StoreSettings = SqliteSettings | RedisSettings
