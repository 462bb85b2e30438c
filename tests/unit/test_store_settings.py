"""Which store the operator wants."""

from ostiary.store_settings import RedisSettings, SqliteSettings


def test_equal_settings_share_one_store() -> None:
    """They are keys of a dictionary."""
    assert len({RedisSettings(host="a"), RedisSettings(host="a"), SqliteSettings(path="a"), RedisSettings()}) == 3


def test_a_password_is_in_no_text() -> None:
    """DESIGN.md §9.15."""
    assert "RedisSettings('cache':6379/0)".replace("'", "") == repr(RedisSettings(host="cache", password="sesame"))


def test_one_server_of_many_is_named_by_its_address() -> None:
    """Everything else is as it was written."""
    whole = RedisSettings(cluster_nodes=(("a", 1), ("b", 2)), prefix="shop", wait_replicas=1)

    assert whole.at(("b", 2)) == RedisSettings(
        host="b", port=2, cluster_nodes=(("a", 1), ("b", 2)), prefix="shop", wait_replicas=1
    )
