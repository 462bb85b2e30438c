"""Where sessions are kept: in cookies, in Redis, or in a SQLite file. Texts here are the manual.

The fields of both are those of every Redis server and SQLite file that a configuration names (`ostiary.config.stores`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, final

from pydantic import Field
from pydantic_core import PydanticCustomError

from ostiary.config.scalars import Switch, read_switch
from ostiary.config.section import Section, refuse
from ostiary.config.stores import RedisServer, SqliteFile
from ostiary.plugins.oidc.values import find_seconds
from ostiary.store_settings import StoreSettings

_STORES = ("cookie", "redis", "sqlite")


@final
class RedisConfig(RedisServer):
    """The Redis or Valkey server that keeps sessions, shared by every node: `session_store_type: redis`."""


@final
class SqliteConfig(SqliteFile):
    """The file that keeps sessions, shared by the processes of one machine: `session_store_type: sqlite`."""


class StoreConfig(Section):
    """Where sessions are kept."""

    session_store_type: Literal["cookie", "redis", "sqlite"] = Field(
        default="cookie",
        description="Where sessions are kept: sealed into the browser's cookies, in Redis (or Valkey) for any number "
        "of nodes, or in a SQLite file for the workers of one machine.",
    )
    redis: RedisConfig | None = Field(default=None, description="The Redis server, with `session_store_type: redis`.")
    sqlite: SqliteConfig | None = Field(
        default=None, description="The SQLite file, with `session_store_type: sqlite`. Default: as its fields say."
    )
    session_cookie_minimal: Switch = Field(
        default=False,
        description="Keep no token in the session, which makes it small: nothing is renewed, and the upstream is given "
        "none. Needs `pass_authorization_header: false`.",
    )

    @property
    def store(self) -> StoreSettings | None:
        """The store that sessions live in; None: sealed into cookies."""
        if self.session_store_type == "redis" and self.redis is not None:
            return self.redis.settings
        if self.session_store_type == "sqlite":
            return (self.sqlite or SqliteConfig()).settings
        return None


def find_store_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield stores that are described and not used, or used and not described, and tokens that are not kept."""
    kind = written.get("session_store_type", "cookie")
    if kind == "redis" and written.get("redis") is None:
        problem = "redis is required with `session_store_type: redis`, but missing"
        yield "redis", refuse(problem, "write its host and port")
    for name in ("redis", "sqlite"):
        if written.get(name) is not None and kind != name and kind in _STORES:
            remedy = f"write `session_store_type: {name}`, or leave it out"
            yield name, refuse(f"is not used with `session_store_type: {kind}`", remedy)
    if read_switch(written.get("session_cookie_minimal")) is True:
        yield from _find_missing_tokens(written)


def _find_missing_tokens(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """What needs a token of the session, which `session_cookie_minimal` leaves out."""
    name = "session_cookie_minimal"
    if read_switch(written.get("pass_authorization_header", written.get("provider") != "github")) is True:
        yield name, refuse("leaves out the ID token that the upstream is given", "add pass_authorization_header: false")
    if read_switch(written.get("pass_access_token")) is True:
        yield name, refuse("leaves out the access token that the upstream is given", "leave out pass_access_token")
    refresh = written.get("cookie_refresh", "0")
    try:
        refreshes = isinstance(refresh, str) and find_seconds(refresh) > 0
    except PydanticCustomError:
        refreshes = False
    if refreshes:
        yield name, refuse("leaves out the refresh token that cookie_refresh needs", "leave out cookie_refresh")
