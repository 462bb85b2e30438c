"""Where sessions are kept when they are not in cookies: `session.redis` and `session.sqlite`.

The fields are those of every Redis server and SQLite file that a configuration names (`ostiary.config.stores`); the
defaults here are the documented ones of the session storage. Texts there are the manual.
"""

from typing import final

from ostiary.config.stores import RedisServer, SqliteFile


@final
class RedisConfig(RedisServer):
    """The Redis or Valkey server that keeps sessions, shared by every node: `session.storage: redis`."""


@final
class SqliteConfig(SqliteFile):
    """The file that keeps sessions, shared by the processes of one machine: `session.storage: sqlite`."""
