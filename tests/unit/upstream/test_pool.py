"""Idle connections by node: lent last in first out, closed when old or worn, dialled with a limit of time."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ostiary.errors import UpstreamFault
from ostiary.upstream.connection import UpstreamConnection
from ostiary.upstream.pool import Pool
from tests.fakes.loop_time import SteppedLoop
from tests.fakes.transport import FakeTransport
from tests.fakes.upstream_wire import FakeBorrower

ONE, TWO = ("10.0.0.1", 8000), ("10.0.0.2", 8000)


class Network:
    """A loop whose nodes accept, refuse or are silent."""

    def __init__(self) -> None:
        """Let every node accept."""
        self.loop = SteppedLoop(self._dial)
        self.error: Exception | None = None
        self.is_silent = False
        self.dialled: list[tuple[str, int]] = []

    async def _dial(self, factory: Any, host: str, port: int) -> tuple[FakeTransport, asyncio.Protocol]:
        self.dialled.append((host, port))
        if self.is_silent:
            await self.loop.create_future()
        if self.error is not None:
            raise self.error
        protocol = factory()
        return FakeTransport(self.loop, protocol, (host, port)), protocol

    def pool(self, size: int = 10, idle_timeout_s: float = 60.0, requests: int = 100) -> Pool:
        """Make a pool on this network."""
        return Pool(size=size, idle_timeout_s=idle_timeout_s, requests=requests, timer=self.loop.time)

    def dial(self, pool: Pool, node: tuple[str, int] = ONE, timeout_s: float = 3.0) -> UpstreamConnection:
        """Dial to the end."""
        return self.loop.run(pool.dial(node, timeout_s))


@pytest.fixture
def network() -> Iterator[Network]:
    """A network."""
    made = Network()
    yield made
    made.loop.close()


def fate(connection: UpstreamConnection) -> str:
    """How the connection stands."""
    assert isinstance(connection.transport, FakeTransport)
    return connection.transport.fate


def test_an_empty_pool_has_none(network: Network) -> None:
    """Nothing is opened by asking."""
    assert network.pool().take(ONE) is None
    assert [] == network.dialled


def test_a_connection_is_dialled_given_back_and_taken_again(network: Network) -> None:
    """The very same one, for its own node only."""
    pool = network.pool()
    connection = network.dial(pool)
    assert ([ONE], ONE) == (network.dialled, connection.node)
    assert pool.take(ONE) is None
    pool.give(connection)

    assert pool.take(TWO) is None
    assert connection is pool.take(ONE)
    assert pool.take(ONE) is None


def test_the_last_one_used_is_lent_first(network: Network) -> None:
    """So that the surplus ages and is closed."""
    pool = network.pool()
    connections = [network.dial(pool) for _ in range(3)]
    for connection in connections:
        pool.give(connection)

    assert list(reversed(connections)) == [pool.take(ONE) for _ in range(3)]


def test_one_that_is_not_fit_is_passed_over(network: Network) -> None:
    """Closing, or still lent to somebody."""
    pool = network.pool()
    fit, closing, lent = (network.dial(pool) for _ in range(3))
    for connection in (fit, closing, lent):
        pool.give(connection)
    assert isinstance(closing.transport, FakeTransport)
    closing.transport.fate = "closed"
    lent.lend(FakeBorrower(), "GET", ())

    assert fit is pool.take(ONE)
    assert pool.take(ONE) is None


def test_a_connection_that_is_gone_is_forgotten(network: Network) -> None:
    """From the idle ones, and from what was never given."""
    pool = network.pool()
    idle, lent = network.dial(pool), network.dial(pool)
    pool.give(idle)
    for connection in (idle, lent):
        connection.transport.abort()
    network.loop.run_ready()

    assert pool.take(ONE) is None
    pool.close_stale(network.loop.time() + 1000)


def test_so_many_are_kept_for_each_node(network: Network) -> None:
    """One more is closed."""
    pool = network.pool(size=2)
    ones = [network.dial(pool) for _ in range(3)]
    two = network.dial(pool, TWO)
    for connection in (*ones, two):
        pool.give(connection)

    assert ["open", "open", "closed", "open"] == [fate(connection) for connection in (*ones, two)]


def test_a_worn_connection_is_closed(network: Network) -> None:
    """After so many requests."""
    pool = network.pool(requests=2)
    connection = network.dial(pool)
    pool.give(connection)
    for expected in ("open", "closed"):
        assert fate(connection) == "open"
        connection.lend(FakeBorrower(), "GET", ())
        pool.give(connection)
        assert expected == fate(connection)


def test_what_nobody_used_for_long_is_closed(network: Network) -> None:
    """Each by the time it was given back; what was used meanwhile stays."""
    pool = network.pool(idle_timeout_s=60)
    old, young, other = network.dial(pool), network.dial(pool), network.dial(pool, TWO)
    pool.give(old)
    pool.give(other)
    network.loop.advance(30)
    pool.give(young)
    pool.close_stale(network.loop.time() + 29.9)
    assert ["open", "open", "open"] == [fate(connection) for connection in (old, young, other)]
    pool.close_stale(network.loop.time() + 30)

    assert ["closed", "open", "closed"] == [fate(connection) for connection in (old, young, other)]
    assert young is pool.take(ONE)


def test_a_closed_pool_closes_what_it_has_and_what_comes_back(network: Network) -> None:
    """What is in use is finished first."""
    pool = network.pool()
    idle, lent = network.dial(pool), network.dial(pool)
    pool.give(idle)
    pool.close()
    assert (["closed", "open"], None) == ([fate(idle), fate(lent)], pool.take(ONE))
    pool.give(lent)

    assert ("closed", None) == (fate(lent), pool.take(ONE))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "upstream_refused"),
        (OSError(113, "No route to host"), "upstream_unreachable"),
        (OSError("several of them"), "upstream_unreachable"),
        (TimeoutError(110, "Connection timed out"), "upstream_timeout"),
        (UnicodeError("label too long"), "upstream_unreachable"),
    ],
)
def test_what_the_system_says_becomes_a_fault(network: Network, error: Exception, code: str) -> None:
    """With the node's name, for the log."""
    network.error = error
    with pytest.raises(UpstreamFault) as caught:
        network.dial(network.pool())

    assert (code, True) == (caught.value.code, "10.0.0.1:8000" in caught.value.detail)


def test_dialling_has_its_time(network: Network) -> None:
    """A node that says nothing is given up."""
    network.is_silent = True
    before = network.loop.time()
    with pytest.raises(UpstreamFault) as caught:
        network.dial(network.pool(), timeout_s=3.0)

    assert ("upstream_timeout", 3.0) == (caught.value.code, network.loop.time() - before)
