"""Answers without a body, whatever their heads say: HEAD, 204, 205, 304 and interim ones (RFC 9112 §6.3)."""

import pytest

from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, relayed, request, response


@pytest.mark.parametrize(
    ("line", "said", "heard"),
    [
        ("HEAD /", response("200 OK", "Content-Length: 5"), relayed("200 OK", after=("Content-Length: 5",))),
        ("HEAD /", response("200 OK", "Transfer-Encoding: chunked"), relayed("200 OK")),
        ("HEAD /", response("200 OK"), relayed("200 OK")),
        (
            "HEAD /",
            response("404 Not Found", "Content-Length: 5"),
            relayed("404 Not Found", after=("Content-Length: 5",)),
        ),
        ("GET /", response("204 No Content"), relayed("204 No Content")),
        ("GET /", response("204 No Content", "Content-Length: 0"), relayed("204 No Content")),
        ("GET /", response("205 Reset Content", body=b""), relayed("205 Reset Content", body=b"")),
        ("GET /", response("304 Not Modified", "ETag: a"), relayed("304 Not Modified", "ETag: a")),
        (
            "GET /",
            response("304 Not Modified", "Content-Length: 5"),
            relayed("304 Not Modified", after=("Content-Length: 5",)),
        ),
    ],
)
def test_the_answer_ends_with_its_head_and_both_connections_go_on(line: str, said: bytes, heard: bytes) -> None:
    """The parser would wait for a body, or take the next answer for one."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request(line))
        upstream = talk.line()
        upstream.hears(forwarded(line))
        upstream.answers(said)
        client.hears(heard)
        client.says(request("GET /next"))
        upstream.hears(forwarded("GET /next"))
        upstream.answers(response(body=b"next"))
        client.hears(relayed(body=b"next"))


@pytest.mark.parametrize(
    ("line", "said", "heard"),
    [
        ("HEAD /", response("200 OK", body=b"hello"), relayed("200 OK", after=("Content-Length: 5",))),
        ("HEAD /", response("200 OK", "Transfer-Encoding: chunked") + chunk(b"hello") + chunk(b""), relayed("200 OK")),
        ("GET /", response("204 No Content", body=b"hello"), relayed("204 No Content")),
        ("GET /", response("204 No Content") + b"hello", relayed("204 No Content")),
        ("GET /", response("205 Reset Content", body=b"hello"), relayed("205 Reset Content", body=b"")),
        (
            "GET /",
            response("304 Not Modified", body=b"hello"),
            relayed("304 Not Modified", after=("Content-Length: 5",)),
        ),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_a_body_that_must_not_be_there_costs_the_line(line: str, said: bytes, heard: bytes, later: bool) -> None:
    """Nobody gets it: not this client, not the next request on that line."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request(line))
        upstream = talk.line()
        upstream.hears(forwarded(line))
        head, _, body = said.partition(b"\r\n\r\n")
        if later:
            upstream.answers(head + b"\r\n\r\n")
            upstream.answers(body)
        else:
            upstream.answers(said)
        client.hears(heard)
        upstream.is_abandoned()
        client.says(request("GET /next"))
        other = talk.line()
        other.hears(forwarded("GET /next"))
        other.answers(response(body=b"next"))
        client.hears(relayed(body=b"next"))


@pytest.mark.parametrize(
    "said",
    [
        response("204 No Content", "Content-Length: 5"),
        response("204 No Content", "Transfer-Encoding: chunked"),
        response("205 Reset Content", "Content-Length: 5"),
        response("205 Reset Content", "Transfer-Encoding: chunked"),
        response("205 Reset Content"),
    ],
)
def test_an_answer_that_announces_what_it_cannot_have_costs_the_line(said: bytes) -> None:
    """The body may come when the line is lent to somebody else: so it is not lent."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(said)
        status = "204 No Content" if b"204" in said else "205 Reset Content"
        client.hears(relayed(status, body=b"" if "205" in status else None))
        client.stays_connected()
        upstream.is_abandoned()


def test_interim_answers_end_here() -> None:
    """Up to eight; only the final one counts, also for the body that follows it."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("100 Continue"))
        for _ in range(7):
            upstream.answers(response("103 Early Hints", "Link: </a>; rel=preload"))
        client.hears_nothing()
        upstream.answers(response(body=b"hello"))
        client.hears(relayed(body=b"hello"))
        upstream.is_kept()


def test_interim_answers_in_one_read_with_the_final_one() -> None:
    """Their fields do not become the final answer's."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("103 Early Hints", "Link: </a>"), response("102 Processing"), response(body=b"hello"))
        client.hears(relayed(body=b"hello"))
        upstream.is_kept()


@pytest.mark.parametrize("together", [True, False])
def test_nine_interim_answers_are_too_many(together: bool) -> None:
    """An upstream that never comes to the point is a broken one."""
    interim = [response("103 Early Hints", "Link: </a>")] * 9
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        for said in [b"".join(interim)] if together else interim:
            upstream.answers(said)
        client.hears_fault(502, "upstream_answer_invalid", close=False)
        upstream.is_abandoned()


@pytest.mark.parametrize("fields", [(), ("Upgrade: websocket", "Connection: Upgrade")])
def test_an_upgrade_that_nobody_asked_for_is_a_bad_answer(fields: tuple[str, ...]) -> None:
    """101 would turn the line into a tunnel."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("101 Switching Protocols", *fields), b"\x81\x05hello")
        client.hears_fault(502, "upstream_answer_invalid", close=False)
        upstream.is_abandoned()
