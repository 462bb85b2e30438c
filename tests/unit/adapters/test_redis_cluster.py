"""A cluster's slots and redirections, with scripted nodes; tests/e2e/test_redis_failover.py has real ones."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from ostiary.adapters.redis_cluster import MAX_HOPS, PAUSE_S, SLOTS, RedisCluster, read_slots
from ostiary.adapters.redis_pool import RedisCommand
from ostiary.errors import StoreFault
from ostiary.store_settings import RedisSettings
from tests.fakes.log import FakeLog
from tests.fakes.loop_time import run_patiently
from tests.fakes.redis_wire import Answer, Command, FakeRedisWire, bulk, serving

HALF = SLOTS // 2
LOW = next(f"k{number}" for number in range(99) if key_slot(f"k{number}".encode()) < HALF)
HIGH = next(f"k{number}" for number in range(99) if key_slot(f"k{number}".encode()) >= HALF)


def no_tls(verify: bool) -> ssl.SSLContext:
    """Nobody asks for it here."""
    raise AssertionError(verify)


async def hang_up(command: Command) -> None:
    """End the connection instead of an answer."""
    del command


class World:
    """Three nodes. `owners` are those of the lower and the upper half; `first` are replies that come before others."""

    def __init__(self, nodes: list[FakeRedisWire]) -> None:
        """The first two have a half each, and only the first is named in the settings."""
        self.nodes = nodes
        self.owners: list[int] = [0, 1]
        self.first: list[bytes] = []
        for number, wire in enumerate(nodes):
            wire.answer = self._serve(number)
        settings = RedisSettings(cluster_nodes=(("127.0.0.1", nodes[0].port),))
        self.cluster = RedisCluster(settings, no_tls, FakeLog())

    async def tell(self, key: str) -> int:
        """Return the number of the node that answers a GET."""
        return int(await self.cluster.call(RedisCommand(("GET", key))))

    async def fail(self, key: str) -> StoreFault:
        """Fail to be answered."""
        with pytest.raises(StoreFault) as caught:
            await self.tell(key)
        return caught.value

    def count(self, word: bytes) -> int:
        """Count a command at all nodes."""
        return sum(command[0] == word for wire in self.nodes for command in wire.commands)

    def doubt(self) -> None:
        """Let the next call read the map anew."""
        self.cluster._is_doubtful = True
        self.cluster._read_at -= 10

    def _serve(self, number: int) -> Answer:
        async def answer(command: Command) -> bytes | None:
            if command == [b"CLUSTER", b"SLOTS"]:
                return self._map()
            if command == [b"ASKING"]:
                return b"+OK\r\n"
            return self.first.pop(0) if self.first else bulk(b"%d" % number)

        return answer

    def _map(self) -> bytes:
        parts = [
            b"*3\r\n:%d\r\n:%d\r\n*2\r\n" % (half * HALF, half * HALF + HALF - 1)
            + bulk(b"127.0.0.1")
            + b":%d\r\n" % self.nodes[owner].port
            for half, owner in enumerate(self.owners)
        ]
        return b"*%d\r\n" % len(parts) + b"".join(parts)


def play(scenario: Callable[[World], Awaitable[None]]) -> None:
    """Run a scenario."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            world = World([await stack.enter_async_context(serving()) for _ in range(3)])
            try:
                await scenario(world)
            finally:
                await world.cluster.close()

    run_patiently(run())


def test_a_key_is_asked_for_at_the_node_of_its_slot() -> None:
    """By a map that is read once for everybody; a script goes by its first key, which has a hash tag."""

    async def scenario(world: World) -> None:
        assert [0, 1] * 5 == await asyncio.gather(*(world.tell(key) for key in [LOW, HIGH] * 5))
        assert world.count(b"CLUSTER") == 1
        script = RedisCommand(("EVALSHA", "digest", 2, f"a:{{{HIGH}}} 1", f"a:{{{HIGH}}} 2"), "return 1")
        assert await world.cluster.call(script) == b"1"

    play(scenario)


def test_a_slot_that_has_moved_is_followed_and_the_map_read_again() -> None:
    """At once for this call, and for the next."""

    async def scenario(world: World) -> None:
        assert await world.tell(LOW) == 0
        world.owners = [2, 1]
        world.first = [b"-MOVED 1 127.0.0.1:%d\r\n" % world.nodes[2].port]
        assert await world.tell(LOW) == 2
        await asyncio.sleep(PAUSE_S)
        assert await world.tell(LOW) == 2
        assert (await world.tell(LOW), world.first) == (2, [])

    play(scenario)


def test_a_key_on_its_way_is_asked_for_where_it_goes() -> None:
    """ASKING comes before it, once, and the map stays."""

    async def scenario(world: World) -> None:
        assert await world.tell(LOW) == 0
        world.first = [b"-ASK 1 127.0.0.1:%d\r\n" % world.nodes[2].port]
        assert await world.tell(LOW) == 2
        assert [[b"ASKING"], [b"GET", LOW.encode()]] == world.nodes[2].commands[-2:]
        assert await world.tell(LOW) == 0
        assert (world.count(b"ASKING"), world.count(b"CLUSTER")) == (1, 1)

    play(scenario)


def test_a_redirection_without_a_host_means_the_same_host() -> None:
    """As the specification has it for nodes that do not know their address."""

    async def scenario(world: World) -> None:
        world.first = [b"-MOVED 1 :%d\r\n" % world.nodes[1].port]
        assert await world.tell(LOW) == 1

    play(scenario)


