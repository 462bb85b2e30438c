"""The `state` part of `ostiary.yaml`: where this gateway keeps what its processes, or nodes, must agree on.

Locks, results of refreshes, revocations, used logins: what is lost here costs a sign-in at most, so a damaged file is
set aside and made anew. Sessions themselves have their own storage, which the plugins' configuration names.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from pydantic import BeforeValidator, Field

from ostiary.config.section import refuse
from ostiary.config.stores import FilePath, Prefix, RedisServer, SqliteFile
from ostiary.store_settings import SqliteSettings, StoreSettings

DEFAULT_STATE = SqliteSettings(path="./ostiary-state.db", disposable=True)


class SqliteState(SqliteFile):
    """Shared by the processes of this machine."""

    type: Literal["sqlite"]
    path: FilePath = Field(
        DEFAULT_STATE.path,
        description="Path of the file, made when it is not there; a relative one begins at the configuration file.",
    )

    @property
    def settings(self) -> SqliteSettings:
        """What was written, as the adapters take it."""
        return msgspec.structs.replace(DEFAULT_STATE, path=self.path)


class RedisState(RedisServer):
    """Shared by every node."""

    type: Literal["redis"]
    prefix: Prefix = Field("ostiary", description="What every key begins with, followed by a colon.")


def _check_type(written: object) -> object:
    if isinstance(written, Mapping) and written.get("type") not in ("sqlite", "redis"):
        remedy = "write `type: sqlite` for one machine, `type: redis` for several"
        raise refuse("its `type` is neither `sqlite` nor `redis`", remedy)
    return written


StateConfig = Annotated[SqliteState | RedisState, Field(discriminator="type"), BeforeValidator(_check_type)]


def choose_state(written: SqliteState | RedisState | None) -> StoreSettings:
    """Return where state is kept; without anything, in a file beside the configuration."""
    return DEFAULT_STATE if written is None else written.settings


def find_state_notices(written: SqliteState | RedisState | None) -> tuple[str, ...]:
    """Return what the operator should read at start."""
    return tuple(f"state: {notice}" for notice in written.notices) if isinstance(written, RedisState) else ()
