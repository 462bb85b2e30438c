"""Chunk lines, chunk lengths, chunk ends, extensions, and a million chunks of one byte."""

import pytest

from tests.hostile.trial import Door, Vector, accept, body_is, post, trial
from tests.hostile.wire import CUTS, Wire

_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway.example\r\n\r\n"


def _chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=body)


_BAD_SIZES = [
    b"0x5", b"0X5", b"+5", b"-5", b" 5", b"\t5", b"5 ", b"5\t", b"5_", b"0_5", b"g", b"5g", b"", b" ", b"5,5", b"5.0",
    b"'5'", b'"5"',
    b"\xef\xbc\x95", b"\x005", b"5\x00", b"\x0b5", b"5\x0b", b"ffffffffffffffffff", b"10000000000000005", b"h5",
    b"5h", b"5\r",
    b"\r5", b"(5)", b"%35", b"five",
]  # fmt: skip
# A huge size is a true one until the body is not as long: what is certain is that nothing after it is a new request.
_HUGE_SIZES = [b"ffffffffffffffff", b"7fffffffffffffff", b"8000000000000000", b"ffffffff", b"80000000"]

_SIZES = [Vector(f"size {size!r}", _chunked(size + b"\r\nhello\r\n0\r\n\r\n" + _SMUGGLED)) for size in _BAD_SIZES]
_ENDS = [
    Vector("one byte too many", _chunked(b"5\r\nhelloX\r\n0\r\n\r\n")),
    Vector("two bytes too many", _chunked(b"5\r\nhelloXX\r\n0\r\n\r\n")),
    Vector("two bytes in place of the line end", _chunked(b"5\r\nhelloXX0\r\n\r\n")),
    Vector("one byte too few", _chunked(b"6\r\nhello\r\n0\r\n\r\n")),
    Vector("LF after the size", _chunked(b"5\nhello\r\n0\r\n\r\n")),
    Vector("CR after the size", _chunked(b"5\rhello\r\n0\r\n\r\n")),
    Vector("LF after the data", _chunked(b"5\r\nhello\n0\r\n\r\n")),
    Vector("CR after the data", _chunked(b"5\r\nhello\r0\r\n\r\n")),
    Vector("nothing after the data", _chunked(b"5\r\nhello0\r\n\r\n")),
    Vector("CR X after the size", _chunked(b"5\rX\nhello\r\n0\r\n\r\n")),
    Vector("LF after the last size", _chunked(b"5\r\nhello\r\n0\n\r\n")),
    Vector("LF at the end", _chunked(b"5\r\nhello\r\n0\r\n\n")),
    Vector("LF LF at the end", _chunked(b"5\r\nhello\r\n0\n\n")),
    Vector("X after the last size", _chunked(b"5\r\nhello\r\n0\r\nX" + _SMUGGLED)),
    Vector("an empty line before the size", _chunked(b"\r\n5\r\nhello\r\n0\r\n\r\n")),
    Vector("two line ends after the data", _chunked(b"5\r\nhello\r\n\r\n0\r\n\r\n")),
    Vector("LF in an extension", _chunked(b"5;a=b\nhello\r\n0\r\n\r\n")),
    Vector("CR in an extension", _chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n")),
    Vector("LF in a quoted extension", _chunked(b'5;a="\n"\r\nhello\r\n0\r\n\r\n')),
    Vector("line end in a quoted extension", _chunked(b'5;a="\r\nhello\r\n0\r\n\r\n')),
    Vector("NUL in an extension", _chunked(b"5;a\x00b\r\nhello\r\n0\r\n\r\n")),
    Vector("a line end that smuggles", _chunked(b"1\r\nZ\n" + _SMUGGLED + b"\r\n0\r\n\r\n")),
]
_FINE = [
    accept("an empty body", _chunked(b"0\r\n\r\n"), check=body_is(b"", chunked=True)),
    accept("one chunk", _chunked(b"5\r\nhello\r\n0\r\n\r\n"), check=body_is(b"hello", chunked=True)),
    accept(
        "hexadecimal, both cases",
        _chunked(b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
        check=body_is(b"01234567890123456789", chunked=True),
    ),
    accept("leading zeros", _chunked(b"00005\r\nhello\r\n000\r\n\r\n"), check=body_is(b"hello", chunked=True)),
    accept("an extension", _chunked(b"5;a=b\r\nhello\r\n0\r\n\r\n"), check=body_is(b"hello", chunked=True)),
    accept("a quoted extension", _chunked(b'5;a="b;c"\r\nhello\r\n0;d\r\n\r\n'), check=body_is(b"hello", chunked=True)),
    accept(
        "data that looks like chunks",
        _chunked(b"f\r\n0\r\n\r\n5\r\nhello\r\n\r\n0\r\n\r\n"),
        check=body_is(b"0\r\n\r\n5\r\nhello\r\n", chunked=True),
    ),
    accept(
        "data that looks like a request",
        _chunked(b"31\r\n" + _SMUGGLED + b"\r\n0\r\n\r\n"),
        check=body_is(_SMUGGLED, chunked=True),
    ),
]


@trial(_SIZES + _ENDS)
def test_a_chunk_in_doubt_ends_the_connection(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9112 §7.1: nothing of such a body counts as a request, whole or not."""
    door.run_unfinished(vector, cut)


@pytest.mark.parametrize("size", _HUGE_SIZES)
@pytest.mark.parametrize("cut", list(CUTS))
def test_a_huge_chunk_never_ends_early(door: Door, size: bytes, cut: str) -> None:
    """No size wraps around: what follows stays inside the chunk, and the body is never whole."""
    door.upstream.clear()
    with Wire(door.gateway.port) as wire:
        wire.send(CUTS[cut](_chunked(size + b"\r\nhello\r\n0\r\n\r\n" + _SMUGGLED)))
        wire.half_close()
        assert wire.is_ended() or wire.read_answer().status in {400, 413}
    door.check_nothing_whole()


@trial(_FINE)
def test_valid_chunks_arrive_as_they_were_meant(door: Door, vector: Vector, cut: str) -> None:
    """Extensions are dropped, the body is the same, and the framing is ours."""
    door.run(vector, cut)


@pytest.mark.parametrize(
    "sent", [b"0" * 5000 + b"5\r\nhello", b"5;" + b"a" * 20_000 + b"\r\nhello"], ids=["zeros", "extension"]
)
def test_an_endless_chunk_line_is_refused_or_harmless(door: Door, sent: bytes) -> None:
    """It costs no memory; whichever it is, the body is the same or nothing."""
    door.upstream.clear()
    with Wire(door.gateway.port) as wire:
        wire.send([_chunked(sent + b"\r\n0\r\n\r\n")])
        status = wire.read_answer().status
        assert status in {200, 400, 431}
        if status == 200:
            assert [request.body for request in door.upstream.requests] == [b"hello"]


def test_many_tiny_chunks_arrive_whole(door: Door) -> None:
    """A hundred thousand chunks of one byte are one body (CVE-2025-69229: their CPU time)."""
    count = 100_000
    with Wire(door.gateway.port) as wire:
        wire.send([_chunked(b"1\r\nZ\r\n" * count + b"0\r\n\r\n")])
        assert wire.read_answer().status == 200
    assert door.upstream.requests[-1].body == b"Z" * count
