"""Upstreams that answer early, too little, too much or not at all: nobody gets half an answer, or somebody else's."""

import pytest

from tests.fakes.conversation import Client, Conversation, Upstream
from tests.fakes.messages import chunk, forwarded, relayed, request, response


def warm_up(talk: Conversation, client: Client) -> Upstream:
    """Serve one request, so that a line is idle; return it."""
    client.says(request("GET /warm"))
    upstream = talk.line()
    upstream.hears(forwarded("GET /warm"))
    upstream.answers(response(body=b"warm"))
    client.hears(relayed(body=b"warm"))
    upstream.is_kept()
    return upstream


@pytest.mark.parametrize("how", ["ends", "breaks_off"])
def test_an_upstream_that_dies_before_its_head_is_a_bad_gateway(how: str) -> None:
    """502 on a fresh line, without a second try; the client's connection goes on."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        getattr(upstream, how)()
        client.hears_fault(502, "upstream_lost", close=False)
        client.stays_connected()
        talk.expect_no_line()


@pytest.mark.parametrize("how", ["ends", "breaks_off"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_an_idle_line_that_was_stale_is_replaced_once(method: str, how: str) -> None:
    """The upstream closed it as the request went out: idempotent and without a body, it is sent again elsewhere."""
    with Conversation() as talk:
        client = talk.connect()
        stale = warm_up(talk, client)
        client.says(request(f"{method} /"))
        expected = forwarded(f"{method} /", body=b"" if method == "PUT" else None)
        stale.hears(expected)
        getattr(stale, how)()
        client.hears_nothing()
        fresh = talk.line()
        fresh.hears(expected)
        fresh.answers(response("204 No Content"))
        client.hears(relayed("204 No Content"))
        client.stays_connected()
        assert [1, 2] == [record["attempts"] for record in talk.records()]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (request("POST /"), forwarded("POST /", body=b"")),
        (request("POST /", body=b"hello"), forwarded("POST /", body=b"hello")),
        (request("PATCH /"), forwarded("PATCH /", body=b"")),
        (request("PUT /", body=b"hello"), forwarded("PUT /", body=b"hello")),
        (
            request("PUT /", "Transfer-Encoding: chunked") + chunk(b""),
            forwarded("PUT /", framing=("Transfer-Encoding: chunked",)) + chunk(b""),
        ),
    ],
)
def test_what_might_be_done_twice_is_not_sent_again(sent: bytes, told: bytes) -> None:
    """Not idempotent, or with a body that is gone: 502."""
    with Conversation() as talk:
        client = talk.connect()
        stale = warm_up(talk, client)
        client.says(sent)
        stale.hears(told)
        stale.breaks_off()
        client.hears_fault(502, "upstream_lost", close=False)
        talk.expect_no_line()


def test_nothing_is_sent_a_third_time() -> None:
    """The second line fails too: 502."""
    with Conversation() as talk:
        client = talk.connect()
        stale = warm_up(talk, client)
        client.says(request())
        stale.hears(forwarded())
        stale.ends()
        fresh = talk.line()
        fresh.hears(forwarded())
        fresh.ends()
        client.hears_fault(502, "upstream_lost", close=False)
        talk.expect_no_line()


def test_a_second_try_does_not_take_another_idle_line() -> None:
    """Where one went stale the others did: the second try dials."""
    with Conversation() as talk:
        first, second = talk.connect(), talk.connect()
        first.says(request("GET /1"))
        second.says(request("GET /2"))
        one, two = talk.line(), talk.line()
        one.hears(forwarded("GET /1"))
        two.hears(forwarded("GET /2"))
        one.answers(response(body=b"1"))
        two.answers(response(body=b"2"))
        first.hears(relayed(body=b"1"))
        second.hears(relayed(body=b"2"))
        first.says(request("GET /3"))
        two.hears(forwarded("GET /3"))
        two.ends()
        one.hears_nothing()
        fresh = talk.line()
        fresh.hears(forwarded("GET /3"))
        fresh.answers(response(body=b"3"))
        first.hears(relayed(body=b"3"))


def test_a_line_that_was_dialled_for_somebody_who_left_can_be_stale_too() -> None:
    """It waited without having served anybody: the first request on it may be sent again."""
    with Conversation() as talk:
        talk.silent = {"10.0.0.1:8000"}
        gone = talk.connect()
        gone.says(request("GET /gone"))
        gone.breaks_off()
        talk.answer_dials()
        stale = talk.line()
        stale.hears_nothing()
        client = talk.connect()
        client.says(request())
        stale.hears(forwarded())
        stale.ends()
        fresh = talk.line()
        fresh.hears(forwarded())
        fresh.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


@pytest.mark.parametrize("said", [b"H", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_line_that_dies_within_its_head_is_not_tried_again(said: bytes) -> None:
    """It had begun to answer, so it had got the request."""
    with Conversation() as talk:
        client = talk.connect()
        stale = warm_up(talk, client)
        client.says(request())
        stale.hears(forwarded())
        stale.answers(said)
        stale.ends()
        client.hears_fault(502, "upstream_lost", close=False)
        talk.expect_no_line()


@pytest.mark.parametrize("how", ["ends", "breaks_off"])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_breaks_off_breaks_off_for_the_client(chunked: bool, how: str) -> None:
    """Never a last chunk, never a proper end."""
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 100"
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", framing), chunk(b"hello") if chunked else b"hello")
        client.hears(relayed("200 OK", after=(framing,)), chunk(b"hello") if chunked else b"hello")
        getattr(upstream, how)()
        client.hears_nothing()
        client.sees_a_break()
        record = talk.records()[0]
        assert (200, "fault", "upstream_lost", True) == tuple(
            record[name] for name in ("status", "verdict", "reason", "cut")
        )


def test_an_answer_without_a_length_that_is_reset_is_not_whole() -> None:
    """A reset is no end: the client must not take what came for everything."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Connection: close"), b"hello")
        client.hears(relayed("200 OK", after=("Transfer-Encoding: chunked",)), chunk(b"hello"))
        upstream.breaks_off()
        client.hears_nothing()
        client.sees_a_break()


