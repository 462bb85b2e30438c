"""The one person."""

import pytest

from ostiary.demo.provider.accounts import PASSWORD, QUICKSTART_USER, USERNAME, find_user, is_equal


def test_the_right_credentials_find_the_person() -> None:
    """As printed on the page."""
    assert find_user(USERNAME, PASSWORD) is QUICKSTART_USER


@pytest.mark.parametrize(
    ("username", "password"),
    [(USERNAME, ""), ("", PASSWORD), (USERNAME, PASSWORD + " "), (USERNAME.upper(), PASSWORD), ("\udc80", "\udc80")],
)
def test_others_find_nobody(username: str, password: str) -> None:
    """Both must be exact."""
    assert find_user(username, password) is None


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", {"sub"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("profile", {"sub", "name", "given_name", "family_name", "preferred_username"}),
    ],
)
def test_a_scope_opens_its_claims(scope: str, names: set[str]) -> None:
    """OpenID Connect Core 5.4."""
    assert set(QUICKSTART_USER.claims(scope)) == names


def test_the_password_is_not_shown() -> None:
    """It is public, but this code is read as an example."""
    assert PASSWORD not in repr(QUICKSTART_USER)


def test_text_of_any_kind_can_be_compared() -> None:
    """A form may bring lone surrogates."""
    assert is_equal("\u00e9", "\u00e9")
    assert not is_equal("\udce9", "\u00e9")
