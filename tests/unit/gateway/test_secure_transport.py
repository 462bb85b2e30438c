"""The transport of a TLS connection: everything is the upper one's, except how much waits."""

import asyncio

import pytest

from ostiary.gateway.secure_transport import SecureTransport
from tests.fakes.loop_time import SteppedLoop
from tests.fakes.tls_client import TlsTransport
from tests.fakes.transport import FakeTransport


def make(loop: SteppedLoop) -> tuple[SecureTransport, FakeTransport, FakeTransport]:
    """A transport on two others."""
    upper, lower = (FakeTransport(loop, asyncio.Protocol(), ("192.0.2.7", port)) for port in (1, 2))
    return SecureTransport(upper, lower), upper, lower


def test_what_waits_is_what_waits_in_both() -> None:
    """Encrypted bytes are not sent yet."""
    loop = SteppedLoop()
    transport, upper, lower = make(loop)
    loop.close()
    upper.unsent += b"abc"
    lower.unsent += b"encrypted"

    assert 12 == transport.get_write_buffer_size()


def test_everything_else_is_the_upper_one_s() -> None:
    """Writing, pausing, facts, limits."""
    loop = SteppedLoop()
    transport, upper, lower = make(loop)
    loop.close()
    transport.write(b"plain")
    transport.set_write_buffer_limits(high=100, low=10)
    assert (b"plain", b"", 100, 10) == (bytes(upper.sent), bytes(lower.sent), upper._high, upper._low)
    assert ("192.0.2.7", 1) == transport.get_extra_info("peername")
    assert "none" == transport.get_extra_info("weather", "none")
    transport.pause_reading()
    assert (False, True) == (upper.is_reading(), lower.is_reading())
    assert not transport.can_write_eof()
    assert not transport.is_closing()


@pytest.mark.parametrize("end", ["close", "abort"])
def test_reading_goes_on_and_ends_with_the_upper_one(end: str) -> None:
    """`close` and `abort` are its own; the one below follows from them."""
    loop = SteppedLoop()
    transport, upper, lower = make(loop)
    transport.pause_reading()
    transport.resume_reading()
    assert upper.is_reading()
    getattr(transport, end)()
    loop.run_ready()
    loop.close()

    assert transport.is_closing()
    assert "open" == lower.fate


def test_another_protocol_takes_over() -> None:
    """From the upper one."""
    loop = SteppedLoop()
    upper, lower = (TlsTransport(loop, asyncio.Protocol(), ("192.0.2.7", port)) for port in (1, 2))
    loop.close()
    protocol = asyncio.Protocol()
    SecureTransport(upper, lower).set_protocol(protocol)

    assert protocol is upper.get_protocol()
