"""Signing out: which paths and addresses may be written."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.plugins.openid_connect.logout_config import LogoutConfig, find_logout_faults

PATHS = ("logout_path", "backchannel_logout_path", "frontchannel_logout_path")


def refuses(**attributes: Any) -> bool:
    """Say whether a configuration is refused, at its own place."""
    try:
        LogoutConfig.model_validate(attributes)
    except ValidationError as refused:
        return {error["loc"] for error in refused.errors()} == {(name,) for name in attributes}
    return False


def test_the_defaults_are_the_documented_ones() -> None:
    """And the default path is not one that was written."""
    config = LogoutConfig()

    assert (config.logout_path, config.post_logout_redirect_uri) == ("/logout", None)
    assert config.revoke_tokens_on_logout is False
    assert (config.backchannel_logout_path, config.frontchannel_logout_path) == (None, None)
    assert "logout_path" not in config.model_fields_set


@pytest.mark.parametrize("path", ["/logout", "/", "/a/b", "/a-b_c.d~e", "/a:b@c", "/" + "a" * 1023])
def test_plain_paths_are_taken(path: str) -> None:
    """Both as the place that signs out and as the place to land."""
    for name in PATHS:
        assert not refuses(**{name: path})
    assert not refuses(post_logout_redirect_uri=path)


@pytest.mark.parametrize(
    "path",
    [
        "", "logout", "//evil.example", "/\\evil.example", "/a?b", "/a#b", "/a;b", "/a b", "/a\tb", "/a\n", "/é",
        "/a%2Fb", "/a\\b", "/" + "a" * 1024, 7,
    ],
)  # fmt: skip
def test_anything_else_is_no_path(path: object) -> None:
    """No query, no other host in disguise, nothing that could be read in two ways."""
    for name in PATHS:
        assert refuses(**{name: path})


def test_only_the_provider_needs_no_path() -> None:
    """Signing out always has one."""
    assert refuses(logout_path=None)
    assert not refuses(backchannel_logout_path=None, frontchannel_logout_path=None)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ({"backchannel_logout_path": "/b", "frontchannel_logout_path": "/f"}, []),
        ({"backchannel_logout_path": "/b", "frontchannel_logout_path": "/b"}, ["frontchannel_logout_path"]),
        ({"backchannel_logout_path": "/logout"}, ["backchannel_logout_path"]),
        ({"logout_path": "/f", "frontchannel_logout_path": "/f"}, ["frontchannel_logout_path"]),
        ({"logout_path": "/bye", "backchannel_logout_path": "/logout"}, []),
        ({"logout_path": ["/b"], "backchannel_logout_path": ["/b"], "frontchannel_logout_path": None}, []),
    ],
)
def test_no_path_means_two_things(written: dict[str, Any], names: list[str]) -> None:
    """The one that is not written, too; what is no text is refused elsewhere."""
    found = list(find_logout_faults(written, is_bearer_only=False))

    assert names == [name for name, _ in found]
    assert all("is the path of" in error.message() for _, error in found)


def test_where_nobody_signs_in_nobody_can_be_signed_out() -> None:
    """The way out is named."""
    written = {"logout_path": "/bye", "backchannel_logout_path": "/b", "frontchannel_logout_path": "/f"}
    found = dict(find_logout_faults(written, is_bearer_only=True))

    assert list(found) == ["backchannel_logout_path", "frontchannel_logout_path"]
    assert all("add `session`, or leave it out" in str(error.context) + error.message() for error in found.values())


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("https://www.example.com/bye?a=1", True),
        ("http://localhost:3000", True),
        (None, True),
        ("//evil.example/", False),
        ("/\\evil.example", False),
        ("javascript:alert(1)", False),
        ("https://u:p@example.com/", False),
        ("https://example.com/#x", False),
        ("www.example.com", False),
        ("", False),
        ("https://example.com/" + "a" * 2048, False),
    ],
)
def test_people_land_at_a_whole_address_or_a_path(address: str | None, accepted: bool) -> None:
    """Where they land is the operator's word."""
    assert refuses(post_logout_redirect_uri=address) != accepted


@pytest.mark.parametrize(
    ("value", "accepted"), [(True, True), ("true", True), ("yes", False), (1, False), (None, False)]
)
def test_revocation_is_a_switch(value: object, accepted: bool) -> None:
    """Nothing that is merely like one."""
    assert refuses(revoke_tokens_on_logout=value) != accepted