def test_one_that_asks_to_come_again_is_asked_again() -> None:
    """Nothing was done: TRYAGAIN."""

    async def scenario(world: World) -> None:
        world.first = [b"-TRYAGAIN later\r\n"] * 2
        assert await world.tell(LOW) == 0

    play(scenario)


def test_one_that_asks_to_come_again_on_the_way_is_asked_in_the_same_way() -> None:
    """A script's keys move one by one: the node that gets them wants ASKING each time."""

    async def scenario(world: World) -> None:
        world.first = [b"-ASK 1 127.0.0.1:%d\r\n" % world.nodes[2].port, b"-TRYAGAIN later\r\n"]
        assert await world.tell(LOW) == 2
        assert [[b"ASKING"], [b"GET", LOW.encode()]] * 2 == world.nodes[2].commands[-4:]

    play(scenario)


def test_one_that_asks_to_come_again_is_asked_until_the_call_is_over() -> None:
    """However often: it is no way round in circles."""

    async def scenario(world: World) -> None:
        world.first = [b"-TRYAGAIN later\r\n"] * 12
        assert await world.tell(LOW) == 0
        world.first = [b"-TRYAGAIN later\r\n"] * 50
        fault = await world.fail(LOW)
        assert (fault.code, "answered TRYAGAIN" in fault.detail) == ("store_refused", True)

    play(scenario)


def test_a_cluster_that_is_down_says_so_at_once() -> None:
    """And is asked for its map again, when somebody comes after a moment."""

    async def scenario(world: World) -> None:
        world.first = [b"-CLUSTERDOWN no\r\n"]
        fault = await world.fail(LOW)
        assert (fault.code, "a part of the cluster has no primary" in fault.detail) == ("store_refused", True)
        await asyncio.sleep(PAUSE_S)
        assert await world.tell(LOW) == 0
        assert world.count(b"CLUSTER") > 1

    play(scenario)


def test_nobody_is_sent_round_for_ever() -> None:
    """A node that names itself, for example."""

    async def scenario(world: World) -> None:
        world.first = [b"-MOVED 1 127.0.0.1:%d\r\n" % world.nodes[1].port] * 50
        assert "from node to node" in (await world.fail(LOW)).detail
        assert world.count(b"GET") == MAX_HOPS

    play(scenario)


def test_the_other_nodes_tell_what_became_of_one_that_died() -> None:
    """Also of the one from the settings: the map has named the rest."""

    async def scenario(world: World) -> None:
        assert [await world.tell(LOW), await world.tell(HIGH)] == [0, 1]
        world.nodes[0].answer = hang_up
        world.owners = [2, 1]
        assert (await world.fail(LOW)).code == "store_unavailable"
        await asyncio.sleep(PAUSE_S)
        assert await world.tell(LOW) == 2

    play(scenario)


def test_a_map_that_cannot_be_read_leaves_the_old_one() -> None:
    """And without one the fault says why."""

    async def scenario(world: World) -> None:
        async def refuse(command: Command) -> bytes:
            del command
            return b"-ERR This instance has cluster support disabled\r\n"

        served, world.nodes[0].answer = world.nodes[0].answer, refuse
        assert "is it part of a cluster (cluster_nodes)?" in (await world.fail(LOW)).detail
        world.nodes[0].answer = served
        assert await world.tell(LOW) == 0
        owners, world.owners = world.owners, []
        world.doubt()
        assert await world.tell(LOW) == 0
        world.owners = owners

    play(scenario)


def test_a_slot_that_nobody_has_is_unavailable() -> None:
    """A cluster that lost a shard."""

    async def scenario(world: World) -> None:
        world.owners = [0]
        assert await world.tell(LOW) == 0
        assert "has the slot of a key" in (await world.fail(HIGH)).detail

    play(scenario)


def test_nodes_that_left_are_left() -> None:
    """Connections to those without a slot are closed."""

    async def scenario(world: World) -> None:
        assert [await world.tell(LOW), await world.tell(HIGH)] == [0, 1]
        world.owners = [0, 2]
        world.doubt()
        assert await world.tell(HIGH) == 2
        assert {world.nodes[0].port, world.nodes[2].port} == {port for _, port in world.cluster._nodes}

    play(scenario)


@given(st.lists(st.integers(1, SLOTS - 1), unique=True, max_size=8), st.integers(1, 65535))
def test_a_map_is_read_as_it_was_written(cuts: list[int], port: int) -> None:
    """Ranges of any size, to their last slot; a node without an address is the one that was asked."""
    bounds = [0, *sorted(cuts), SLOTS]
    ranges = list(zip(bounds, bounds[1:], range(len(bounds)), strict=False))
    hosts = [b"10.0.0.%d" % number if number % 2 else None for _, _, number in ranges]
    slots = read_slots(
        [[first, end - 1, [hosts[number], port, b"id"], [b"r", 1]] for first, end, number in ranges], "asked"
    )

    for first, end, number in ranges:
        host = hosts[number]
        assert {("asked" if host is None else host.decode(), port)} == set(slots[first:end])


@given(st.recursive(st.none() | st.integers() | st.binary(max_size=4), lambda deep: st.lists(deep, max_size=4)))
def test_whatever_else_a_node_says_is_no_map(reply: object) -> None:
    """And no exception but the one that says so."""
    try:
        slots = read_slots(reply, "asked")
    except ValueError:
        return
    assert len(slots) == SLOTS
