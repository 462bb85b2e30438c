"""A reset is not an end."""

import asyncio

import pytest

from ostiary.gateway.reset import reset
from tests.fakes.upstream_wire import Wire


def test_what_stands_on_no_socket_is_aborted() -> None:
    """There is nobody to reset."""
    with Wire() as wire:
        reset(wire.transport)
        assert ("aborted", False) == (wire.transport.fate, wire.transport.was_ended)


def test_the_other_side_sees_a_reset() -> None:
    """After what it was sent before, and in the place of an end."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        accepted: asyncio.Future[asyncio.Transport] = loop.create_future()

        class Accepting(asyncio.Protocol):
            """Hands over its transport."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                """Hand it over."""
                assert isinstance(transport, asyncio.Transport)
                accepted.set_result(transport)

        server = await loop.create_server(Accepting, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        transport = await accepted
        transport.write(b"half of it")
        assert b"half of it" == await reader.readexactly(10)
        reset(transport)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        server.close()
        await server.wait_closed()

    asyncio.run(scenario())
