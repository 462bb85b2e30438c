"""Where sessions may be kept."""

from typing import Any

import pytest

from ostiary.store_settings import RedisSettings, SqliteSettings
from tests.fakes.oidc_configs import LEFT_OUT, find_problems, make_oidc

MINIMAL = {"session_cookie_minimal": True, "pass_authorization_header": False}


def test_the_store_is_what_was_written() -> None:
    """None for cookies; a SQLite file without a section is the usual one."""
    assert make_oidc().store is None
    assert SqliteSettings(path="./ostiary-sessions.db") == make_oidc(session_store_type="sqlite").store
    assert SqliteSettings(path="a.db") == make_oidc(session_store_type="sqlite", sqlite={"path": "a.db"}).store
    store = make_oidc(session_store_type="redis", redis={"host": "10.0.0.1"}).store
    assert isinstance(store, RedisSettings)
    assert "10.0.0.1" == store.host


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ({"session_store_type": "redis"}, "", "redis is required with `session_store_type: redis`"),
        ({"redis": {"host": "10.0.0.1"}}, "redis", "is not used with `session_store_type: cookie`"),
        ({"session_store_type": "sqlite", "redis": {}}, "redis", "write `session_store_type: redis`"),
        ({"sqlite": {"path": "a.db"}}, "sqlite", "write `session_store_type: sqlite`"),
        ({"session_store_type": "memory"}, "session_store_type", "'cookie'"),
        ({"session_cookie_minimal": True}, "session_cookie_minimal", "add pass_authorization_header: false"),
        ({**MINIMAL, "pass_access_token": True}, "session_cookie_minimal", "leave out pass_access_token"),
        ({**MINIMAL, "cookie_refresh": "1h"}, "session_cookie_minimal", "leave out cookie_refresh"),
    ],
)
def test_what_does_not_go_together_is_refused(written: dict[str, Any], path: str, says: str) -> None:
    """With what is wrong or what to write."""
    problems = find_problems(**written)

    assert [path] == list(problems)
    assert says in problems[path]


@pytest.mark.parametrize(
    "written",
    [
        MINIMAL,
        {"session_cookie_minimal": True, "provider": "github", "oidc_issuer_url": LEFT_OUT},
        {**MINIMAL, "cookie_refresh": 0},
    ],
)
def test_a_session_may_keep_no_token(written: dict[str, Any]) -> None:
    """Where nobody needs one."""
    assert {} == find_problems(**written)


def test_a_wrong_duration_is_told_by_its_own_option() -> None:
    """And by no other."""
    assert ["cookie_refresh"] == list(find_problems(**MINIMAL, cookie_refresh="an hour"))
