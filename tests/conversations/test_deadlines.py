"""Everything that somebody waits for has its time: heads, bodies, upstreams, readers, idle connections."""

import pytest

from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, relayed, request, response
from tests.fakes.scripted_plugins import DENY, Later, ScriptedPlugin, admit

TICK_S = 0.5  # a deadline is noticed by the next tick


def test_a_client_that_never_speaks_is_let_go() -> None:
    """It has the time of a head for its first byte; nothing is said to it."""
    with Conversation(gateway={"timeouts": {"header_s": 10}}) as talk:
        client = talk.connect()
        talk.pass_time(9.5)
        client.stays_connected()
        talk.pass_time(0.5 + TICK_S)
        client.sees_the_end()


def test_a_connection_nobody_uses_is_closed() -> None:
    """Between requests, `idle_s` after the last one."""
    with Conversation(gateway={"timeouts": {"idle_s": 60}}) as talk:
        client = talk.connect()
        client.says(request("GET /", "Accept: text/plain"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /", "Accept: text/plain"))
        talk.pass_time(30)
        upstream.answers(response(body=b"ok"))
        client.take()
        talk.pass_time(59)
        client.stays_connected()
        talk.pass_time(1 + TICK_S)
        client.sees_the_end()


def test_an_idle_connection_whose_last_answer_was_never_read_is_broken_off() -> None:
    """Closing politely would wait for the client for ever."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.stops_reading()
        client.says(request())
        talk.pass_time(61)
        assert client.is_gone()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_head_has_its_time_as_a_whole(is_first: bool) -> None:
    """A byte now and then does not extend it: 408."""
    with Conversation({"guard": ScriptedPlugin(DENY)}, gateway={"timeouts": {"header_s": 10}}) as talk:
        client = talk.connect()
        if not is_first:
            client.says(request())
            client.take()
            talk.pass_time(30)
        client.says(b"GET / HTTP/1.1\r\n")
        for number in range(3):
            talk.pass_time(3)
            client.says(b"X-%d: 1\r\n" % number)
            client.hears_nothing()
        talk.pass_time(1 + TICK_S)
        client.hears_fault(408, "head_too_slow")
        client.sees_the_end()


def test_a_head_that_is_slow_behind_a_quick_one_has_its_time_too() -> None:
    """The first request's end and the second's beginning came together."""
    with Conversation({"guard": ScriptedPlugin(DENY)}, gateway={"timeouts": {"header_s": 10}}) as talk:
        client = talk.connect()
        client.says(request(), b"GET / HTTP/1.1\r\n")
        client.take()
        talk.pass_time(10 + TICK_S)
        client.hears_fault(408, "head_too_slow")


def test_empty_lines_for_ever_are_no_head() -> None:
    """CRLF before a request line is skipped, but not without end."""
    with Conversation(gateway={"timeouts": {"header_s": 10}}) as talk:
        client = talk.connect()
        for _ in range(10):
            client.says(b"\r\n")
            talk.pass_time(1)
        talk.pass_time(TICK_S)
        client.hears_fault(408, "head_too_slow")
        client.sees_the_end()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_comes_too_slowly_is_given_up(chunked: bool) -> None:
    """Less than the rate over a window: 408, and the upstream's request is aborted."""
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 100000"
    timeouts = {"body_min_rate_bytes_s": 500, "body_window_s": 15}
    with Conversation(gateway={"timeouts": timeouts}) as talk:
        client = talk.connect()
        client.says(request("POST /", framing))
        upstream = talk.line()
        for _ in range(15):
            client.says(chunk(b"x" * 499) if chunked else b"x" * 499)
            talk.pass_time(1)
        talk.pass_time(TICK_S)
        client.hears_fault(408, "body_too_slow")
        client.sees_the_end()
        upstream.is_abandoned()
        upstream.take()


def test_a_body_at_the_rate_goes_on_for_as_long_as_it_likes() -> None:
    """Window by window."""
    timeouts = {"body_min_rate_bytes_s": 500, "body_window_s": 15}
    with Conversation(gateway={"timeouts": timeouts}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 100000"))
        upstream = talk.line()
        for _ in range(20):
            client.says(b"x" * 5000)
            talk.pass_time(7)
        upstream.hears(forwarded("POST /", framing=("Content-Length: 100000",)), b"x" * 100_000)
        upstream.answers(response("204 No Content"))
        assert client.take().startswith(b"HTTP/1.1 204 ")


def test_an_upstream_that_is_silent_is_given_up() -> None:
    """`timeout.read`: 504, and the line is closed."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 2, "read": 5}}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        talk.pass_time(4.5)
        client.hears_nothing()
        talk.pass_time(0.5 + TICK_S)
        client.hears_fault(504, "upstream_timeout", close=False)
        client.stays_connected()
        upstream.is_abandoned()
        assert (504, "upstream_timeout") == (talk.records()[0]["status"], talk.records()[0]["reason"])


def test_an_upstream_that_falls_silent_within_its_answer_is_given_up() -> None:
    """Every piece renews its time; the client sees the break."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 2, "read": 5}}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Content-Length: 100"))
        for _ in range(4):
            talk.pass_time(4)
            upstream.answers(b"hello")
            client.stays_connected()
        client.hears(relayed("200 OK", after=("Content-Length: 100",)), b"hello" * 4)
        talk.pass_time(5 + TICK_S)
        client.sees_a_break()
        upstream.is_abandoned()


def test_an_upstream_that_does_not_take_the_body_is_given_up() -> None:
    """`timeout.send`: 504; it is not the client who is slow."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 4, "read": 60}}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 200000"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 200000",)))
        upstream.stops_reading()
        client.says(b"x" * 100_000)
        client.says(b"x" * 100_000)
        talk.pass_time(4 + TICK_S)
        client.hears_fault(504, "upstream_timeout")
        upstream.is_abandoned()


def test_an_upstream_that_takes_the_body_again_has_its_time_anew() -> None:
    """Every time it takes some."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 4, "read": 60}}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 200000"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 200000",)))
        upstream.stops_reading()
        client.says(b"x" * 200_000)
        for _ in range(3):
            talk.pass_time(3)
            upstream.reads(60_000)
            client.hears_nothing()
        upstream.reads_on()
        upstream.hears(b"x" * 200_000)
        upstream.answers(response("204 No Content"))
        assert client.take().startswith(b"HTTP/1.1 204 ")


def test_a_body_that_waits_with_us_has_to_be_taken_even_when_it_is_whole() -> None:
    """Its last bytes stuck with an upstream that reads nothing: 504 after `timeout.read` at the latest."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 4, "read": 6}}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 66000"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 66000",)))
        upstream.stops_reading()
        client.says(b"x" * 66_000)
        talk.pass_time(6 + TICK_S)
        client.hears_fault(504, "upstream_timeout", close=False)
        upstream.is_abandoned()


def test_an_upstream_that_took_a_whole_body_late_still_has_its_time_to_answer() -> None:
    """The body is not the client's any more: nobody waits for further bytes of it."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 20, "read": 40}}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 66000"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 66000",)))
        upstream.stops_reading()
        client.says(b"x" * 66_000)
        talk.pass_time(10)
        upstream.reads_on()
        upstream.hears(b"x" * 66_000)
        talk.pass_time(39)
        client.hears_nothing()
        talk.pass_time(1 + TICK_S)
        client.hears_fault(504, "upstream_timeout", close=False)


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_client_that_takes_nothing_of_its_answer_is_given_up(is_whole: bool) -> None:
    """`send_s`; whether or not the upstream has more of it."""
    big = b"x" * 100_000
    with Conversation(gateway={"timeouts": {"send_s": 30}}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        client.stops_reading()
        upstream.answers(response(body=big) if is_whole else response("200 OK", "Content-Length: 200000") + big)
        talk.pass_time(29)
        client.stays_connected()
        talk.pass_time(1 + TICK_S)
        assert client.is_gone()
        if is_whole:
            upstream.is_kept()
        else:
            upstream.is_abandoned()


@pytest.mark.parametrize("closes", [True, False])
def test_a_client_that_takes_its_answer_slowly_gets_all_of_it(closes: bool) -> None:
    """It takes some within each `send_s`: that is slow, not dead, and a farewell does not hurry it."""
    big = b"x" * 200_000
    with Conversation(gateway={"timeouts": {"send_s": 30}}) as talk:
        client = talk.connect()
        client.says(request("GET /", *(["Connection: close"] if closes else [])))
        upstream = talk.line()
        upstream.hears(forwarded())
        client.stops_reading()
        upstream.answers(response(body=big))
        for _ in range(9):
            talk.pass_time(20)
            client.reads(20_000)
            assert not client.is_gone()
        client.reads_on()
        client.hears(relayed(body=big, close=closes))
        client.sees_the_end() if closes else client.stays_connected()


def test_a_client_that_takes_nothing_of_its_last_answer_is_given_up() -> None:
    """The connection is ending, but the answer still waits: `send_s`, and not for ever."""
    with Conversation(gateway={"timeouts": {"send_s": 30}}) as talk:
        client = talk.connect()
        client.says(request("GET /", "Connection: close"))
        upstream = talk.line()
        upstream.hears(forwarded())
        client.stops_reading()
        upstream.answers(response(body=b"x" * 50_000))
        talk.pass_time(25)
        assert not client.is_gone()
        talk.pass_time(10)
        assert client.is_gone()


def test_a_farewell_is_short_for_who_has_read_everything() -> None:
    """What still comes is thrown away for a second, so that no reset overtakes the answer."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("GET /", "Connection: close"))
        client.take()
        client.sees_the_end()
        client.says(b"x" * 100_000)
        assert client.is_read()
        talk.pass_time(1 + TICK_S)
        assert client.is_gone()


def test_a_client_that_ends_during_the_farewell_is_gone() -> None:
    """Both directions are closed: nothing is left to wait for."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("GET /", "Connection: close"))
        client.take()
        client.ends()
        assert client.is_gone()


def test_a_pending_verdict_has_the_time_that_it_takes() -> None:
    """Its own limits are its own business: the client waits, and is not told that its body was slow."""
    later = Later(body_limit_bytes=100)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 5"))
        client.says(b"hello")
        talk.pass_time(50)
        client.hears_nothing()
        later.settle(DENY)
        talk.work()
        assert client.take().startswith(b"HTTP/1.1 403 ")
        client.stays_connected()


def test_a_dialling_has_its_own_time_after_a_body_was_read() -> None:
    """Not the body's: that is here."""
    later = Later(body_limit_bytes=100)
    timeouts = {"connect": 40, "send": 1, "read": 1}
    with Conversation({"guard": ScriptedPlugin(later.pending)}, upstream={"timeout": timeouts}) as talk:
        talk.silent = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 5"))
        client.says(b"hello")
        later.settle(admit())
        talk.pass_time(35)
        client.hears_nothing()
        talk.pass_time(6)
        client.hears_fault(504, "upstream_timeout", close=False)


def test_a_body_that_a_verdict_waits_for_has_its_pace() -> None:
    """408: nobody holds a login open with half a form."""
    later = Later(body_limit_bytes=100)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 100"), b"hello")
        talk.pass_time(15 + TICK_S)
        client.hears_fault(408, "body_too_slow")
        assert [] == later.bodies


def test_a_slow_upstream_is_not_the_slow_client() -> None:
    """While the client reads nothing nobody blames the upstream; afterwards the upstream has its time anew."""
    with Conversation(
        gateway={"timeouts": {"send_s": 30}}, upstream={"timeout": {"connect": 1, "send": 1, "read": 5}}
    ) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        client.stops_reading()
        upstream.answers(response("200 OK", "Content-Length: 100005"), b"x" * 100_000)
        talk.pass_time(20)
        client.reads_on()
        talk.pass_time(4)
        upstream.answers(b"hello")
        assert client.take().endswith(b"xhello")
        client.stays_connected()
