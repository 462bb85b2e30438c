"""What the operator calls what the log speaks of."""

import pytest

from ostiary.relying_party.option_names import OptionNames


def test_names_take_the_place_of_braces() -> None:
    """Each its own; a text without braces stays as it is."""
    names = OptionNames(secret="cookie_secret")

    assert "see cookie_secret and redirect_uri" == names.fill("see {secret} and {redirect}")
    assert "see the log" == names.fill("see the log")


def test_a_name_that_there_is_not_is_a_mistake() -> None:
    """It would stand in somebody's log as it is."""
    with pytest.raises(KeyError):
        OptionNames().fill("{nothing}")
