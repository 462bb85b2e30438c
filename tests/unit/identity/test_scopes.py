"""Scopes are granted as configured, or the request is refused."""

import pytest

from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.identity.scopes import grant_scope


def test_nothing_asked_for_is_all_there_is() -> None:
    """RFC 6749 §3.3: a default; without any configured there is no scope at all."""
    assert grant_scope(None, ()) is None
    assert "read write" == grant_scope(None, ("read", "write"))


def test_what_is_asked_for_is_granted_once_and_in_its_order() -> None:
    """Less than there is, repeated or not."""
    assert "write read" == grant_scope("write read write", ("read", "write", "admin"))


@pytest.mark.parametrize(
    ("requested", "available"),
    [("read", ()), ("admin", ("read",)), ("read admin", ("read",)), ("read  write", ("read", "write")), ('"', ('"',))],
)
def test_what_cannot_be_granted_refuses_the_request(requested: str, available: tuple[str, ...]) -> None:
    """Nothing configured, one too many, or no scope in the first place."""
    with pytest.raises(OAuthRefused) as caught:
        grant_scope(requested, available)

    assert ("invalid_scope", "scope_refused") == (caught.value.error, caught.value.code)
