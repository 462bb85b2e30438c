"""`session.redis` and `session.sqlite`: the documented names and defaults.

Their limits are tried in tests/unit/config/test_stores.py.
"""

from ostiary.plugins.openid_connect.store_config import RedisConfig, SqliteConfig
from ostiary.store_settings import RedisSettings, SqliteSettings

DOCUMENTED = {
    "host": "127.0.0.1",
    "port": 6379,
    "password": None,
    "username": None,
    "database": 0,
    "prefix": "sessions",
    "ssl": False,
    "ssl_verify": True,  # documented as off: a hole, see docs/compatibility.md
    "server_name": None,
    "connect_timeout": 1000,
    "send_timeout": 1000,
    "read_timeout": 1000,
    "keepalive_timeout": 10_000,
}
OURS = {
    "sentinels": None,
    "master_name": None,
    "sentinel_username": None,
    "sentinel_password": None,
    "cluster_nodes": None,
    "wait_replicas": 0,
}


def test_every_documented_field_has_its_documented_default() -> None:
    """And besides them there are those for sentinels and clusters, which are off."""
    assert RedisConfig.model_validate({}).model_dump() == {**DOCUMENTED, **OURS}


def test_settings_are_what_the_stores_are_opened_with() -> None:
    """Sessions are not disposable: a damaged file is the operator's."""
    assert RedisSettings(prefix="sessions") == RedisConfig.model_validate({}).settings
    assert SqliteSettings(path="./ostiary-sessions.db", disposable=False) == SqliteConfig.model_validate({}).settings
