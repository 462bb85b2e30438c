"""One connection to a node: what a response is, when the connection may be used again, and what loses it."""

import socket
import ssl
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.response import MAX_RESPONSE_FIELDS, MAX_RESPONSE_HEAD_BYTES
from ostiary.upstream.connection import MAX_INFORMATIONAL, MAX_TRAILERS
from tests.fakes.messages import chunk, response
from tests.fakes.upstream_wire import FakeBorrower, Wire

HELLO = response("200 OK", "Server: a", body=b"hello")
CHUNKS = response("200 OK", "Transfer-Encoding: chunked") + chunk(b"hel") + chunk(b"lo") + chunk(b"")
HINTS = response("103 Early Hints", "Link: </a>")


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A connection."""
    with Wire() as made:
        yield made


def check_whole(wire: Wire, borrower: FakeBorrower, body: bytes) -> None:
    """The borrower has all of it, and the connection rests in its shelter."""
    assert (body, True, None) == (borrower.body, borrower.is_whole, borrower.lost)
    assert [1, *[0] * (len(borrower.arrivals) - 1)] == [arrival.head is not None for arrival in borrower.arrivals]
    assert [wire.connection] == wire.shelter.given
    assert wire.is_open


def test_it_knows_its_node(wire: Wire) -> None:
    """By address, and by name for the log."""
    assert (("10.0.0.1", 8000), "10.0.0.1:8000") == (wire.connection.node, wire.connection.node_name)


@pytest.mark.parametrize("said", [HELLO, CHUNKS, HINTS + HELLO])
def test_a_response_is_told_in_one_call_per_arrival(wire: Wire, said: bytes) -> None:
    """The head once, with whatever of the body came with it."""
    borrower = wire.lend()
    wire.says(said)

    assert 1 == len(borrower.arrivals)
    check_whole(wire, borrower, b"hello")


@pytest.mark.parametrize("said", [HELLO, CHUNKS, HINTS + HELLO])
def test_a_response_byte_by_byte_is_the_same(wire: Wire, said: bytes) -> None:
    """Nothing is told before the head is whole."""
    borrower = wire.lend()
    wire.says(*(said[at : at + 1] for at in range(len(said))))

    check_whole(wire, borrower, b"hello")


@given(st.binary(max_size=60), st.lists(st.integers(0, 400), max_size=6), st.booleans())
def test_a_response_cut_anywhere_is_the_same(body: bytes, cuts: list[int], chunked: bool) -> None:
    """What was sent is what is read, in either framing."""
    whole = response("200 OK", "Transfer-Encoding: chunked") if chunked else response(body=body)
    if chunked:
        whole += (chunk(body) if body else b"") + chunk(b"")
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    with Wire() as wire:
        borrower = wire.lend()
        wire.says(*(whole[start:end] for start, end in pairwise(places)))
        check_whole(wire, borrower, body)


def test_responses_follow_each_other_on_one_connection(wire: Wire) -> None:
    """Each to its own borrower, with its own parser; a head that repeats itself is not read twice."""
    borrowers = []
    for said, body in ((HELLO, b"hello"), (CHUNKS, b"hello"), (HELLO, b"hello"), (HELLO, b"hello")):
        borrower = wire.lend()
        wire.says(said)
        assert (body, True) == (borrower.body, borrower.is_whole)
        borrowers.append(borrower)

    assert 4 == len(wire.shelter.given) == wire.connection.served
    assert borrowers[2].arrivals[0].head is borrowers[3].arrivals[0].head


def test_a_repeated_head_is_read_anew_for_another_question(wire: Wire) -> None:
    """The method and our cookies change what a head means."""
    said = response("200 OK", "Set-Cookie: ours=1", "Content-Length: 0")
    heads = []
    for method, owned in (("GET", ()), ("HEAD", ()), ("GET", (b"ours",)), ("GET", ())):
        borrower = wire.lend(method, owned)
        wire.says(said)
        heads.append(borrower.arrivals[0].head)

    assert [b"Set-Cookie: ours=1\r\n", b"Set-Cookie: ours=1\r\n", b"", b"Set-Cookie: ours=1\r\n"] == [
        head.lines for head in heads if head is not None
    ]
    assert heads[0] is not heads[1]


# ------------------------------------------------------------------------------------------ without a body, or an end


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")]
)
def test_a_response_without_a_body_ends_with_its_head(wire: Wire, method: str, status: str) -> None:
    """Whatever length it names."""
    length = () if "204" in status else ("Content-Length: 5",)
    borrower = wire.lend(method)
    wire.says(response(status, *length))
    check_whole(wire, borrower, b"")

    second = wire.lend()
    wire.says(HELLO)
    assert (b"hello", True) == (second.body, second.is_whole)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_body_where_there_is_none_closes_the_connection(wire: Wire, method: str) -> None:
    """The borrower does not see it."""
    borrower = wire.lend(method)
    wire.says(HELLO if method == "HEAD" else response("204 No Content") + b"hello")

    assert (b"", True, False, []) == (borrower.body, borrower.is_whole, wire.is_open, wire.shelter.given)


def test_a_body_that_ends_with_the_connection_is_whole_at_its_end(wire: Wire) -> None:
    """Not before."""
    borrower = wire.lend()
    wire.says(response("200 OK"), b"hel", b"lo")
    assert not borrower.is_whole
    wire.ends()

    assert (b"hello", True, None, False) == (borrower.body, borrower.is_whole, borrower.lost, wire.is_open)
    assert [] == wire.shelter.given


def test_a_body_that_ends_with_a_reset_is_not_whole(wire: Wire) -> None:
    """Anybody on the way can reset."""
    borrower = wire.lend()
    wire.says(response("200 OK"), b"hello")
    wire.breaks()

    assert (False, ("upstream_lost", False)) == (borrower.is_whole, borrower.lost)


@pytest.mark.parametrize(
    "said", [response("200 OK", "Content-Length: 9") + b"hello", CHUNKS[:-5], b"HTTP/1.1 200 OK\r\n"]
)
@pytest.mark.parametrize("resets", [True, False])
def test_a_response_that_is_cut_is_lost(wire: Wire, said: bytes, resets: bool) -> None:
    """Told once; it is touched, so nobody tries again."""
    borrower = wire.lend()
    wire.says(said)
    wire.breaks() if resets else wire.ends()

    assert (False, ("upstream_lost", False)) == (borrower.is_whole, borrower.lost)
    assert ([wire.connection], []) == (wire.shelter.forgotten, wire.shelter.given)


# ----------------------------------------------------------------------------------------------------- early answers


def let_lie(wire: Wire, said: bytes) -> None:
    """Put bytes into the socket that nobody reads, and break the line."""
    ours, theirs = socket.socketpair()
    theirs.sendall(said)
    wire.transport._extra["socket"] = ours  # type: ignore[attr-defined]
    theirs.close()
    wire.loop.do(wire.transport.reset)
    ours.close()


def borrow_for_upload(wire: Wire) -> FakeBorrower:
    """Begin a request that goes on."""
    borrower = wire.lend("POST")
    wire.connection.request_sent = False
    return borrower


def test_an_answer_that_lies_behind_a_broken_write_is_heard(wire: Wire) -> None:
    """The service answered early and hung up; the connection goes all the same."""
    borrower = borrow_for_upload(wire)
    let_lie(wire, HELLO)

    assert (b"hello", True, None) == (borrower.body, borrower.is_whole, borrower.lost)
    assert ([wire.connection], []) == (wire.shelter.forgotten, wire.shelter.given)


def test_half_an_answer_behind_a_broken_write_is_lost(wire: Wire) -> None:
    """What came of it is told, and that it is not whole."""
    borrower = borrow_for_upload(wire)
    let_lie(wire, HELLO[:-1])

    assert (b"hell", ("upstream_lost", False)) == (borrower.body, borrower.lost)


def test_a_farewell_on_a_stale_line_is_no_early_answer(wire: Wire) -> None:
    """A whole request that met a reset goes to another line."""
    wire.lend()
    wire.says(HELLO)
    borrower = wire.lend()
    let_lie(wire, response("408 Request Timeout", "Content-Length: 0"))

    assert ([], ("upstream_lost", True)) == (borrower.arrivals, borrower.lost)


def test_what_lies_there_before_we_asked_is_no_answer(wire: Wire) -> None:
    """The request never left."""
    borrower = FakeBorrower()
    wire.connection.lend(borrower, "POST", ())
    let_lie(wire, HELLO)

    assert ([], "upstream_lost") == (borrower.arrivals, (borrower.lost or ("",))[0])


def test_a_refusal_by_tls_is_told_as_one(wire: Wire) -> None:
    """In TLS 1.3 it comes when the handshake is over for us."""
    borrower = wire.lend()
    wire.loop.do(wire.transport._lose, ssl.SSLError(1, "tlsv13 alert certificate required"))

    assert ("upstream_tls", False) == borrower.lost


# --------------------------------------------------------------------------------------------------- untouched lines


@pytest.mark.parametrize("resets", [True, False])
def test_a_reused_connection_that_dies_without_a_byte_is_untouched(wire: Wire, resets: bool) -> None:
    """It went stale: the request may be sent again."""
    wire.lend()
    wire.says(HELLO)
    borrower = wire.lend()
    wire.breaks() if resets else wire.ends()

    assert ("upstream_lost", True) == borrower.lost


def test_one_that_waited_unused_counts_as_reused(wire: Wire) -> None:
    """It was dialled for somebody who left."""
    wire.connection.idle_since = 1000.0
    borrower = wire.lend()
    wire.ends()

    assert ("upstream_lost", True) == borrower.lost


def test_a_fresh_connection_is_never_untouched(wire: Wire) -> None:
    """What happens there would happen again."""
    borrower = wire.lend()
    wire.ends()

    assert ("upstream_lost", False) == borrower.lost


def test_an_interim_answer_is_a_touch(wire: Wire) -> None:
    """The node has begun."""
    wire.lend()
    wire.says(HELLO)
    borrower = wire.lend()
    wire.says(HINTS)
    wire.ends()

    assert ("upstream_lost", False) == borrower.lost


# ---------------------------------------------------------------------------------------------------- not used again


@pytest.mark.parametrize("extra", [b"x", b"\r\n\x00", HELLO, b"HTTP/1.1 200 OK\r\n", chunk(b"more")])
@pytest.mark.parametrize("said", [HELLO, CHUNKS, response("204 No Content")])
@pytest.mark.parametrize("later", [True, False])
def test_bytes_after_a_response_close_the_connection(wire: Wire, said: bytes, extra: bytes, later: bool) -> None:
    """The borrower has its own; nobody gets the rest."""
    borrower = wire.lend()
    wire.says(said, extra) if later else wire.says(said + extra)

    assert (True, None, False) == (borrower.is_whole, borrower.lost, wire.is_open)
    assert borrower.body in {b"hello", b""}
    assert 1 == len(borrower.arrivals)


def test_a_response_before_the_request_is_sent_closes_the_connection(wire: Wire) -> None:
    """Half a request is on its way: what the node makes of the rest is nobody's guess."""
    borrower = wire.lend()
    wire.connection.request_sent = False
    wire.says(HELLO)

    assert (b"hello", True, False, []) == (borrower.body, borrower.is_whole, wire.is_open, wire.shelter.given)


