"""The kinds of values that options have."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ostiary.plugins.oidc.values import Endpoint, Lifetime, Path, Pattern, Timespan, find_seconds, read_list


def refuse(kind: Any, value: object) -> str:
    """Return what is said about a value that is refused."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    [line] = caught.value.errors()
    context = line.get("ctx") or {}
    return f"{line['msg']}; {context.get('remedy', '')}"


@pytest.mark.parametrize(("value", "kept"), [("168h0m0s", "168h0m0s"), (0, "0"), (0.0, "0"), ("0", "0"), ("1s", "1s")])
def test_a_lifetime_keeps_its_spelling(value: object, kept: str) -> None:
    """The number 0 is the one that needs no unit."""
    assert kept == TypeAdapter(Lifetime).validate_python(value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (3600, "is a number without a unit; write 3600s for seconds"),
        (1.5, "write 1.5s for seconds"),
        (-1, "write -1s"),
        ("3600", "has no unit; write 3600s for seconds"),
        ("7d", "write 168h for it"),
        ("300ms", "is less than a second"),
        ("9601h", "up to 9600h (400 days)"),
        (True, "valid string"),
        (None, "valid string"),
    ],
)
def test_a_lifetime_that_cannot_be_meant_is_refused(value: object, says: str) -> None:
    """With what to write."""
    assert says in refuse(Lifetime, value)


@pytest.mark.parametrize("value", [0, "0s"])
def test_some_things_take_time(value: object) -> None:
    """A sign-in that may take none could never end well."""
    assert "such as 15m" in refuse(Timespan, value)


def test_a_duration_is_seconds() -> None:
    """For whoever compiles it."""
    assert 5400.0 == find_seconds("1h30m")


@pytest.mark.parametrize("path", ["/a", "/oauth2/ping", "/a.b/c-d_e~f"])
def test_a_plain_path_is_taken(path: str) -> None:
    """As it is written."""
    assert path == TypeAdapter(Path).validate_python(path)


@pytest.mark.parametrize(
    "path", ["", "/", "a", "//a", "/a//b", "/a?b", "/a#b", "/a%20b", "/../a", "/a/.", "/a\n", "/a;b"]
)
def test_any_other_path_is_refused(path: str) -> None:
    """No request could have it, or it could be read in two ways."""
    assert "is no plain path" in refuse(Path, path)


def test_a_pattern_is_re2s() -> None:
    """Refused at load, and not at the first request."""
    assert "^/api/" == TypeAdapter(Pattern).validate_python("^/api/")
    assert "this is no RE2 pattern" in refuse(Pattern, "(?=a)")


@pytest.mark.parametrize("url", ["id.example/token", "https://user@id.example/", "https://id.example/\N{SNOWMAN}"])
def test_an_endpoint_is_a_url(url: str) -> None:
    """An absolute one, in ASCII."""
    assert "https://id.example.com/..." in refuse(Endpoint, url)


@pytest.mark.parametrize(("value", "read"), [("a", ["a"]), ("", []), (["a", "b"], ["a", "b"]), (None, None)])
def test_one_text_is_a_list_of_one(value: object, read: object) -> None:
    """And an empty one is an empty list."""
    assert read == read_list(value)
