"""How a client says who it is, as the provider can take it."""

import pytest

from ostiary.identity.client_authentication import ClientCredentials
from ostiary.providers.client_authenticator import ClientAuthenticator
from tests.fakes.clock import FakeClock
from tests.fakes.dice import FakeRandom
from tests.fakes.log import FakeLog

SHOP = ClientCredentials(client_id="shop", client_secret="sesame")


def make(log: FakeLog) -> ClientAuthenticator:
    """Make one of a client with a secret."""
    return ClientAuthenticator(SHOP, "token_endpoint_auth_method", FakeClock(), FakeRandom(), log)


def test_a_fallback_is_told_once_by_the_name_of_the_attribute() -> None:
    """However often it is taken; and no secret is in the line."""
    log = FakeLog()
    authenticator = make(log)

    assert ["client_secret_post"] * 3 == [authenticator.choose(("client_secret_post",)).method for _ in range(3)]
    (event,) = log.events
    assert ("warning", "client_authentication_replaced") == (event.severity, event.code)
    assert "token_endpoint_auth_method" in event.message
    assert "sesame" not in log.text


@pytest.mark.parametrize("offered", [(), ("client_secret_basic",), ("none",)])
def test_what_is_configured_stays_where_nothing_better_is_offered(offered: tuple[str, ...]) -> None:
    """And nothing is said."""
    log = FakeLog()

    assert SHOP == make(log).choose(offered)
    assert [] == log.events


def test_each_moment_has_an_identifier_of_its_own() -> None:
    """A provider refuses an assertion that it has seen (RFC 7523 §3)."""
    authenticator = make(FakeLog())
    first, second = authenticator.make_moment(), authenticator.make_moment()

    assert first.now == second.now == FakeClock().now()
    assert first.identifier != second.identifier
