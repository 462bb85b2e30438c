"""A name server on loopback, over UDP (RFC 1035), that knows what it was told and behaves as badly as it was told.

    with DnsServer({"id.test": "127.0.0.1"}) as server:      # server.address is "127.0.0.1:<port>"

Names it does not know do not exist. A name may have a behaviour in place of an address: `NXDOMAIN`, `SERVFAIL`,
`REFUSED`, or `SILENCE`.
"""

import asyncio
import ipaddress
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from tests.e2e.counterparts.loop_thread import LoopThread

NXDOMAIN = "NXDOMAIN"
SERVFAIL = "SERVFAIL"
REFUSED = "REFUSED"
SILENCE = "SILENCE"
CODES = {NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5}
TYPE_A, TYPE_AAAA = 1, 28
TTL_S = 5
_HEADER = struct.Struct("!6H")


class DnsServer:
    """A running name server. `names` may be changed at any time; `asked` are the names it was asked for."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """Listen on a loopback port."""
        self.names = dict(names)
        self.asked: list[str] = []
        self._thread = LoopThread("dns-server")
        self._transport = self._thread.run(self._listen())
        self.port: int = self._transport.get_extra_info("sockname")[1]
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.loop.call_soon_threadsafe(self._transport.close)
        self._thread.stop()

    async def _listen(self) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Listener(self), ("127.0.0.1", 0))
        return transport

    def answer(self, query: bytes) -> bytes | None:
        """Return the response to a query, or None for silence."""
        name, kind, question = _read_question(query)
        self.asked.append(name)
        told = self.names.get(name, NXDOMAIN)
        if told == SILENCE:
            return None
        code = CODES.get(told, 0)
        record = b"" if code else _build_record(told, kind)
        flags = 0x8580 | code  # a response, authoritative, recursion desired and available
        (identifier,) = struct.unpack_from("!H", query)
        return _HEADER.pack(identifier, flags, 1, 1 if record else 0, 0, 0) + question + record


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._server.answer(data)
        if response is not None:
            self._transport.sendto(response, addr)


def _read_question(query: bytes) -> tuple[str, int, bytes]:
    """Return the name, the type, and the question's bytes."""
    labels = []
    at = _HEADER.size
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]])
        at += 1 + query[at]
    (kind,) = struct.unpack_from("!H", query, at + 1)
    return b".".join(labels).decode("ascii").lower(), kind, query[_HEADER.size : at + 5]


def _build_record(address: str, kind: int) -> bytes:
    """Return the answer section: one address, or nothing when the question is for the other kind."""
    octets = ipaddress.ip_address(address).packed
    if kind != (TYPE_A if len(octets) == 4 else TYPE_AAAA):
        return b""
    return struct.pack("!HHHIH", 0xC00C, kind, 1, TTL_S, len(octets)) + octets
