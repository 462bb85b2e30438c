"""The primary that sentinels name, with scripted servers; tests/e2e/test_redis_failover.py has real ones."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.adapters.redis_pool import RedisCommand
from ostiary.adapters.redis_sentinel import PATIENCE_S, PAUSE_S, SentinelPrimary, read_address
from ostiary.errors import StoreFault
from ostiary.store_settings import RedisSettings
from tests.fakes.log import FakeLog
from tests.fakes.loop_time import run_patiently
from tests.fakes.redis_wire import Answer, Command, FakeRedisWire, bulk, serving
from tests.fakes.until import until

GET = RedisCommand(("GET", "k"))


def no_tls(verify: bool) -> ssl.SSLContext:
    """Nobody asks for it here."""
    raise AssertionError(verify)


async def hang_up(command: Command) -> None:
    """End the connection instead of an answer."""
    del command


class World:
    """Two servers and three sentinels. `named` is what each sentinel says; `roles` what the servers say they are."""

    def __init__(self, servers: list[FakeRedisWire], sentinels: list[FakeRedisWire]) -> None:
        """The first server is the primary, and every sentinel knows it."""
        self.servers, self.sentinels = servers, sentinels
        self.named = [0, 0, 0]
        self.roles = [b"master", b"slave"]
        for number, wire in enumerate(servers):
            wire.answer = self._serve(number)
        for number, wire in enumerate(sentinels):
            wire.answer = self._watch(number)
        settings = RedisSettings(
            sentinels=tuple(("127.0.0.1", wire.port) for wire in sentinels), master_name="shop", password="sesame",
            sentinel_password="guard",
        )  # fmt: skip
        self.primary = SentinelPrimary(settings, no_tls, FakeLog())

    async def tell(self) -> int:
        """Return the number of the server that answers a GET."""
        return int(await self.primary.call(GET))

    async def fail(self) -> StoreFault:
        """Fail to be answered."""
        with pytest.raises(StoreFault) as caught:
            await self.tell()
        return caught.value

    def asked(self) -> int:
        """Count the questions that the sentinels heard."""
        return sum(command[0] == b"SENTINEL" for wire in self.sentinels for command in wire.commands)

    def _serve(self, number: int) -> Answer:
        async def answer(command: Command) -> bytes | None:
            match command[0]:
                case b"AUTH":
                    return b"+OK\r\n" if command[-1] == b"sesame" else b"-WRONGPASS\r\n"
                case b"ROLE":
                    return b"*1\r\n" + bulk(self.roles[number])
                case _:
                    return bulk(b"%d" % number) if self.roles[number] == b"master" else b"-READONLY no\r\n"

        return answer

    def _watch(self, number: int) -> Answer:
        async def answer(command: Command) -> bytes | None:
            if command[0] == b"AUTH":
                return b"+OK\r\n" if command[-1] == b"guard" else b"-WRONGPASS\r\n"
            assert command == [b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", b"shop"]
            if self.named[number] < 0:
                return b"*-1\r\n"
            port = self.servers[self.named[number]].port
            return b"*2\r\n" + bulk(b"127.0.0.1") + bulk(b"%d" % port)

        return answer


def play(scenario: Callable[[World], Awaitable[None]]) -> None:
    """Run a scenario."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            wires = [await stack.enter_async_context(serving()) for _ in range(5)]
            world = World(wires[:2], wires[2:])
            try:
                await scenario(world)
            finally:
                await world.primary.close()

    run_patiently(run())


def test_the_primary_is_asked_for_once_and_used() -> None:
    """Everybody who comes at first waits for the same question; passwords go where they belong."""

    async def scenario(world: World) -> None:
        assert [0] * 20 == await asyncio.gather(*(world.tell() for _ in range(20)))
        assert world.asked() == 3
        assert world.servers[1].accepted == 0

    play(scenario)


def test_a_failure_leads_to_the_new_primary() -> None:
    """The old one says READONLY: the call that met it fails, and a moment later the new one answers."""

    async def scenario(world: World) -> None:
        assert await world.tell() == 0
        world.roles, world.named = [b"slave", b"master"], [1, 1, 1]
        fault = await world.fail()
        assert (fault.code, "READONLY" in fault.detail) == ("store_refused", True)
        await asyncio.sleep(PAUSE_S)
        assert await world.tell() == 1

    play(scenario)


