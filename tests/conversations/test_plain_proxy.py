"""A request, its answer, and the next request on the same connections."""

import pytest

from tests.fakes.conversation import Conversation
from tests.fakes.messages import HOST, chunk, forwarded, relayed, request, response


def test_a_request_goes_through_and_its_answer_comes_back() -> None:
    """Both are written anew; both connections stay for the next request."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /a?b=c", "Accept: */*"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /a?b=c", "Accept: */*"))
        upstream.answers(response("200 OK", "Content-Type: text/plain", body=b"hello"))
        client.hears(relayed("200 OK", "Content-Type: text/plain", body=b"hello"))
        client.stays_connected()
        upstream.is_kept()


def test_the_next_request_takes_the_same_connections() -> None:
    """Keep-alive on both sides: one connection each for three requests."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1"))
        upstream = talk.line()
        for number in (1, 2, 3):
            if number > 1:
                client.says(request(f"GET /{number}"))
            upstream.hears(forwarded(f"GET /{number}"))
            upstream.answers(response(body=b"%d" % number))
            client.hears(relayed(body=b"%d" % number))


def test_two_clients_at_once_need_two_lines_and_the_third_takes_the_last_used() -> None:
    """A line carries one exchange at a time; the one given back last is lent first, so that the surplus ages."""
    with Conversation() as talk:
        first, second = talk.connect(), talk.connect()
        first.says(request("GET /1"))
        second.says(request("GET /2"))
        one, two = talk.line(), talk.line()
        one.hears(forwarded("GET /1"))
        two.hears(forwarded("GET /2"))
        two.answers(response(body=b"2"))
        one.answers(response(body=b"1"))
        first.hears(relayed(body=b"1"))
        second.hears(relayed(body=b"2"))
        second.says(request("GET /3"))
        one.hears(forwarded("GET /3"))
        one.answers(response(body=b"3"))
        second.hears(relayed(body=b"3"))


def test_a_client_that_says_close_is_closed_after_its_answer() -> None:
    """The answer says so too; the line to the upstream stays."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /", "Connection: close"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /"))
        upstream.answers(response(body=b"bye"))
        client.hears(relayed(body=b"bye", close=True))
        client.sees_the_end()
        upstream.is_kept()


def test_an_upstream_that_says_close_is_not_asked_again() -> None:
    """The client's connection has nothing to do with it."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Connection: close", body=b"1"))
        client.hears(relayed(body=b"1"))
        upstream.is_abandoned()
        client.says(request())
        other = talk.line()
        other.hears(forwarded())
        other.answers(response(body=b"2"))
        client.hears(relayed(body=b"2"))


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_an_answer_in_pieces_is_passed_on_as_it_comes(pieces: int) -> None:
    """Nothing waits for the end of a body; the head goes with whatever came with it."""
    whole = response("200 OK", body=b"0123456789" * 3)
    expected = relayed("200 OK", body=b"0123456789" * 3)
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        heard = b""
        for at in range(0, len(whole), pieces):
            upstream.answers(whole[at : at + pieces])
            heard += client.take()
            if at + pieces >= len(whole) - 30:
                assert expected[: len(expected) - len(whole) + min(at + pieces, len(whole))] == heard
        assert expected == heard


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_chunks_come_as_chunks(pieces: int) -> None:
    """Whatever the upstream cut: the client gets the same bytes in whole chunks, and a last one."""
    whole = response("200 OK", "Transfer-Encoding: chunked") + chunk(b"hello, ") + chunk(b"world") + chunk(b"")
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        for at in range(0, len(whole), pieces):
            upstream.answers(whole[at : at + pieces])
        heard = client.take()
        head = relayed("200 OK", after=("Transfer-Encoding: chunked",))
        assert head == heard[: len(head)]
        expected = {1: b"".join(chunk(b"%c" % byte) for byte in b"hello, world"), 1000: chunk(b"hello, world")}
        if pieces in expected:
            assert expected[pieces] + chunk(b"") == heard[len(head) :]
        client.stays_connected()
        upstream.is_kept()


