"""HTTP/1.0 clients: no keep-alive unless they ask, no chunks, no interim answers."""

import pytest

from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, relayed, replied, request, response
from tests.fakes.scripted_plugins import DENY, ScriptedPlugin


def test_the_connection_ends_after_the_answer() -> None:
    """The upstream is spoken to in 1.1 all the same, and its line stays."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request(version="1.0"), request("GET /next", version="1.0"))
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"hello"))
        client.hears(relayed(body=b"hello", close=True))
        client.sees_the_end()
        upstream.is_kept()
        upstream.hears_nothing()


def test_keep_alive_is_had_for_the_asking() -> None:
    """With a length; the answer confirms it."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /", "Connection: keep-alive", version="1.0"))
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"hello"))
        client.hears(relayed("200 OK", after=("Content-Length: 5", "Connection: keep-alive")), b"hello")
        client.says(request("GET /2", version="1.0"))
        upstream.hears(forwarded("GET /2"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"2", close=True))
        client.sees_the_end()


@pytest.mark.parametrize("keeps_alive", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_a_length_ends_with_the_connection(keeps_alive: bool, chunked: bool) -> None:
    """Chunks are undone, and keep-alive is off, asked for or not."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /", *(["Connection: keep-alive"] if keeps_alive else []), version="1.0"))
        upstream = talk.line()
        upstream.hears(forwarded())
        if chunked:
            upstream.answers(response("200 OK", "Transfer-Encoding: chunked"), chunk(b"hello, "))
            client.hears(relayed("200 OK", close=True), b"hello, ")
            upstream.answers(chunk(b"world"), chunk(b""))
            upstream.is_kept()
        else:
            upstream.answers(response("200 OK", "Connection: close"), b"hello, ")
            client.hears(relayed("200 OK", close=True), b"hello, ")
            upstream.answers(b"world")
            upstream.ends()
        client.hears(b"world")
        client.sees_the_end()


def test_a_body_without_a_length_that_is_cut_never_ends_properly() -> None:
    """The end of the connection is its only sign of completeness: so there is no proper end."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request(version="1.0"))
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Transfer-Encoding: chunked"), chunk(b"hello, "))
        client.hears(relayed("200 OK", close=True), b"hello, ")
        upstream.ends()
        client.sees_a_break()


def test_our_own_answers_end_the_connection() -> None:
    """Asked for or not: keep-alive is for what the client came for."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("GET /", "Connection: keep-alive", version="1.0"))
        client.hears(replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", close=True))
        client.sees_the_end()


def test_a_host_is_needed_all_the_same() -> None:
    """There is no default host to guess."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(b"GET / HTTP/1.0\r\n\r\n")
        client.hears_fault(400, "host_missing")
        client.sees_the_end()
