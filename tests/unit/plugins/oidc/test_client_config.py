"""The client's id and secret."""

import pytest

from tests.fakes.oidc_configs import LEFT_OUT, find_problems


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
@pytest.mark.parametrize("value", ["", LEFT_OUT])
def test_both_are_needed(name: str, value: object) -> None:
    """Nobody can sign in without."""
    assert [name] == list(find_problems(**{name: value}))


def test_an_empty_secret_says_where_it_may_come_from() -> None:
    """Often a variable that is not set."""
    assert "$ENV://CLIENT_SECRET" in find_problems(client_secret="")["client_secret"]