def test_what_waits_behind_a_broken_answer_is_never_answered() -> None:
    """The connection is gone, with the pipelined requests on it."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1"), request("GET /2"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1"))
        upstream.answers(response("200 OK", "Content-Length: 9"))
        client.hears(relayed("200 OK", after=("Content-Length: 9",)))
        upstream.ends()
        client.sees_a_break()
        talk.expect_no_line()


@pytest.mark.parametrize("extra", [b"x", b"\x00", response(body=b"another's"), b"HTTP/1.1 200 OK\r\n"])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_bytes_after_an_answer_close_the_line(extra: bytes, later: bool, chunked: bool) -> None:
    """An answer that nobody asked for belongs to nobody (response queue poisoning)."""
    said = (
        response("200 OK", "Transfer-Encoding: chunked") + chunk(b"mine") + chunk(b"")
        if chunked
        else response(body=b"mine")
    )
    heard = (
        relayed("200 OK", after=("Transfer-Encoding: chunked",)) + chunk(b"mine") + chunk(b"")
        if chunked
        else relayed(body=b"mine")
    )
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1"))
        if later:
            upstream.answers(said)
            upstream.answers(extra)
        else:
            upstream.answers(said, extra)
        client.hears(heard)
        client.stays_connected()
        upstream.is_abandoned()
        client.says(request("GET /2"))
        fresh = talk.line()
        fresh.hears(forwarded("GET /2"))
        fresh.answers(response(body=b"2"))
        client.hears(relayed(body=b"2"))


def test_an_early_answer_is_passed_on_and_both_connections_end() -> None:
    """A final status while the body is on its way: what follows it on either connection would be in doubt."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 100000"), b"x" * 1000)
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 100000",)), b"x" * 1000)
        upstream.answers(response("409 Conflict", body=b"too much"))
        client.hears(relayed("409 Conflict", body=b"too much", close=True))
        client.sees_the_end()
        upstream.is_abandoned()
        client.says(b"x" * 1000, request("GET /smuggled"))
        client.hears_nothing()
        talk.expect_no_line()


