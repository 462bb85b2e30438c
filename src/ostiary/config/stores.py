"""What an operator writes about a store, wherever one is named: a Redis server, or a SQLite file.

`state:` and the plugins' own storages are made of these sections; texts here are the manual.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from ostiary.config.scalars import Number, Switch
from ostiary.config.section import Section, refuse
from ostiary.store_settings import RedisSettings, SqliteSettings

_HOST = re.compile(r"[A-Za-z0-9._:%-]+\Z")
_MOST_MS = 3_600_000


def _check_host(host: str) -> str:
    host = host.removeprefix("[").removesuffix("]")
    if not _HOST.match(host) or (":" in host and host.count(":") == 1):
        raise refuse("this is no name and no address of a server", "write the host alone; `port` is a field of its own")
    return host


def _check_prefix(prefix: str) -> str:
    if not re.match(r"[!-~]{1,128}\Z", prefix):
        raise refuse("a prefix is 1 to 128 printable ASCII characters, no spaces", "write it like `sessions`")
    return prefix


def _check_path(path: str) -> str:
    if "\0" in path or path.endswith("/"):
        raise refuse("this is no path of a file", "write it like `./ostiary.db`")
    return path


FilePath = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_check_path)]
Host = Annotated[str, Field(min_length=2, max_length=253), AfterValidator(_check_host)]
Prefix = Annotated[str, AfterValidator(_check_prefix)]
Milliseconds = Annotated[Number, Field(ge=1, le=_MOST_MS)]


Port = Annotated[Number, Field(ge=1, le=65535)]
_MOST_NODES = 64


class SentinelNode(Section):
    """One Redis Sentinel."""

    host: Host = Field(description="Name or address of the sentinel.")
    port: Port = Field(26379, description="Its port.")


class ClusterNode(Section):
    """One node of a Redis cluster."""

    host: Host = Field(description="Name or address of the node.")
    port: Port = Field(6379, description="Its port.")


class RedisServer(Section):
    """Redis or Valkey, 6.2 or newer: one server, the primary that sentinels name, or a cluster."""

    renamed: ClassVar[Mapping[str, str]] = {
        "nodes": "cluster_nodes",
        "master": "master_name",
        "service_name": "master_name",
        "sentinel_master": "master_name",
    }

    host: Host = Field("127.0.0.1", description="Name or address of the Redis server.")
    port: Port = Field(6379, description="Its port.")
    sentinels: Annotated[tuple[SentinelNode, ...], Field(max_length=_MOST_NODES)] | None = Field(
        None,
        description="The sentinels that know the server, in place of `host` and `port`: they are asked for the primary "
        "at first, after each failure and every second.",
    )
    master_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")] | None = Field(
        None, description="Name by which the sentinels know the primary and its replicas, such as `mymaster`."
    )
    sentinel_username: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="User name for AUTH at the sentinels. Unset: the password is the default user's."
    )
    sentinel_password: SecretStr | None = Field(
        None, description="Password for AUTH at the sentinels. Unset: no AUTH is sent to them."
    )
    cluster_nodes: Annotated[tuple[ClusterNode, ...], Field(max_length=_MOST_NODES)] | None = Field(
        None,
        description="Some nodes of a Redis cluster, in place of `host` and `port`; the others are learnt from them. "
        "With `ssl` every node's certificate must be for the address that the cluster tells, or for `server_name`.",
    )
    wait_replicas: Annotated[Number, Field(ge=0, le=16)] = Field(
        0,
        description="How many replicas must have a write before it counts. With 1, a sign-in that was answered "
        "survives the loss of the primary; while fewer replicas answer, whatever has to be written is answered 503.",
    )
    password: SecretStr | None = Field(None, description="Password for AUTH. Unset: no AUTH is sent.")
    username: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="User name for AUTH (Redis ACL). Unset: the password is the default user's."
    )
    database: Annotated[Number, Field(ge=0, le=2**31 - 1)] = Field(0, description="Number of the database.")
    prefix: Prefix = Field("sessions", description="What every key begins with, followed by a colon.")
    ssl: Switch = Field(default=False, description="Whether to speak TLS with the server.")
    ssl_verify: Switch = Field(
        default=True,
        description="Whether the server's certificate must be valid and for its name. `false` lets whoever sits in "
        "between read and forge everything.",
    )
    server_name: Annotated[str, Field(min_length=1, max_length=253)] | None = Field(
        None, description="Name that is asked for (SNI) and that the certificate must be for. Unset: `host`."
    )
    connect_timeout: Milliseconds = Field(1000, description="How long connecting may take, in milliseconds.")
    send_timeout: Milliseconds = Field(1000, description="How long sending a command may take, in milliseconds.")
    read_timeout: Milliseconds = Field(
        1000,
        description="How long the answer to a command may take, in milliseconds. Connecting, sending and reading "
        "together take no longer than the longest of the three.",
    )
    keepalive_timeout: Annotated[Number, Field(ge=1000, le=_MOST_MS)] = Field(
        10_000, description="How long an idle connection is kept for the next command, in milliseconds."
    )

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """One way to Redis, and all that belongs to it."""
        ways = [name for name in ("sentinels", "cluster_nodes") if written.get(name) is not None]
        if len(ways) > 1:
            yield "cluster_nodes", refuse("stands beside sentinels", "leave one of the two out: a cluster needs none")
        for name in ("host", "port") if ways else ():
            if written.get(name) is not None:
                yield name, refuse(f"has no effect with {ways[0]}", "leave it out")
        for name in ways:
            if written[name] in ([], ()):
                yield name, refuse("names no server", "write at least one, such as {host: 10.0.0.1}")
        if "sentinels" in ways and written.get("master_name") is None:
            remedy = "write the name after `sentinel monitor` in sentinel.conf, such as mymaster"
            yield "master_name", refuse("master_name is required with sentinels, but missing", remedy)
        for name in ("master_name", "sentinel_username", "sentinel_password"):
            if "sentinels" not in ways and written.get(name) is not None:
                yield name, refuse("has no effect without sentinels", "write `sentinels`, or leave it out")
        if "cluster_nodes" in ways and str(written.get("database", 0)) != "0":
            yield "database", refuse("a cluster has database 0 alone", "leave it out, and write a `prefix`")

    @property
    def settings(self) -> RedisSettings:
        """What was written, as the adapters take it: seconds instead of milliseconds."""
        return RedisSettings(
            host=self.host,
            port=self.port,
            username=self.username,
            password=None if self.password is None else self.password.get_secret_value(),
            database=self.database,
            prefix=self.prefix,
            tls=self.ssl,
            tls_verify=self.ssl_verify,
            server_name=self.server_name,
            connect_timeout_s=self.connect_timeout / 1000,
            send_timeout_s=self.send_timeout / 1000,
            read_timeout_s=self.read_timeout / 1000,
            keepalive_s=self.keepalive_timeout / 1000,
            sentinels=tuple((node.host, node.port) for node in self.sentinels or ()),
            master_name=self.master_name or "",
            sentinel_username=self.sentinel_username,
            sentinel_password=None if self.sentinel_password is None else self.sentinel_password.get_secret_value(),
            cluster_nodes=tuple((node.host, node.port) for node in self.cluster_nodes or ()),
            wait_replicas=self.wait_replicas,
        )

    @property
    def notices(self) -> tuple[str, ...]:
        """What weakens, for the operator to read at start."""
        if self.ssl and not self.ssl_verify:
            return ("ssl_verify is false: whoever sits between here and Redis can read and forge everything",)
        return ()


class SqliteFile(Section):
    """A SQLite file on this machine, shared by its processes."""

    path: FilePath = Field(
        "./ostiary-sessions.db",
        description="Path of the file, made when it is not there; a relative one begins at the configuration file.",
    )

    @property
    def settings(self) -> SqliteSettings:
        """What was written, as the adapters take it."""
        return SqliteSettings(path=self.path)
