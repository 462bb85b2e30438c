"""The transport of a TLS connection: everything is the upper one's, except how much waits."""

import asyncio
from typing import Any

from ostiary.gateway.secure_transport import SecureTransport
from tests.fakes.transport import FakeTransport


def make() -> tuple[SecureTransport, FakeTransport, FakeTransport]:
    """A transport on two others."""
    loop: Any = asyncio.BaseEventLoop()
    upper, lower = (FakeTransport(loop, asyncio.Protocol(), ("192.0.2.7", port)) for port in (1, 2))
    loop.close()
    return SecureTransport(upper, lower), upper, lower


def test_what_waits_is_what_waits_in_both() -> None:
    """Encrypted bytes are not sent yet."""
    transport, upper, lower = make()
    upper.unsent += b"abc"
    lower.unsent += b"encrypted"

    assert 12 == transport.get_write_buffer_size()


def test_everything_else_is_the_upper_one_s() -> None:
    """Writing, pausing, facts, limits."""
    transport, upper, lower = make()
    transport.write(b"plain")
    transport.set_write_buffer_limits(high=100, low=10)
    assert (b"plain", b"", 100, 10) == (bytes(upper.sent), bytes(lower.sent), upper._high, upper._low)
    assert ("192.0.2.7", 1) == transport.get_extra_info("peername")
    assert "none" == transport.get_extra_info("weather", "none")
    transport.pause_reading()
    assert (False, True) == (upper.is_reading(), lower.is_reading())
    assert not transport.can_write_eof()
    assert not transport.is_closing()


def test_reading_goes_on_and_ends_with_the_upper_one() -> None:
    """`close` and `abort` are its own."""
    for end in ("close", "abort"):
        transport, upper, lower = make()
        upper._is_paused, upper.is_lost = True, True  # so that the fake needs no loop
        upper._loop = lower._loop = type("Loop", (), {"call_soon": lambda *_: None})()  # type: ignore[assignment]
        transport.resume_reading()
        assert not upper._is_paused
        upper.is_lost = False
        getattr(transport, end)()
        assert transport.is_closing()
        assert "open" == lower.fate


def test_another_protocol_takes_over() -> None:
    """From the upper one."""
    transport, upper, _ = make()
    seen: list[object] = []
    upper.set_protocol = seen.append  # type: ignore[method-assign]
    protocol = asyncio.Protocol()
    transport.set_protocol(protocol)

    assert [protocol] == seen
