"""Nobody's slowness fills our memory: whoever does not read stops whoever speaks to it, in both directions."""

import pytest

from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, read_chunks, relayed, request, response

HIGH_BYTES = 65_536
PIECE = bytes(range(256)) * 256  # 64 KiB


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_does_not_read_stops_the_upstream(chunked: bool) -> None:
    """The line is read again when the client has taken what waited; nothing is lost or doubled."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {5 * len(PIECE)}"
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        client.stops_reading()
        upstream.answers(response("200 OK", framing))
        assert upstream.is_read()
        for _ in range(5):
            upstream.answers(chunk(PIECE) if chunked else PIECE)
            assert not upstream.is_read()
        if chunked:
            upstream.answers(chunk(b""))
        assert HIGH_BYTES < len(client.transport.unsent) < HIGH_BYTES + 500
        client.reads(len(client.transport.unsent) - HIGH_BYTES // 4 - 1)
        assert HIGH_BYTES // 4 + 1 == len(client.transport.unsent)
        client.reads(1)
        assert not upstream.is_read()
        assert HIGH_BYTES < len(client.transport.unsent), "one more piece came, and stopped the upstream again"
        client.reads_on()
        heard = client.take()
        head = relayed("200 OK", after=(framing,))
        assert head == heard[: len(head)]
        body = heard[len(head) :]
        assert (PIECE * 5, True) == (read_chunks(body) if chunked else (body, True))
        assert upstream.is_read()
        client.stays_connected()
        upstream.is_kept()


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upstream_that_does_not_read_stops_the_client(chunked: bool) -> None:
    """What waits for it is bounded; the client is read again when it has taken some."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {5 * len(PIECE)}"
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", framing))
        upstream = talk.line()
        head = forwarded("POST /", framing=(framing,))
        upstream.hears(head)
        upstream.stops_reading()
        for _ in range(5):
            client.says(chunk(PIECE) if chunked else PIECE)
        if chunked:
            client.says(chunk(b""))
        assert not client.is_read()
        assert HIGH_BYTES < len(upstream.transport.unsent) < HIGH_BYTES + 8192
        upstream.reads(HIGH_BYTES - 1000)
        assert HIGH_BYTES < len(upstream.transport.unsent) < HIGH_BYTES + 8192, "as much came after it"
        upstream.reads_on()
        assert client.is_read()
        heard = upstream.take()
        assert (PIECE * 5, True) == (read_chunks(heard) if chunked else (heard, True))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
        client.stays_connected()


def test_an_answer_that_is_whole_before_it_is_taken_gives_the_line_back() -> None:
    """The upstream is free for others although its answer still waits for the client."""
    with Conversation() as talk:
        slow, quick = talk.connect(), talk.connect()
        slow.says(request("GET /big"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /big"))
        slow.stops_reading()
        upstream.answers(response(body=PIECE * 2))
        quick.says(request("GET /quick"))
        upstream.hears(forwarded("GET /quick"))
        assert upstream.is_read()
        upstream.answers(response(body=b"quick"))
        quick.hears(relayed(body=b"quick"))
        slow.reads_on()
        slow.hears(relayed(body=PIECE * 2))
        slow.says(request("GET /next"))
        upstream.hears(forwarded("GET /next"))
        upstream.answers(response(body=b"next"))
        slow.hears(relayed(body=b"next"))


def test_a_client_is_not_read_while_its_request_is_dialled() -> None:
    """64 KiB of its body may wait; then it is left alone until somebody takes them."""
    with Conversation() as talk:
        talk.silent = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request("POST /", f"Content-Length: {3 * len(PIECE)}"))
        client.says(PIECE)
        assert client.is_read()
        client.says(PIECE)
        assert not client.is_read()
        client.says(PIECE)
        talk.answer_dials()
        assert client.is_read()
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=(f"Content-Length: {3 * len(PIECE)}",)), PIECE * 3)
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


def test_both_sides_slow_at_once_lose_nothing() -> None:
    """Whoever answers while it reads, and sends while it is sent to: the answer is complete, then close."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", f"Content-Length: {2 * len(PIECE)}"), PIECE[:1000])
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=(f"Content-Length: {2 * len(PIECE)}",)), PIECE[:1000])
        client.stops_reading()
        upstream.stops_reading()
        upstream.answers(response("200 OK", f"Content-Length: {2 * len(PIECE)}"), PIECE, PIECE[:1000])
        assert not upstream.is_read()
        client.says(PIECE[1000:])
        client.says(PIECE)
        upstream.reads_on()
        upstream.hears(PIECE[1000:], PIECE)
        upstream.answers(PIECE[1000:])
        client.reads_on()
        client.hears(relayed("200 OK", after=(f"Content-Length: {2 * len(PIECE)}",), close=True), PIECE, PIECE)
        client.sees_the_end()