def test_an_answer_that_begins_early_may_end_late() -> None:
    """The rest of the body goes on to an upstream that answers while it reads; the connections end all the same."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 10"), b"01234")
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 10",)), b"01234")
        upstream.answers(response("200 OK", "Content-Length: 10"), b"01234")
        client.hears(relayed("200 OK", after=("Content-Length: 10",), close=True), b"01234")
        client.says(b"56789")
        upstream.hears(b"56789")
        upstream.answers(b"56789")
        client.hears(b"56789")
        client.sees_the_end()


def test_an_upstream_that_dies_while_it_is_sent_a_body_is_a_bad_gateway() -> None:
    """The rest of the body is never read as a request."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 100000"), b"x" * 1000)
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 100000",)), b"x" * 1000)
        upstream.breaks_off()
        client.hears_fault(502, "upstream_lost")
        client.sees_the_end()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"garbage\r\n\r\n", "upstream_answer_invalid"),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "upstream_answer_invalid"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "upstream_answer_invalid"),
        (b"HTTP/1.1 200 OK\r\nA: b\x00c\r\n\r\n", "upstream_answer_invalid"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "upstream_answer_invalid"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "upstream_answer_invalid"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "upstream_framing"),
        (b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", "upstream_head_invalid"),
        (b"HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n", "upstream_head_invalid"),
        (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "upstream_framing"),
        (b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n", "upstream_framing"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 201 + b"Content-Length: 0\r\n\r\n", "upstream_head_too_large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", "upstream_head_too_large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, "upstream_head_too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300, "upstream_head_too_large"),
    ],
)
def test_an_answer_that_cannot_be_trusted_is_not_passed_on(said: bytes, code: str) -> None:
    """502, nothing of it reaches the client, and the line is closed."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(said)
        client.hears_fault(502, code, close=False)
        client.stays_connected()
        upstream.is_abandoned()


def test_a_body_whose_chunks_break_breaks_the_answer() -> None:
    """What came before is passed on; there is no end."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Transfer-Encoding: chunked"), chunk(b"hello"))
        client.hears(relayed("200 OK", after=("Transfer-Encoding: chunked",)), chunk(b"hello"))
        upstream.answers(b"zz\r\n")
        client.sees_a_break()
        upstream.is_abandoned()


def test_an_answer_before_the_question_is_nobodys() -> None:
    """Bytes on a line that is idle close it."""
    with Conversation() as talk:
        client = talk.connect()
        upstream = warm_up(talk, client)
        upstream.answers(response(body=b"poison"))
        upstream.is_abandoned()
        client.says(request())
        fresh = talk.line()
        fresh.hears(forwarded())
        fresh.answers(response(body=b"clean"))
        client.hears(relayed(body=b"clean"))


def test_an_upstream_of_1_0_is_used_once() -> None:
    """Its answer is passed on as 1.1; its connection is not reused."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        client.hears(relayed(body=b"hello"))
        upstream.is_abandoned()


def test_what_is_hop_by_hop_ends_here() -> None:
    """Also what the upstream's Connection names; the rest is passed on as it came."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(
            response(
                "200 Fine", "Server: a", "Connection: keep-alive, X-Mine", "X-Mine: b", "Keep-Alive: timeout=5",
                "Proxy-Authenticate: c", "Upgrade: h2c", "x-PASSED:  d e ", "Date: then", body=b"hello",
            )
        )  # fmt: skip
        client.hears(b"HTTP/1.1 200 OK\r\nServer: a\r\nx-PASSED: d e \r\nDate: then\r\nContent-Length: 5\r\n\r\nhello")


def test_an_answer_that_comes_while_the_question_waits_is_nobodys() -> None:
    """A node's farewell on an idle line (408) meets our next request in one turn of the loop.

    The request has not left yet, so this is no answer to it: the line goes, the request is sent on another one, and
    a body that somebody else sends never overtakes it.
    """
    with Conversation() as talk:
        first, second = talk.connect(), talk.connect()
        stale = warm_up(talk, first)
        asked, posted = request("GET /mine"), request("POST /other", body=b"hello")

        def meet() -> None:
            first.transport.deliver(asked)
            stale.transport.deliver(response("408 Request Timeout", body=b"bye"))
            second.transport.deliver(posted)

        talk.loop.do(meet)
        stale.hears_nothing()
        lines = {line.take(): line for line in (talk.line(), talk.line())}
        assert {forwarded("GET /mine"), forwarded("POST /other", body=b"hello")} == set(lines)
        lines[forwarded("GET /mine")].answers(response(body=b"mine"))
        lines[forwarded("POST /other", body=b"hello")].answers(response(body=b"other"))
        first.hears(relayed(body=b"mine"))
        second.hears(relayed(body=b"other"))