def test_one_sentinel_that_knows_first_is_believed_when_the_server_says_so_itself() -> None:
    """The others still name a server that is no primary any more."""

    async def scenario(world: World) -> None:
        world.roles, world.named = [b"slave", b"master"], [0, 1, 0]
        assert await world.tell() == 1

    play(scenario)


def test_nobody_is_used_who_does_not_say_that_it_is_the_primary() -> None:
    """Whatever sentinels say."""

    async def scenario(world: World) -> None:
        world.roles = [b"slave", b"slave"]
        assert ["is not the primary yet" in (await world.fail()).detail for _ in range(3)] == [True] * 3
        world.roles = [b"master", b"slave"]
        assert await world.tell() == 0

    play(scenario)


def test_sentinels_that_go_away_take_nothing_with_them() -> None:
    """The primary that is known stays, in doubt or not."""

    async def scenario(world: World) -> None:
        assert await world.tell() == 0
        for wire in world.sentinels:
            wire.answer = hang_up
        for doubt in (False, True):
            world.primary._is_doubtful = doubt
            world.primary._asked_at -= 10
            assert await world.tell() == 0

    play(scenario)


def test_silent_sentinels_hold_up_one_call_after_a_failure_and_no_other() -> None:
    """A network that drops what is sent to them: a primary that answers is in doubt no more."""

    async def scenario(world: World) -> None:
        assert await world.tell() == 0
        loop = asyncio.get_running_loop()
        never = asyncio.Event()

        async def be_silent(command: Command) -> None:
            await never.wait()

        for wire in world.sentinels:
            wire.answer = be_silent
        world.primary._is_doubtful = True
        took = []
        for _ in range(4):
            await asyncio.sleep(PAUSE_S)
            began = loop.time()
            assert await world.tell() == 0
            took.append(loop.time() - began)
        assert took == [pytest.approx(PATIENCE_S, abs=0.01), *[pytest.approx(0.0, abs=0.01)] * 3]
        never.set()

    play(scenario)


def test_a_new_primary_is_heard_of_while_all_is_well() -> None:
    """The old one still answers as a primary: cut off, perhaps. Who asks meanwhile is not kept waiting."""

    async def scenario(world: World) -> None:
        assert await world.tell() == 0
        world.roles, world.named = [b"master", b"master"], [1, 1, 1]
        world.primary._asked_at -= 10
        assert await world.tell() == 0
        await until(lambda: any(command[0] == b"ROLE" for command in world.servers[1].commands))
        await asyncio.sleep(0.01)
        assert await world.tell() == 1

    play(scenario)


def test_without_any_primary_the_fault_says_why() -> None:
    """A name that no sentinel knows; sentinels that are not there, or are none."""

    async def scenario(world: World) -> None:
        world.named = [-1, -1, -1]
        assert "is no sentinel that knows a master_name shop" in (await world.fail()).detail
        for wire in world.sentinels:
            wire.answer = hang_up
        fault = await world.fail()
        assert (fault.code, "guard" in fault.detail) == ("store_unavailable", False)

        async def refuse(command: Command) -> bytes:
            return b"+OK\r\n" if command[0] == b"AUTH" else b"-ERR unknown command 'SENTINEL'\r\n"

        for wire in world.sentinels:
            wire.answer = refuse
        assert "answered ERR: is it a sentinel (sentinels)?" in (await world.fail()).detail

    play(scenario)


def test_a_closed_one_calls_nobody() -> None:
    """Neither servers nor sentinels."""

    async def scenario(world: World) -> None:
        assert await world.tell() == 0
        await world.primary.close()
        assert "store is closed" in (await world.fail()).detail

    play(scenario)


@given(st.binary(min_size=1, max_size=40), st.integers(1, 65535))
def test_an_address_is_read_as_it_was_written(host: bytes, port: int) -> None:
    """Whatever a host may be called."""
    assert (host.decode("latin-1"), port) == read_address([host, b"%d" % port])


@given(st.recursive(st.none() | st.integers() | st.binary(max_size=6), lambda deep: st.lists(deep, max_size=3)))
def test_whatever_else_a_server_says_is_no_address(reply: object) -> None:
    """And never an exception."""
    address = read_address(reply)

    assert address is None or (isinstance(reply, list) and 0 < address[1] < 65536)
