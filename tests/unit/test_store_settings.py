"""Which store the operator wants."""

from ostiary.store_settings import RedisSettings, SqliteSettings


def test_equal_settings_share_one_store() -> None:
    """They are keys of a dictionary."""
    assert len({RedisSettings(host="a"), RedisSettings(host="a"), SqliteSettings(path="a"), RedisSettings()}) == 3


def test_a_password_is_in_no_text() -> None:
    """DESIGN.md §9.15."""
    assert "RedisSettings('cache':6379/0)".replace("'", "") == repr(RedisSettings(host="cache", password="sesame"))
