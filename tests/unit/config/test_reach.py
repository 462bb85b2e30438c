"""What plugins are told of the router that serves."""

from ostiary.config.reach import Reach
from ostiary.config.router import Entry, Router
from ostiary.config.routes import Route
from ostiary.plugin import Place
from tests.fakes.plugin_types import FakeConfig, FakePlugin, make_services


def test_before_a_router_is_there_nothing_is_reached() -> None:
    """And no host is anybody's."""
    reach = Reach()

    assert not reach.reaches("a.example", "/a", "")
    assert not reach.names_host("a.example")


def test_it_speaks_of_the_router_that_serves() -> None:
    """Of its paths and of its hosts."""
    reach = Reach()
    plugin = FakePlugin(FakeConfig(), make_services(Place(id="a"), None, reach.reaches), "fake")
    reach.router = Router([Entry(Route("a", (plugin,)), ("/a",), ("a.example",)), Entry(Route("b"), ("/b",))])

    assert reach.reaches("a.example", "/a", plugin.fingerprint)
    assert not reach.reaches("a.example", "/a", "another")
    assert not reach.reaches("b.example", "/a", plugin.fingerprint)
    assert [True, False] == [reach.names_host(host) for host in ("a.example", "b.example")]