@pytest.mark.parametrize(
    "said", [response("200 OK", "Connection: close", body=b"hello"), HELLO.replace(b"/1.1", b"/1.0")]
)
def test_what_the_node_closes_is_not_used_again(wire: Wire, said: bytes) -> None:
    """By its word, or by its version."""
    borrower = wire.lend()
    wire.says(said)

    assert (b"hello", True, False, []) == (borrower.body, borrower.is_whole, wire.is_open, wire.shelter.given)


def test_one_that_is_closing_is_not_used_again(wire: Wire) -> None:
    """Its end came while the last bytes were read."""
    borrower = wire.lend()
    wire.transport.fate = "closed"
    wire.connection.data_received(HELLO)

    assert (True, []) == (borrower.is_whole, wire.shelter.given)
    assert not wire.connection.is_usable()


def test_it_may_be_lent_when_nobody_has_it_and_it_is_open(wire: Wire) -> None:
    """Before, during and after."""
    assert wire.connection.is_usable()
    wire.lend()
    assert not wire.connection.is_usable()
    wire.says(HELLO)
    assert wire.connection.is_usable()
    wire.ends()
    assert not wire.connection.is_usable()


def test_abandoning_closes_without_a_word_to_the_borrower(wire: Wire) -> None:
    """It knows."""
    borrower = wire.lend()
    wire.connection.abandon()
    wire.connection.abandon()
    wire.loop.run_ready()

    assert (None, "aborted") == (borrower.lost, wire.transport.fate)
    assert [wire.connection] == wire.shelter.forgotten


