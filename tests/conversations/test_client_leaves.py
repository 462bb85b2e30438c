"""Clients that go away: what was done for them ends, and what is half done is never taken for whole."""

import pytest

from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, relayed, request, response
from tests.fakes.scripted_plugins import Later, ScriptedPlugin, admit


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", response("200 OK", "Content-Length: 100") + b"hello"])
def test_the_upstream_is_abandoned(said: bytes) -> None:
    """Before, within and after the head of its answer."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(said)
        client.take()
        client.breaks_off()
        upstream.is_abandoned()
        record = talk.records()[0]
        assert ("client_gone", True) == (record["reason"], record["cut"])
        assert (200 if said.endswith(b"hello") else 499) == record["status"]


@pytest.mark.parametrize("how", ["ends", "breaks_off"])
@pytest.mark.parametrize("chunked", [False, True])
def test_half_a_request_body_is_never_completed(chunked: bool, how: str) -> None:
    """The upstream sees its request aborted: no last chunk, no filling up."""
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 100"
    body = chunk(b"hello") if chunked else b"hello"
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", framing), body)
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=(framing,)), body)
        getattr(client, how)()
        upstream.hears_nothing()
        upstream.is_abandoned()


def test_a_line_dialled_for_nobody_is_kept_for_somebody() -> None:
    """The client left while the node was dialled; nothing is sent for it."""
    with Conversation() as talk:
        talk.silent = {"10.0.0.1:8000"}
        gone = talk.connect()
        gone.says(request("GET /gone"))
        gone.breaks_off()
        talk.answer_dials()
        upstream = talk.line()
        upstream.hears_nothing()
        upstream.is_kept()
        client = talk.connect()
        client.says(request())
        upstream.hears(forwarded())
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


def test_a_verdict_that_comes_too_late_changes_nothing() -> None:
    """It is awaited all the same (a code may be redeemed only once), but nobody goes upstream for it."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request())
        client.breaks_off()
        later.settle(admit())
        talk.work()
        assert [] == talk.dialled
        assert [] == talk.log.events
        assert [499] == [record["status"] for record in talk.records()]


def test_the_pipelined_requests_of_a_client_that_left_are_forgotten() -> None:
    """They are not started."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1"), request("GET /2"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1"))
        client.breaks_off()
        upstream.is_abandoned()
        upstream.hears_nothing()
        talk.expect_no_line()
        assert 1 == len(talk.records())


def test_a_client_that_has_nothing_more_to_say_still_gets_its_answers() -> None:
    """It ended its own direction only (`nc -N`): what it asked completely is answered, then the connection ends."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1"), request("GET /2"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1"))
        client.ends()
        upstream.answers(response(body=b"1"))
        client.hears(relayed(body=b"1"))
        upstream.hears(forwarded("GET /2"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"2"))
        client.sees_the_end()
        upstream.is_kept()


def test_a_client_that_ended_is_waited_for_no_longer_than_a_second() -> None:
    """It may have left altogether: an upstream that has not begun to answer by then is abandoned."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        client.ends()
        talk.pass_time(0.5)
        upstream.is_kept()
        talk.pass_time(1.0)
        upstream.is_abandoned()
        assert ["client_gone"] == [record["reason"] for record in talk.records()]


def test_an_answer_that_has_begun_goes_on_after_the_clients_end() -> None:
    """A client that is really gone would have answered it with a reset."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Content-Length: 10"), b"01234")
        client.ends()
        talk.pass_time(5.0)
        upstream.answers(b"56789")
        client.hears(relayed("200 OK", after=("Content-Length: 10",)), b"0123456789")
        client.sees_the_end()


def test_half_a_head_and_the_end_is_nothing() -> None:
    """Nobody is answered, nobody is asked."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(b"GET / HTTP/1.1\r\nHo")
        client.ends()
        client.hears_nothing()
        client.sees_the_end()
        assert [] == talk.records()


def test_a_client_that_says_nothing_and_ends_is_let_go() -> None:
    """At once, before the first request and between two."""
    with Conversation() as talk:
        silent = talk.connect()
        silent.ends()
        silent.sees_the_end()
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
        client.ends()
        client.sees_the_end()
        upstream.is_kept()
