"""The transport of a TLS connection, which knows what waits in both of its buffers.

Encrypted bytes leave the TLS layer long before they leave this machine: they wait in the transport below. Deadlines for
clients that take nothing (`ostiary.gateway.connection`) judge by what is unsent, so both count. One direction cannot
end alone: TLS has a sign for it (RFC 8446 §6.1), the libraries have no way to give it.
"""

import asyncio
from typing import Any, final

Bytes = bytes | bytearray | memoryview


@final
class SecureTransport(asyncio.Transport):
    """`upper` encrypts and writes to `lower`."""

    __slots__ = ("_lower", "_upper")

    def __init__(self, upper: asyncio.Transport, lower: asyncio.Transport) -> None:
        """Stand for `upper`."""
        super().__init__()
        self._upper = upper
        self._lower = lower

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - asyncio's own signature
        """Tell about the connection: `peername`, `sslcontext`, `socket` and so on."""
        return self._upper.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait, encrypted or not."""
        return self._upper.get_write_buffer_size() + self._lower.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the protocol is told to stop writing."""
        self._upper.set_write_buffer_limits(high, low)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand what arrives to `protocol`."""
        self._upper.set_protocol(protocol)

    def write(self, data: Bytes) -> None:
        """Encrypt and send."""
        self._upper.write(data)

    def can_write_eof(self) -> bool:
        """Say no: both directions end together."""
        return False

    def pause_reading(self) -> None:
        """Hand over nothing."""
        self._upper.pause_reading()

    def resume_reading(self) -> None:
        """Hand over what comes."""
        self._upper.resume_reading()

    def is_closing(self) -> bool:
        """Say whether it has ended, or is about to."""
        return self._upper.is_closing()

    def close(self) -> None:
        """Send what waits and a farewell, then wait for the peer's."""
        self._upper.close()

    def abort(self) -> None:
        """End now, without a farewell: the peer can tell."""
        self._upper.abort()