# ----------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"garbage\r\n\r\n", "upstream_answer_invalid"),
        (response("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"), "upstream_answer_invalid"),
        (response("101 Switching Protocols"), "upstream_answer_invalid"),
        (HINTS * (MAX_INFORMATIONAL + 1), "upstream_answer_invalid"),
        (response("200 OK", "Transfer-Encoding: gzip"), "upstream_framing"),
        (response("999 Odd", body=b""), "upstream_head_invalid"),
        (response("200 OK", *["A: 1"] * (MAX_RESPONSE_FIELDS + 1), body=b""), "upstream_head_too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: 1\r\n" * (MAX_RESPONSE_FIELDS + 2), "upstream_head_too_large"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * MAX_RESPONSE_HEAD_BYTES, "upstream_head_too_large"),
        (
            response("200 OK", "Transfer-Encoding: chunked") + b"0\r\n" + b"A: 1\r\n" * (MAX_TRAILERS + 2),
            "upstream_head_too_large",
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 1000, 100_000])
def test_an_answer_in_doubt_is_lost(wire: Wire, said: bytes, code: str, size: int) -> None:
    """Told once, however it comes; the connection is closed."""
    borrower = wire.lend()
    if size > 1 or len(said) < 10_000:
        wire.says(*(said[at : at + size] for at in range(0, len(said), size)))
        assert (code, False) == borrower.lost
        assert (False, False, []) == (borrower.is_whole, wire.is_open, wire.shelter.given)


