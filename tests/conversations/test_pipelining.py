"""Several requests in one go: answered in order, one at a time, and never more of them held than a slice carries."""

import pytest

from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, relayed, replied, request, response
from tests.fakes.scripted_plugins import DENY, Later, ScriptedPlugin, admit

NOT_FOUND = replied("404 Not Found", "Content-Type: application/json", body=b'{"error_msg":"404 Route Not Found"}\n')
DENIED = replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n")


def test_requests_of_one_read_are_answered_in_order() -> None:
    """The second goes upstream when the first is answered, on the same line."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1"), request("GET /2"), request("GET /3"))
        upstream = talk.line()
        for number in (1, 2, 3):
            upstream.hears(forwarded(f"GET /{number}"))
            client.hears_nothing()
            upstream.answers(response(body=b"%d" % number))
            client.hears(relayed(body=b"%d" % number))
        client.stays_connected()


def test_a_body_between_two_requests_stays_with_its_own() -> None:
    """Content-Length and chunked, in one read with what follows."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(
            request("POST /1", body=b"one"),
            request("POST /2", "Transfer-Encoding: chunked") + chunk(b"two") + chunk(b""),
            request("GET /3"),
        )
        upstream = talk.line()
        upstream.hears(forwarded("POST /1", body=b"one"))
        upstream.answers(response(body=b"1"))
        upstream.hears(forwarded("POST /2", framing=("Transfer-Encoding: chunked",)), chunk(b"two"), chunk(b""))
        upstream.answers(response(body=b"2"))
        upstream.hears(forwarded("GET /3"))
        upstream.answers(response(body=b"3"))
        client.hears(*(relayed(body=b"%d" % number) for number in (1, 2, 3)))


def test_a_slow_first_holds_up_the_quick_ones() -> None:
    """Their answers are there at once, and still come after it."""
    later = Later()
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.path == "/slow" else DENY)
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request("GET /slow"), request("GET /quick"), request("GET /quick"))
        client.hears_nothing()
        later.settle(DENY)
        talk.work()
        client.hears(DENIED * 3)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "host_repeated"),
        (b"GET / HTTP/1.1\nHost: a\n\n", "framing_invalid"),
        (b"\x00\x01\x02\r\n\r\n", "framing_invalid"),
    ],
)
def test_a_bad_later_one_is_refused_after_the_earlier_ones(bad: bytes, code: str) -> None:
    """Then the connection ends; what follows the bad one is never looked at."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1"), request("GET /2"), bad, request("GET /4"))
        upstream = talk.line()
        for number in (1, 2):
            upstream.hears(forwarded(f"GET /{number}"))
            client.stays_connected()
            upstream.answers(response(body=b"%d" % number))
            client.hears(relayed(body=b"%d" % number)) if number == 1 else None
        heard = client.take()
        assert heard.startswith(relayed(body=b"2") + b"HTTP/1.1 400 Bad Request\r\n")
        assert code in heard.decode("ascii")
        client.sees_the_end()
        upstream.hears_nothing()


def test_nothing_is_answered_after_close() -> None:
    """RFC 9112 §9.3: a client that said close is not answered further."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1", "Connection: close"), request("GET /2"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1"))
        upstream.answers(response(body=b"1"))
        client.hears(relayed(body=b"1", close=True))
        client.sees_the_end()
        upstream.hears_nothing()


@pytest.mark.parametrize("count", [150, 2000])
def test_a_flood_behind_a_slow_request_is_answered_each_once(count: int) -> None:
    """Hundreds fit into one slice; they are worked off without piling up on the stack."""
    later = Later()
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.path == "/slow" else DENY)
    with Conversation({"guard": plugin}, gateway={"limits": {"requests_per_connection": 10_000}}) as talk:
        client = talk.connect()
        client.says(request("GET /slow"), b"GET / HTTP/1.1\r\nHost:a\r\n\r\n" * count)
        later.settle(DENY)
        talk.work()
        client.hears(DENIED * (count + 1))
        assert [] == talk.log.events
        client.stays_connected()


def test_a_flood_is_held_back_and_then_left_unread() -> None:
    """One slice of 4 KiB is parsed ahead, 64 KiB wait, and then the gateway stops reading until it has caught up."""
    many = {"requests_per_connection": 100_000}
    with Conversation(gateway={"limits": many}, upstream={"keepalive_pool": {"requests": 100_000}}) as talk:
        client = talk.connect()
        tiny = b"GET /x HTTP/1.1\r\nHost:a\r\n\r\n"
        parsed_ahead = 4096 // len(tiny)
        client.says(tiny * 2000)
        assert client.is_read()
        client.says(tiny * 1000)
        assert not client.is_read()
        client.says(tiny * 1000)
        upstream = talk.line()
        expected = forwarded("GET /x", host="a").replace(b"X-Forwarded-Host: shop.example", b"X-Forwarded-Host: a")
        upstream.hears(expected)
        for number in range(4000):
            if number == parsed_ahead + 2500:
                assert client.is_read()
            upstream.answers(response(body=b"1"))
            if number < 3999:
                upstream.hears(expected)
        client.hears(relayed(body=b"1") * 4000)


def test_a_slow_reader_of_pipelined_answers_stops_the_rest() -> None:
    """While the client takes nothing, no further request of its queue is started."""
    big = b"x" * 70_000
    with Conversation() as talk:
        client = talk.connect()
        client.stops_reading()
        client.says(request("GET /1"), request("GET /2"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1"))
        upstream.answers(response(body=big))
        upstream.hears_nothing()
        client.reads_on()
        client.hears(relayed(body=big))
        upstream.hears(forwarded("GET /2"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"2"))


def test_a_request_that_comes_while_its_predecessor_is_answered_waits() -> None:
    """Across reads as within one."""
    with Conversation({"guard": ScriptedPlugin(admit(), authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request("GET /1"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1"))
        client.says(request("GET /2")[:20])
        client.says(request("GET /2")[20:])
        upstream.answers(response("200 OK", "Cache-Control: no-cache", body=b"1"))
        client.hears(relayed("200 OK", "Cache-Control: no-cache", body=b"1"))
        upstream.hears(forwarded("GET /2"))
        upstream.answers(response("200 OK", body=b"2"))
        client.hears(relayed("200 OK", after=("Cache-Control: private",), body=b"2"))


def test_not_found_in_a_row_is_answered_in_a_row() -> None:
    """Answers of the gateway's own need no upstream and keep the connection."""
    with Conversation(routes=[{"uri": "/a", "upstream": {"nodes": {"10.0.0.1:80": 1}}}]) as talk:
        client = talk.connect()
        client.says(request("GET /b") * 500)
        client.hears(NOT_FOUND * 500)
        client.stays_connected()