def test_an_answer_that_ends_with_its_connection_becomes_chunks() -> None:
    """Its length is not known when it begins; its end is the connection's end, and only a clean one."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Connection: close"), b"all ")
        client.hears(relayed("200 OK", after=("Transfer-Encoding: chunked",)), chunk(b"all "))
        upstream.answers(b"of it")
        client.hears(chunk(b"of it"))
        upstream.ends()
        client.hears(chunk(b""))
        client.stays_connected()
        upstream.is_abandoned()


def test_trailers_of_an_answer_end_here() -> None:
    """Not forwarded: a Set-Cookie in a trailer would be one that nobody looked at."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(
            response("200 OK", "Transfer-Encoding: chunked", "Trailer: Set-Cookie"),
            chunk(b"hello"),
            b"0\r\nSet-Cookie: a=b\r\n\r\n",
        )
        client.hears(relayed("200 OK", after=("Transfer-Encoding: chunked",)), chunk(b"hello"), chunk(b""))
        upstream.is_kept()


def test_no_route_is_not_found() -> None:
    """APISIX's words."""
    with Conversation(routes=[{"uri": "/a", "upstream": {"nodes": {"10.0.0.1:80": 1}}}]) as talk:
        client = talk.connect()
        client.says(request("GET /b"))
        heard = client.take()
        assert heard.startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert heard.endswith(b'\r\n\r\n{"error_msg":"404 Route Not Found"}\n')
        client.stays_connected()
        assert [] == talk.dialled


def test_a_bad_request_is_refused_and_the_connection_ends() -> None:
    """Reject, never repair; what follows it is not looked at."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", request("GET /next"))
        client.hears_fault(400, "host_repeated")
        client.sees_the_end()
        assert [] == talk.dialled


def test_the_node_hears_its_own_name_where_the_route_says_so() -> None:
    """`pass_host: node` and `rewrite`; the forwarding facts keep what the client said."""
    for settings, host in (
        ({"pass_host": "node"}, "10.0.0.1:8000"),
        ({"pass_host": "rewrite", "upstream_host": "orders.internal"}, "orders.internal"),
        ({"pass_host": "pass"}, HOST),
    ):
        with Conversation(upstream=settings) as talk:
            client = talk.connect()
            client.says(request())
            upstream = talk.line()
            upstream.hears(forwarded(host=host))


def test_a_connection_ends_politely_after_its_last_request() -> None:
    """The last answer says so; what the client sent beyond it is not processed."""
    with Conversation(gateway={"limits": {"requests_per_connection": 2}}) as talk:
        client = talk.connect()
        client.says(request("GET /1"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1"))
        upstream.answers(response(body=b"1"))
        client.hears(relayed(body=b"1"))
        client.says(request("GET /2"), request("GET /3"))
        upstream.hears(forwarded("GET /2"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"2", close=True))
        client.sees_the_end()
        upstream.hears_nothing()


def test_a_line_is_closed_after_its_last_request() -> None:
    """`keepalive_pool.requests`; the next request dials."""
    with Conversation(upstream={"keepalive_pool": {"requests": 1}}) as talk:
        client = talk.connect()
        for _ in range(2):
            client.says(request())
            upstream = talk.line()
            upstream.hears(forwarded())
            upstream.answers(response(body=b"1"))
            client.hears(relayed(body=b"1"))
            upstream.is_abandoned()


def test_a_line_that_nobody_used_for_long_is_closed() -> None:
    """`keepalive_pool.idle_timeout`."""
    with Conversation(upstream={"keepalive_pool": {"idle_timeout": 5}}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"1"))
        client.hears(relayed(body=b"1"))
        talk.pass_time(4.5)
        upstream.is_kept()
        talk.pass_time(2.0)
        upstream.is_abandoned()


def test_a_line_that_the_node_closes_while_idle_is_forgotten() -> None:
    """The next request dials, and nobody notices."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"1"))
        client.hears(relayed(body=b"1"))
        upstream.ends()
        client.says(request())
        other = talk.line()
        other.hears(forwarded())
        other.answers(response(body=b"2"))
        client.hears(relayed(body=b"2"))