def test_eight_interim_answers_are_borne(wire: Wire) -> None:
    """As many as there may be."""
    borrower = wire.lend()
    wire.says(HINTS * MAX_INFORMATIONAL, HELLO)

    check_whole(wire, borrower, b"hello")


def test_a_body_whose_chunks_break_is_lost(wire: Wire) -> None:
    """What came before was told."""
    borrower = wire.lend()
    wire.says(CHUNKS[:-5], b"zz\r\n")

    assert (b"hello", ("upstream_answer_invalid", False)) == (borrower.body, borrower.lost)


def test_trailers_are_borne_and_forgotten(wire: Wire) -> None:
    """They do not become the next response's fields."""
    borrower = wire.lend()
    wire.says(CHUNKS[:-2], b"Set-Cookie: a=1\r\nX: 2\r\n\r\n")
    check_whole(wire, borrower, b"hello")

    second = wire.lend()
    wire.says(HELLO)
    assert second.arrivals[0].head is not None
    assert b"Server: a\r\n" == second.arrivals[0].head.lines


def test_bytes_on_an_idle_connection_close_it(wire: Wire) -> None:
    """Nobody asked."""
    wire.says(HELLO)

    assert not wire.is_open


def test_bytes_after_a_fault_are_not_looked_at(wire: Wire) -> None:
    """The connection is closed; a late read changes nothing."""
    borrower = wire.lend()
    wire.connection.data_received(b"garbage\r\n\r\n")
    wire.connection.data_received(HELLO)
    wire.loop.run_ready()

    assert ("upstream_answer_invalid", False) == borrower.lost
    assert [] == borrower.arrivals


def test_an_end_after_a_fault_tells_nothing_more(wire: Wire) -> None:
    """The borrower was told."""
    borrower = wire.lend()
    wire.connection.data_received(b"garbage\r\n\r\n")
    wire.connection.eof_received()
    wire.loop.run_ready()

    assert ("upstream_answer_invalid", False) == borrower.lost


# ------------------------------------------------------------------------------------------------------- the request


def test_the_borrower_learns_when_the_node_takes_no_more(wire: Wire) -> None:
    """And when it does again; without a borrower nobody needs to know."""
    wire.transport.stop_taking()
    wire.transport.write(b"x" * 70_000)
    wire.loop.do(wire.transport.take)
    borrower = wire.lend()
    wire.transport.stop_taking()
    wire.transport.write(b"x" * 70_000)
    assert [False] == borrower.writable
    wire.loop.do(wire.transport.take)
    assert [False, True] == borrower.writable
