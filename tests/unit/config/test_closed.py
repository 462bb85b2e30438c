"""The plugin that closes a route: it lets nobody through, and does not pretend to know why they came."""

import pytest

from ostiary.config.closed import ClosedPlugin
from ostiary.errors import OperatorFault
from tests.fakes.requests import make_request


def test_every_request_is_refused_as_the_operators_fault() -> None:
    """A 503, with the place in the configuration for the log."""
    plugin = ClosedPlugin("routes[0].plugins.fake")

    with pytest.raises(OperatorFault, match=r"route_closed: routes\[0\].plugins.fake is invalid"):
        plugin.decide(make_request(), None, 0.0)


def test_it_authenticates_claims_nothing_and_says_so() -> None:
    """Closed means closed, also for whoever only looks at the attributes."""
    plugin = ClosedPlugin("routes[0].plugins.fake")

    assert plugin.authenticates
    assert (plugin.claims, plugin.cookie_names) == ((), ())
    assert plugin.fingerprint != ClosedPlugin("routes[1].plugins.fake").fingerprint
    assert "the route is closed" in plugin.notices[0]
