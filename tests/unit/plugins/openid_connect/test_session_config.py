"""The browser session's configuration: each member's limits, and what does not go together."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.plugins.openid_connect.session_config import (
    MAX_LIFETIME_S,
    MAX_SECRETS,
    SessionConfig,
    SessionContentsConfig,
)
from ostiary.store_settings import RedisSettings, SqliteSettings

SECRET = "0123456789abcdef"


def read(**attributes: Any) -> SessionConfig:
    """Read a session."""
    return SessionConfig.model_validate({"secret": SECRET, **attributes})


def faults(**attributes: Any) -> dict[str, str]:
    """Return what is wrong, by path; no message repeats a secret."""
    with pytest.raises(ValidationError) as refused:
        read(**attributes)
    assert SECRET not in str(refused.value)
    return {".".join(map(str, error["loc"])): error["msg"] for error in refused.value.errors(include_input=False)}


def test_the_defaults_are_the_documented_ones() -> None:
    """An hour, sealed into a Lax cookie that scripts do not see."""
    session = read()

    assert (session.cookie.lifetime, session.storage, session.store) == (3600, "cookie", None)
    assert (session.cookie_name, session.cookie_path, session.cookie_domain) == (None, "/", None)
    assert (session.cookie_secure, session.cookie_http_only, session.cookie_same_site) == (None, True, "Lax")
    assert (session.idling_timeout, session.rolling_timeout, session.absolute_timeout) == (0, 0, 0)
    assert session.revalidate_s == 1.0


@pytest.mark.parametrize(("length", "accepted"), [(15, False), (16, True)])
def test_a_secret_is_long(length: int, accepted: bool) -> None:
    """Sixteen characters, each one in a list."""
    for secret in ("s" * length, ["s" * length], [SECRET, "s" * length]):
        if accepted:
            assert len(read(secret=secret).secret) == len([secret] if isinstance(secret, str) else secret)
        else:
            assert [path.partition(".")[0] for path in faults(secret=secret)] == ["secret"]


def test_secrets_keep_their_order() -> None:
    """The first seals."""
    secrets = read(secret=["first-secret-of-all", "second-secret-of-all"]).secret

    assert [secret.get_secret_value() for secret in secrets] == ["first-secret-of-all", "second-secret-of-all"]
    assert "first-secret" not in repr(secrets)


@pytest.mark.parametrize("secret", [[], [SECRET] * (MAX_SECRETS + 1), 1234567890123456, {}, None, [None], ["", SECRET]])
def test_anything_else_is_no_secret(secret: object) -> None:
    """One text or at most eight."""
    assert all(path.startswith("secret") for path in faults(secret=secret))


def test_a_secret_has_to_be_there() -> None:
    """Nothing is generated for a session that was written."""
    with pytest.raises(ValidationError, match="secret"):
        SessionConfig.model_validate({})


@pytest.mark.parametrize("name", ["idling_timeout", "rolling_timeout", "absolute_timeout"])
@pytest.mark.parametrize(
    ("value", "accepted"),
    [(0, True), (1, True), ("60", True), (MAX_LIFETIME_S, True), (MAX_LIFETIME_S + 1, False), (-1, False), (0.5, False),
     (True, False), ("1h", False)],
)  # fmt: skip
def test_a_limit_is_off_or_whole_seconds(name: str, value: Any, accepted: bool) -> None:
    """At most the 400 days that browsers keep a cookie."""
    if accepted:
        assert getattr(read(**{name: value}), name) == int(value)
    else:
        assert list(faults(**{name: value})) == [name]


@pytest.mark.parametrize(
    ("value", "accepted"), [(1, True), (MAX_LIFETIME_S, True), (0, False), (MAX_LIFETIME_S + 1, False)]
)
def test_a_cookie_lives_at_least_a_second(value: int, accepted: bool) -> None:
    """`session.cookie.lifetime` has no 0."""
    if accepted:
        assert read(cookie={"lifetime": value}).cookie.lifetime == value
    else:
        assert list(faults(cookie={"lifetime": value})) == ["cookie.lifetime"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("cookie_name", ["shop", "__Host-shop", "a.b_c-d", "s" * 64], ["", "a b", "a=b", "a;b", "é", "s" * 65]),
        ("cookie_path", ["/", "/shop", "/a/b-c"], ["", "shop", "/a;b", "/a b", "/a\n", "/" + "a" * 256]),
        ("cookie_domain", ["example.com", ".a-b.example"], ["", "a b", "a;b", "https://a.b", "a..b", "a.b."]),
        ("cookie_secure", [True, False, "true"], ["yes", 1]),
        ("cookie_http_only", [True, False, "false"], ["yes", 0, None]),
        ("cookie_same_site", ["Strict", "Lax", "None", "Default"], ["lax", "none", "", None]),
        ("revalidate_s", [0, 1, 0.5, "0.5", 3600], [-1, 3601, "1s", True, None]),
        ("storage", ["cookie", "sqlite"], ["memory", "redis", "", None]),
    ],
)  # fmt: skip
def test_what_each_member_may_be(name: str, good: list[Any], bad: list[Any]) -> None:
    """And what is refused at its own place."""
    for value in good:
        read(**{name: value})
    for value in bad:
        assert {path.partition(".")[0] for path in faults(**{name: value})} <= {name, "redis"}, value


def test_each_storage_has_its_settings() -> None:
    """Sealed cookies have none; a SQLite file has a place of its own unless one is written."""
    assert read(storage="redis", redis={"host": "redis.example"}).store == RedisSettings(
        host="redis.example", prefix="sessions"
    )
    assert read(storage="sqlite").store == SqliteSettings(path="./ostiary-sessions.db")
    assert read(storage="sqlite", sqlite={"path": "./other.db"}).store == SqliteSettings(path="./other.db")
    assert read(storage="cookie").store is None


@pytest.mark.parametrize(
    ("attributes", "path"),
    [
        ({"storage": "redis"}, "redis"),
        ({"redis": {}}, "redis"),
        ({"storage": "cookie", "sqlite": {}}, "sqlite"),
        ({"storage": "sqlite", "redis": {}}, "redis"),
        ({"storage": "redis", "redis": {}, "sqlite": {}}, "sqlite"),
        ({"cookie_same_site": "None", "cookie_secure": False}, "cookie_secure"),
        ({"cookie_same_site": "None", "cookie_secure": "false"}, "cookie_secure"),
    ],
)
def test_what_does_not_go_together_is_refused(attributes: dict[str, Any], path: str) -> None:
    """A store that is missing, or described and not used; a cookie for all sites that is not Secure."""
    assert list(faults(**attributes)) == [path]


def test_a_cookie_for_all_sites_may_be_secure_or_leave_it_open() -> None:
    """`None` needs Secure, and gets it."""
    assert read(cookie_same_site="None").cookie_same_site == "None"
    assert read(cookie_same_site="None", cookie_secure=True).cookie_secure is True


def test_what_is_not_kept_has_to_be_left_out() -> None:
    """Where `session_contents` is written, each member counts that is true."""
    assert SessionContentsConfig.model_validate({}).model_dump() == {
        "access_token": False, "id_token": False, "enc_id_token": False, "user": False
    }  # fmt: skip
    with pytest.raises(ValidationError):
        SessionContentsConfig.model_validate({"refresh_token": True})
    assert SessionContentsConfig.model_validate({"user": "true"}).user is True


def test_names_of_others_lead_to_ours() -> None:
    """lua-resty-session's and older APISIX's."""
    for name in SessionConfig.renamed.values():
        assert name in SessionConfig.model_fields
