"""A scripted server that speaks just enough of Redis's protocol to be slow, wrong or gone at the right moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Command = list[bytes]
Answer = Callable[[Command], Awaitable[bytes | None]]


class FakeRedisWire:
    """Counts connections (`accepted`) and commands; `answer` gives each reply, or None to end the connection."""

    def __init__(self) -> None:
        """Answer GET with what was asked for, until the test says otherwise."""
        self.port = 0
        self.accepted = 0
        self.commands: list[Command] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.answer: Answer = echo

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        self.accepted += 1
        self.writers.append(writer)
        try:
            while True:
                command = await read_command(reader)
                self.commands.append(command)
                reply = await self.answer(command)
                if reply is None:
                    break
                writer.write(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


async def echo(command: Command) -> bytes:
    """Answer with the last argument."""
    return bulk(command[-1])


def bulk(value: bytes) -> bytes:
    """Write a value as a reply."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


async def read_command(reader: asyncio.StreamReader) -> Command:
    """Read one command: a list of texts with their lengths."""
    count = int((await reader.readuntil(b"\r\n"))[1:])
    command = []
    for _ in range(count):
        size = int((await reader.readuntil(b"\r\n"))[1:])
        command.append((await reader.readexactly(size + 2))[:-2])
    return command


@asynccontextmanager
async def serving() -> AsyncIterator[FakeRedisWire]:
    """Serve on a free loopback port."""
    wire = FakeRedisWire()
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for writer in wire.writers:
            writer.transport.abort()
        await asyncio.sleep(0)
