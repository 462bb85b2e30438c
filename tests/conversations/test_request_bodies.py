"""Request bodies on their way to the upstream: every framing, however the client cuts it."""

import pytest

from tests.fakes.conversation import Conversation, Upstream
from tests.fakes.messages import chunk, forwarded, read_chunks, relayed, request, response

BODY = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKS = chunk(BODY[:10]) + chunk(BODY[10:]) + chunk(b"")
CHUNKED = ("Transfer-Encoding: chunked",)


def check_body(upstream: Upstream, head: bytes, body: bytes, *, chunked: bool) -> None:
    """Check that the upstream was told this one request, and nothing else."""
    heard = upstream.take()
    assert head == heard[: len(head)]
    assert (body, True) == (read_chunks(heard[len(head) :]) if chunked else (heard[len(head) :], True))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_split_at_every_byte_arrives_whole(chunked: bool) -> None:
    """Between any two bytes of head, framing and body; a body that looks like a request stays a body."""
    if chunked:
        sent, head = request("POST /", *CHUNKED) + CHUNKS, forwarded("POST /", framing=CHUNKED)
    else:
        sent = request("POST /", body=BODY)
        head = forwarded("POST /", framing=(f"Content-Length: {len(BODY)}",))
    for position in range(1, len(sent)):
        with Conversation() as talk:
            client = talk.connect()
            client.says(sent[:position])
            client.says(sent[position:])
            upstream = talk.line()
            check_body(upstream, head, BODY, chunked=chunked)
            upstream.answers(response(body=b"ok"))
            client.hears(relayed(body=b"ok"))
            client.stays_connected()
            upstream.is_kept()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_comes_byte_by_byte_arrives_whole(chunked: bool) -> None:
    """And goes on byte by byte: nothing waits for more."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", *CHUNKED) if chunked else request("POST /", f"Content-Length: {len(BODY)}"))
        upstream = talk.line()
        head = forwarded("POST /", framing=CHUNKED if chunked else (f"Content-Length: {len(BODY)}",))
        upstream.hears(head)
        for at in range(len(BODY)):
            byte = BODY[at : at + 1]
            client.says(chunk(byte) if chunked else byte)
            upstream.hears(chunk(byte) if chunked else byte)
        if chunked:
            client.says(chunk(b""))
            upstream.hears(chunk(b""))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


def test_trailers_of_a_request_end_here() -> None:
    """A trailer would enter behind every check: none is passed on, whatever its name."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", *CHUNKED), chunk(b"hello"), b"0\r\nX-Userinfo: admin\r\nHost: b\r\n\r\n")
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=CHUNKED), chunk(b"hello"), chunk(b""))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
        client.stays_connected()


def test_too_many_trailers_end_the_connection() -> None:
    """32 are read and dropped; the upstream never gets the last chunk."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", *CHUNKED), chunk(b"hello"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=CHUNKED), chunk(b"hello"))
        client.says(b"0\r\n", b"".join(b"X-%d: 1\r\n" % number for number in range(40)))
        client.hears_fault(431, "head_too_large")
        upstream.is_abandoned()
        upstream.hears_nothing()


def test_an_empty_body_is_told_as_it_was() -> None:
    """No chunk but the last; a length of 0 for methods that have bodies, none for those that do not."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", *CHUNKED), chunk(b""))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=CHUNKED), chunk(b""))
        upstream.answers(response(body=b"1"))
        client.says(request("POST /"))
        upstream.hears(forwarded("POST /", body=b""))
        upstream.answers(response(body=b"2"))
        client.says(request("GET /", body=b""))
        upstream.hears(forwarded("GET /"))
        upstream.answers(response(body=b"3"))
        client.hears(*(relayed(body=b"%d" % number) for number in (1, 2, 3)))


def test_a_body_that_is_announced_too_large_is_refused_before_anybody_hears_of_it() -> None:
    """413, and the connection ends: what follows would be the body."""
    with Conversation(gateway={"limits": {"body_bytes": 10}}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 11"), b"0123456789a")
        client.hears_fault(413, "body_too_large")
        client.sees_the_end()
        assert [] == talk.dialled


def test_a_body_of_the_largest_size_passes() -> None:
    """The limit itself is allowed, in both framings."""
    with Conversation(gateway={"limits": {"body_bytes": 10}}) as talk:
        client = talk.connect()
        client.says(request("POST /", body=b"0123456789"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", body=b"0123456789"))
        upstream.answers(response(body=b"1"))
        client.says(request("POST /", *CHUNKED), chunk(b"01234"), chunk(b"56789"), chunk(b""))
        check_body(upstream, forwarded("POST /", framing=CHUNKED), b"0123456789", chunked=True)
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"1"), relayed(body=b"2"))


def test_chunks_that_grow_too_large_end_the_upstream_too() -> None:
    """413 when the sum passes the limit; the upstream never gets the last chunk."""
    with Conversation(gateway={"limits": {"body_bytes": 10}}) as talk:
        client = talk.connect()
        client.says(request("POST /", *CHUNKED), chunk(b"01234"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=CHUNKED), chunk(b"01234"))
        client.says(chunk(b"56789a"))
        client.hears_fault(413, "body_too_large")
        client.sees_the_end()
        upstream.is_abandoned()
        upstream.hears_nothing()


@pytest.mark.parametrize("bad", [b"zz\r\nhello\r\n", b"5\r\nhello!\r\n", b"5\nhello\r\n", b"1;a=\x00\r\nh\r\n"])
def test_a_body_whose_framing_breaks_is_never_ended_upstream(bad: bytes) -> None:
    """400 and close; the upstream sees an aborted request, not a short one."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", *CHUNKED), chunk(b"hello"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=CHUNKED), chunk(b"hello"))
        client.says(bad)
        client.hears_fault(400, "framing_invalid")
        client.sees_the_end()
        upstream.is_abandoned()
        assert not read_chunks(upstream.take().removesuffix(b"hello"))[1]


def test_a_body_that_came_before_the_upstream_was_there_is_not_lost() -> None:
    """Head and body arrive while the node is dialled."""
    with Conversation() as talk:
        talk.silent = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 10"), b"01234")
        client.says(b"56789")
        talk.answer_dials()
        upstream = talk.line()
        upstream.hears(forwarded("POST /", body=b"0123456789"))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


def test_a_request_after_a_long_body_is_a_request() -> None:
    """A body of many slices, then the next request in the same read."""
    body = bytes(range(256)) * 500
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("PUT /1", body=body), request("GET /2"))
        upstream = talk.line()
        upstream.hears(forwarded("PUT /1", body=body))
        upstream.answers(response("201 Created", body=b""))
        client.hears(relayed("201 Created", body=b""))
        upstream.hears(forwarded("GET /2"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"2"))
