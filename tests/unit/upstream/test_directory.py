"""Upstreams by value: shared, kept over reloads, closed when nobody names them."""

import ssl
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from ostiary.config.upstream_tls import TlsSpec
from ostiary.config.upstreams import UpstreamSpec
from ostiary.upstream import tls
from ostiary.upstream.connection import UpstreamConnection
from ostiary.upstream.directory import UpstreamDirectory
from ostiary.upstream.tls_client import make_tls_context
from tests.fakes.loop_time import SteppedLoop
from tests.fakes.transport import FakeTransport

NODE = ("10.0.0.1", 8000)


class World:
    """A directory on a loop's time."""

    def __init__(self) -> None:
        """Start without upstreams."""
        self.loop = SteppedLoop()
        self.directory = UpstreamDirectory(self.loop.time)

    def spec(self, weight: int = 1, size: int = 10, requests: int = 100) -> UpstreamSpec:
        """A specification that is new each time, and equal for equal arguments."""
        return UpstreamSpec(
            nodes=((*NODE, weight),), keepalive_size=size, keepalive_idle_s=30.0, keepalive_requests=requests
        )

    def give_line(self, spec: UpstreamSpec) -> FakeTransport:
        """Put an idle connection into the pool of an upstream."""
        pool = self.directory.upstream(spec).pool
        connection = UpstreamConnection(NODE, pool)
        transport = FakeTransport(self.loop, connection, NODE)
        pool.give(connection)
        return transport


@pytest.fixture
def world() -> Iterator[World]:
    """A directory."""
    made = World()
    yield made
    made.loop.close()


def test_equal_specifications_share_one_upstream(world: World) -> None:
    """By value, whichever route wrote them."""
    assert world.directory.upstream(world.spec()) is world.directory.upstream(world.spec())
    assert world.directory.upstream(world.spec()) is not world.directory.upstream(world.spec(weight=2))


def test_contexts_of_tls_are_shared_by_value_as_long_as_somebody_names_them(world: World) -> None:
    """Making one takes 35 ms."""
    first, second = (replace(world.spec(weight=number), tls=TlsSpec()) for number in (1, 2))
    other = replace(world.spec(), tls=TlsSpec(verify=False))
    for spec in (first, second, other, world.spec()):
        world.directory.upstream(spec)
    contexts = dict(world.directory._contexts)
    assert {TlsSpec(), TlsSpec(verify=False)} == set(contexts)
    world.directory.retain([second])

    assert {TlsSpec(): contexts[TlsSpec()]} == world.directory._contexts


def test_those_who_trust_the_same_share_a_context_whatever_their_names(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload with twenty services more does not stop everybody for twenty times as long."""
    made: list[bool] = []

    def make(*, verify: bool, trusted_certificates: str) -> ssl.SSLContext:
        made.append(verify)
        return make_tls_context(verify=verify, trusted_certificates=trusted_certificates)

    monkeypatch.setattr(tls, "make_tls_context", make)
    for name in ("a.internal", "b.internal", None):
        for verify in (True, False):
            world.directory.upstream(replace(world.spec(), tls=TlsSpec(verify=verify, server_name=name)))

    assert [True, False] == made


def test_an_upstream_is_what_its_specification_says(world: World) -> None:
    """Nodes, and the numbers of its pool."""
    upstream = world.directory.upstream(world.spec(size=1))

    assert (world.spec(size=1), (NODE,), NODE) == (upstream.spec, upstream.balancer.nodes, upstream.balancer.choose())
    first, second = world.give_line(world.spec(size=1)), world.give_line(world.spec(size=1))
    assert ["open", "closed"] == [first.fate, second.fate]
    assert upstream.pool.take(NODE) is not None


def test_what_is_named_is_retained_with_its_connections(world: World) -> None:
    """What is not named closes its idle ones, and starts anew when it is named again."""
    kept, dropped = world.give_line(world.spec()), world.give_line(world.spec(weight=2))
    before = world.directory.upstream(world.spec(weight=2))
    world.directory.retain([world.spec(), world.spec(weight=3)])

    assert ["open", "closed"] == [kept.fate, dropped.fate]
    assert before is not world.directory.upstream(world.spec(weight=2))


def test_stale_connections_of_every_upstream_are_closed(world: World) -> None:
    """At their time."""
    transports = [world.give_line(world.spec()), world.give_line(world.spec(weight=2))]
    world.directory.close_stale(world.loop.time() + 29)
    assert ["open", "open"] == [transport.fate for transport in transports]
    world.directory.close_stale(world.loop.time() + 30)
    assert ["closed", "closed"] == [transport.fate for transport in transports]


def test_at_the_end_everything_idle_is_closed(world: World) -> None:
    """Of every upstream."""
    transports = [world.give_line(world.spec()), world.give_line(world.spec(weight=2))]
    world.directory.close()

    assert ["closed", "closed"] == [transport.fate for transport in transports]
