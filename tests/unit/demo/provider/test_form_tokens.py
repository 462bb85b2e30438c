"""Form tokens: made for one browser and one form, good for no other."""

from hypothesis import given
from hypothesis import strategies as st

from ostiary.demo.provider.form_tokens import FormTokens, name_browser

TEXT = st.text(min_size=1)


@given(TEXT, st.text())
def test_what_was_made_is_genuine(browser: str, purpose: str) -> None:
    """Whatever the texts."""
    tokens = FormTokens()
    assert tokens.is_genuine(tokens.make(browser, purpose), browser, purpose)


@given(TEXT, st.text(), TEXT, st.text())
def test_for_others_it_is_not(browser: str, purpose: str, other_browser: str, other_purpose: str) -> None:
    """Not even when both texts join to the same."""
    tokens = FormTokens()
    token = tokens.make(browser, purpose)
    is_same = (browser, purpose) == (other_browser, other_purpose)
    assert tokens.is_genuine(token, other_browser, other_purpose) is is_same


@given(st.text())
def test_what_was_not_made_is_not_genuine(token: str) -> None:
    """Any text may come back in a form."""
    assert not FormTokens().is_genuine(token, "browser", "purpose")


def test_a_browser_without_its_cookie_has_no_token() -> None:
    """Not even the one for an empty name."""
    tokens = FormTokens()
    assert not tokens.is_genuine(tokens.make("", "purpose"), "", "purpose")
    assert not tokens.is_genuine(tokens.make("", "purpose"), None, "purpose")


def test_every_run_has_its_own_key() -> None:
    """A token does not outlive the provider."""
    assert not FormTokens().is_genuine(FormTokens().make("b", "p"), "b", "p")


def test_browsers_get_different_names() -> None:
    """Long enough not to be guessed."""
    assert name_browser() != name_browser()
    assert len(name_browser()) == 32
