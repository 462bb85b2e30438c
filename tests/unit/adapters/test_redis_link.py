"""One connection: what it says when it is opened, what TLS checks, and that it is cut at once."""

import uvloop

from ostiary.adapters.redis_link import RedisLink
from ostiary.store_settings import RedisSettings
from ostiary.upstream.tls_client import make_tls_context
from tests.fakes.redis_wire import Command, serving
from tests.fakes.until import until


def test_the_name_that_is_asked_for_is_the_servers() -> None:
    """`server_name`, else the host."""
    context = make_tls_context(verify=False)
    named = RedisLink(RedisSettings(host="10.0.0.1", server_name="cache.example"), context)
    plain = RedisLink(RedisSettings(host="cache"), context)

    assert "cache.example" == named._connection_arguments()["server_hostname"]
    assert "cache" == plain._connection_arguments()["server_hostname"]
    assert {"host": "cache", "port": 6379} == RedisLink(RedisSettings(host="cache"), None)._connection_arguments()


def test_it_says_who_it_is_and_nothing_else() -> None:
    """AUTH and SELECT; no greeting, no library's name."""

    async def scenario() -> None:
        async with serving() as wire:

            async def agree(command: Command) -> bytes:
                return b"+OK\r\n"

            wire.answer = agree
            link = RedisLink(RedisSettings(port=wire.port, username="u", password="p", database=2), None)
            await link.open()
            assert [[b"AUTH", b"u", b"p"], [b"SELECT", b"2"]] == wire.commands
            assert await link.is_quiet()
            link.cut()
            link.cut()
            assert not await link.is_quiet()

    uvloop.run(scenario())


def test_a_connection_that_is_cut_ends_at_once() -> None:
    """The server sees it."""

    async def scenario() -> None:
        async with serving() as wire:
            link = RedisLink(RedisSettings(port=wire.port), None)
            await link.open()
            await until(lambda: bool(wire.writers))
            link.cut()
            await until(wire.writers[0].is_closing)

    uvloop.run(scenario())
