"""What operators write about a Redis server or a SQLite file."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.stores import RedisServer, SqliteFile
from ostiary.store_settings import RedisSettings, SqliteSettings


def where_refused(model: type[RedisServer | SqliteFile], **written: Any) -> str:
    """Return where the one error is."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(written)
    (error,) = refused.value.errors()
    assert "sesame" not in str(refused.value)
    return ".".join(map(str, error["loc"]))


def test_the_defaults_are_the_documented_ones() -> None:
    """But for `ssl_verify`, which is on unless `false` is typed."""
    settings = RedisServer.model_validate({}).settings

    assert RedisSettings() == settings
    assert ("127.0.0.1", 6379, None, None, 0, "sessions", False, True, None, 1.0, 1.0, 1.0, 10.0) == (
        settings.host, settings.port, settings.username, settings.password, settings.database, settings.prefix,
        settings.tls, settings.tls_verify, settings.server_name, settings.connect_timeout_s, settings.send_timeout_s,
        settings.read_timeout_s, settings.keepalive_s,
    )  # fmt: skip
    assert SqliteSettings(path="./ostiary-sessions.db") == SqliteFile.model_validate({}).settings


def test_everything_that_is_written_arrives() -> None:
    """Milliseconds become seconds; texts of variables are numbers and truth values."""
    written = {
        "host": "cache.internal", "port": "6380", "username": "ostiary", "password": "sesame", "database": "3",
        "prefix": "shop", "ssl": "true", "ssl_verify": "false", "server_name": "cache.example",
        "connect_timeout": "100", "send_timeout": 200, "read_timeout": 300, "keepalive_timeout": 4000,
    }  # fmt: skip
    server = RedisServer.model_validate(written)

    assert RedisSettings(
        host="cache.internal", port=6380, username="ostiary", password="sesame", database=3, prefix="shop", tls=True,
        tls_verify=False, server_name="cache.example", connect_timeout_s=0.1, send_timeout_s=0.2, read_timeout_s=0.3,
        keepalive_s=4.0,
    ) == server.settings  # fmt: skip
    assert "sesame" not in repr(server)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", "x"), ("host", ""), ("host", "redis://cache"), ("host", "cache:6379"), ("host", "a b"), ("host", None),
        ("port", 0), ("port", 65536), ("port", True), ("port", 1.5), ("username", ""), ("database", -1),
        ("prefix", ""), ("prefix", "a b"), ("prefix", "é"), ("ssl", 1), ("ssl_verify", "no"), ("ssl_verify", None),
        ("server_name", ""), ("connect_timeout", 0), ("send_timeout", 0), ("read_timeout", 0), ("read_timeout", "1.5"),
        ("keepalive_timeout", 999), ("password", 7), ("timeout", 1), ("pasword", "sesame"),
    ],
)  # fmt: skip
def test_what_cannot_stand_is_refused(field: str, value: Any) -> None:
    """Where it stands, whatever else is written."""
    assert field == where_refused(RedisServer, **{field: value})


NODES = [{"host": "10.0.0.1", "port": "7000"}, {"host": "10.0.0.2"}]


def test_sentinels_and_nodes_arrive_as_addresses() -> None:
    """Each with the usual port of its kind."""
    watched = RedisServer.model_validate(
        {"sentinels": NODES, "master_name": "shop", "sentinel_username": "u", "sentinel_password": "sesame"}
    )
    cluster = RedisServer.model_validate({"cluster_nodes": NODES, "wait_replicas": "1", "database": "0"})

    assert watched.settings == RedisSettings(
        sentinels=(("10.0.0.1", 7000), ("10.0.0.2", 26379)), master_name="shop", sentinel_username="u",
        sentinel_password="sesame",
    )  # fmt: skip
    assert cluster.settings == RedisSettings(cluster_nodes=(("10.0.0.1", 7000), ("10.0.0.2", 6379)), wait_replicas=1)
    assert "sesame" not in repr(watched) + repr(watched.settings)


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("master_name", {"sentinels": NODES}),
        ("cluster_nodes", {"sentinels": NODES, "master_name": "shop", "cluster_nodes": NODES}),
        ("host", {"cluster_nodes": NODES, "host": "10.0.0.1"}),
        ("port", {"sentinels": NODES, "master_name": "shop", "port": 6379}),
        ("database", {"cluster_nodes": NODES, "database": 1}),
        ("master_name", {"master_name": "shop"}),
        ("sentinel_username", {"sentinel_username": "u"}),
        ("sentinel_password", {"cluster_nodes": NODES, "sentinel_password": "sesame"}),
        ("sentinels", {"sentinels": [], "master_name": "shop"}),
        ("cluster_nodes", {"cluster_nodes": []}),
        ("cluster_nodes.0.host", {"cluster_nodes": [{"port": 7000}]}),
        ("cluster_nodes.0", {"cluster_nodes": ["10.0.0.1:7000"]}),
        ("wait_replicas", {"wait_replicas": -1}),
    ],
)
def test_there_is_one_way_to_redis(field: str, written: dict[str, Any]) -> None:
    """What belongs to another way is refused where it stands."""
    assert field == where_refused(RedisServer, **written)


@pytest.mark.parametrize("host", ["::1", "[::1]", "10.0.0.1", "cache", "cache-1.example.com", "fe80::1%eth0"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    """IPv6 with or without brackets."""
    assert host.strip("[]") == RedisServer.model_validate({"host": host}).settings.host


def test_unverified_tls_is_told_at_start() -> None:
    """Only where it is used."""
    assert () == RedisServer.model_validate({"ssl": True}).notices
    assert () == RedisServer.model_validate({"ssl_verify": False}).notices
    assert RedisServer.model_validate({"ssl": True, "ssl_verify": False}).notices[0].startswith("ssl_verify is false")


@pytest.mark.parametrize("path", ["", "state/", "a\0b", 7, "x" * 4097])
def test_what_is_no_path_is_refused(path: Any) -> None:
    """A folder, for one."""
    assert "path" == where_refused(SqliteFile, path=path)
