"""Stopping and reloading under way: what has begun is finished, what is new meets the new configuration."""

from tests.fakes.conversation import Conversation
from tests.fakes.messages import forwarded, relayed, replied, request, response
from tests.fakes.scripted_plugins import DENY, Later, ScriptedPlugin

LATER_DATE = "Fri, 15 Jan 2027 08:00:01 GMT"


def test_an_idle_gateway_stops_at_once() -> None:
    """Idle connections are closed on both sides, and no new one is accepted."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
        drained = talk.start_drain()
        talk.pass_time(0.1)
        assert drained.result()
        assert not talk.loop.listeners[0].is_open
        client.sees_the_end()
        upstream.is_abandoned()


def test_an_open_request_is_finished_and_says_farewell() -> None:
    """Its answer begins after the word came: it says `Connection: close`."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        drained = talk.start_drain()
        talk.pass_time(5)
        assert not drained.done()
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok", date="Fri, 15 Jan 2027 08:00:05 GMT", close=True))
        client.sees_the_end()
        client.ends()
        talk.pass_time(0.1)
        assert drained.result()


def test_an_answer_that_had_begun_is_finished_and_does_not_hold_up_the_end() -> None:
    """Its head had promised keep-alive, but the connection ends with it."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Content-Length: 10"), b"01234")
        drained = talk.start_drain()
        upstream.answers(b"56789")
        client.hears(relayed("200 OK", after=("Content-Length: 10",)), b"0123456789")
        client.sees_the_end()
        talk.pass_time(2)
        assert drained.result()


def test_pipelined_requests_are_answered_up_to_the_farewell() -> None:
    """The one that is on its way; those behind it are not started, and the client knows which."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("GET /1"), request("GET /2"))
        talk.start_drain()
        later.settle(DENY)
        talk.work()
        client.hears(replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", close=True))
        client.sees_the_end()
        assert 1 == len(talk.records())


def test_what_does_not_end_in_time_is_cut() -> None:
    """And the gateway says so."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        drained = talk.start_drain(within_s=3.0)
        talk.pass_time(3.5)
        assert drained.done()
        assert not drained.result()
        client.sees_a_break()
        upstream.is_abandoned()
        assert 1 == len(talk.records())


def test_a_connection_in_its_farewell_is_waited_for() -> None:
    """Its answer may still be on the way to the client."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("GET /", "Connection: close"))
        drained = talk.start_drain()
        assert not drained.done()
        client.hears(replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", close=True))
        talk.pass_time(2)
        assert drained.result()


def test_half_a_request_does_not_hold_up_the_end() -> None:
    """It is nobody's loss: it was never answered, and can be sent again."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(b"GET / HTTP/1.1\r\nHo")
        drained = talk.start_drain()
        talk.pass_time(0.1)
        assert drained.result()
        client.sees_the_end()


def test_nothing_ticks_after_the_end() -> None:
    """The loop is empty: the process can end."""
    with Conversation() as talk:
        drained = talk.start_drain()
        talk.pass_time(1)
        assert drained.result()
        ticks = talk.server.coarse_now
        talk.pass_time(10)
        assert ticks == talk.server.coarse_now


def test_a_reload_meets_the_next_request_on_the_same_connections() -> None:
    """Keep-alive goes on, on both sides, where the upstream is the same."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"1"))
        client.hears(relayed(body=b"1"))
        talk.install([{"id": "new", "uri": "/new", "upstream": {"nodes": {"10.0.0.1:8000": 1}}}], prefix="again")
        client.says(request("GET /new"))
        upstream.hears(forwarded("GET /new"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"2"))
        client.says(request("GET /old"))
        assert client.take().startswith(b"HTTP/1.1 404 ")
        assert [("req-1", "shop"), ("again-2", "new"), ("again-3", None)] == [
            (record["id"], record.get("route")) for record in talk.records()
        ]


def test_a_reload_closes_the_lines_that_nobody_names_any_more() -> None:
    """The idle ones now, those in use when they are done."""
    with Conversation() as talk:
        first, second = talk.connect(), talk.connect()
        first.says(request("GET /1"))
        second.says(request("GET /2"))
        one, two = talk.line(), talk.line()
        one.hears(forwarded("GET /1"))
        two.hears(forwarded("GET /2"))
        one.answers(response(body=b"1"))
        first.hears(relayed(body=b"1"))
        talk.install([{"uri": "/*", "upstream": {"nodes": {"10.0.0.2:8000": 1}}}])
        one.is_abandoned()
        two.is_kept()
        two.answers(response(body=b"2"))
        second.hears(relayed(body=b"2"))
        talk.work()
        two.is_abandoned()


def test_a_request_that_is_on_its_way_keeps_its_upstream() -> None:
    """It met the old configuration as a whole, and retries there too."""
    with Conversation() as talk:
        talk.silent = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request())
        talk.install([{"uri": "/*", "upstream": {"nodes": {"10.0.0.2:8000": 1}}}])
        talk.answer_dials()
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"old"))
        client.hears(relayed(body=b"old"))
        talk.work()
        upstream.is_abandoned()
        client.says(request())
        other = talk.line()
        other.hears(forwarded())
        other.answers(response(body=b"new"))
        client.hears(relayed(body=b"new"))
        assert ["10.0.0.1:8000", "10.0.0.2:8000"] == talk.dialled


def test_the_date_moves_on() -> None:
    """Once a second."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        talk.pass_time(1.0)
        client.says(request())
        client.hears(replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", date=LATER_DATE))
