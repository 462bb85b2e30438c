"""One client connection: feeding, order, deadlines, farewells. What a request means is the exchange's business."""

import pytest

from ostiary.gateway.connection import LINGER_S, REST_BYTES, WRITE_BUFFER_BYTES
from tests.fakes.conversation import Client, Conversation
from tests.fakes.messages import relayed, replied, request, response
from tests.fakes.scripted_plugins import DENY, Later, ScriptedPlugin

DENIED = replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n")
FAREWELL = replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", close=True)
BIG = b"x" * (WRITE_BUFFER_BYTES + 1)
TICK_S = 0.5


def denying(**settings: object) -> Conversation:
    """A gateway that answers everything at once."""
    return Conversation({"guard": ScriptedPlugin(DENY)}, gateway=settings)


def answer_big(talk: Conversation, client: Client, *fields: str) -> None:
    """Let the client ask and take nothing of a large answer."""
    client.says(request("GET /", *fields))
    upstream = talk.line()
    upstream.take()
    client.stops_reading()
    upstream.answers(response(body=BIG))


# ---------------------------------------------------------------------------------------------------------- beginning


def test_a_connection_is_judged_once() -> None:
    """By the peer's address, and the port that it came to."""
    with Conversation(gateway={"trusted_proxies": ["192.0.2.0/24"]}) as talk:
        client = talk.connect("192.0.2.7")
        connection = client.transport.protocol
        assert ("192.0.2.7", True, "http", 9080) == (
            connection.arrival.peer,  # type: ignore[attr-defined]
            connection.arrival.trusted,  # type: ignore[attr-defined]
            connection.arrival.scheme,  # type: ignore[attr-defined]
            connection.listen_port,  # type: ignore[attr-defined]
        )


def test_a_peer_without_an_address_is_trusted_by_nobody() -> None:
    """A socket that names none."""
    with Conversation(gateway={"trusted_proxies": ["0.0.0.0/32", "192.0.2.0/24"]}) as talk:
        client = talk.connect("192.0.2.7")
        client.transport._extra.update(peername="", sockname="")  # type: ignore[attr-defined]
        protocol = talk.loop.listeners[0].factory()
        protocol.connection_made(client.transport)
        assert ("0.0.0.0", 0) == (protocol.arrival.peer, protocol.listen_port)  # type: ignore[attr-defined]


def test_one_connection_more_than_there_may_be_is_closed() -> None:
    """At once; when another has left there is room again."""
    with denying(limits={"connections": 2}) as talk:
        first, second, third = talk.connect(), talk.connect(), talk.connect()
        assert ["open", "open", "aborted"] == [client.transport.fate for client in (first, second, third)]
        first.breaks_off()
        talk.connect().stays_connected()


@pytest.mark.parametrize("trusted", [["192.0.2.0/24"], []])
def test_a_reload_judges_the_peer_again(trusted: list[str]) -> None:
    """Whose forwarding headers count may have changed; a header section that repeats itself is read anew."""
    fields = ("X-Forwarded-For: 203.0.113.9",)
    with denying(trusted_proxies=[] if trusted else ["192.0.2.0/24"]) as talk:
        client = talk.connect()
        client.says(request("GET /", *fields))
        talk.gateway = {"trusted_proxies": trusted}
        talk.install([{"uri": "/*", "plugins": {"guard": {}}, "upstream": {"nodes": {"10.0.0.1:80": 1}}}])
        client.says(request("GET /", *fields))
        client.hears(DENIED * 2)
        seen = ["192.0.2.7", "203.0.113.9"] if trusted else ["203.0.113.9", "192.0.2.7"]
        assert seen == [record["client"] for record in talk.records()]


# ------------------------------------------------------------------------------------------------------------ feeding


def test_what_cannot_be_taken_waits_and_then_reading_stops() -> None:
    """Until the active exchange is done."""
    later = Later()
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.path == "/slow" else DENY)
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request("GET /slow"))
        tiny = b"GET / HTTP/1.1\r\nHost:a\r\n\r\n"
        client.says(tiny * (REST_BYTES // len(tiny)))
        assert client.is_read()
        client.says(tiny)
        assert not client.is_read()
        client.says(tiny)
        later.settle(DENY)
        talk.work()
        assert client.is_read()
        heard = client.take()
        assert heard.count(b"HTTP/1.1 403 ") == min(1000, REST_BYTES // len(tiny) + 3)


def test_a_refusal_ends_feeding() -> None:
    """What follows in the same read, and in the next, is not parsed."""
    with denying() as talk:
        client = talk.connect()
        client.says(b"\x00\r\n\r\n" + request() * 500)
        client.hears_fault(400, "framing_invalid")
        client.says(request())
        client.hears_nothing()
        assert 1 == len(talk.records())


def test_a_refusal_behind_an_open_request_waits_for_it() -> None:
    """And nothing behind the refusal is started."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request(), b"\x00\r\n\r\n", request())
        client.hears_nothing()
        later.settle(DENY)
        talk.work()
        heard = client.take()
        assert heard.startswith(DENIED + b"HTTP/1.1 400 ")
        assert heard.count(b"HTTP/1.1 ") == 2
        client.sees_the_end()


def test_an_upstream_that_reads_nothing_stops_the_client() -> None:
    """And when it stays so, the request is given up in its time."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 3, "read": 60}}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 400000"))
        upstream = talk.line()
        upstream.take()
        upstream.stops_reading()
        client.says(b"x" * 200_000)
        assert not client.is_read()
        upstream.reads(190_000)
        assert client.is_read()
        client.says(b"x" * 199_999)
        assert not client.is_read()
        talk.pass_time(3 + TICK_S)
        client.hears_fault(504, "upstream_timeout")
        upstream.take()


def test_a_declined_upgrade_is_fed_again() -> None:
    """Its body, and what follows it."""
    with denying() as talk:
        client = talk.connect()
        upgrade = ("Upgrade: h2c", "Connection: Upgrade")
        client.says(request("POST /", *upgrade, body=b"hello"), request("GET /", *upgrade), request())
        client.hears(FAREWELL)


def test_a_body_that_is_wanted_is_asked_for_and_has_its_pace() -> None:
    """By the verdict; once it is there it has no pace any more."""
    later = Later(body_limit_bytes=10)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Expect: 100-continue", "Content-Length: 5"))
        client.hears(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.says(b"hello")
        talk.pass_time(20)
        later.settle(DENY)
        talk.work()
        client.hears(DENIED.replace(b"08:00:00", b"08:00:20"))
        client.says(request("POST /", "Content-Length: 5"))
        talk.pass_time(15 + TICK_S)
        client.hears_fault(408, "body_too_slow")


def test_a_refusal_of_a_body_ends_its_own_request() -> None:
    """The one that is being forwarded."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", "Transfer-Encoding: chunked"))
        upstream = talk.line()
        upstream.take()
        client.says(b"zz\r\n")
        client.hears_fault(400, "framing_invalid")
        upstream.is_abandoned()


def test_requests_that_are_answered_at_once_do_not_pile_up() -> None:
    """A thousand of them in one read, behind one that was not."""
    later = Later()
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.path == "/slow" else DENY)
    with Conversation({"guard": plugin}, gateway={"limits": {"requests_per_connection": 5000}}) as talk:
        client = talk.connect()
        client.says(request("GET /slow"), b"GET / HTTP/1.1\r\nHost:a\r\n\r\n" * 1000)
        later.settle(DENY)
        talk.work()
        client.hears(DENIED * 1001)


def test_the_last_request_says_so() -> None:
    """`requests_per_connection`."""
    with denying(limits={"requests_per_connection": 2}) as talk:
        client = talk.connect()
        client.says(request() * 3)
        client.hears(DENIED, FAREWELL)
        client.sees_the_end()


# ---------------------------------------------------------------------------------------------------------- deadlines


@pytest.mark.parametrize(
    ("said", "after_s", "fate", "status"),
    [
        ([], 10, "closed", None),
        ([b"GET / HT"], 10, "half-closed", 408),
        ([request()], 60, "closed", 403),
        ([request(), b"GET / HT"], 10, "half-closed", 403),
    ],
)
def test_silence_has_its_time(said: list[bytes], after_s: int, fate: str, status: int | None) -> None:
    """Before the first byte, within a head, between requests."""
    with denying() as talk:
        client = talk.connect()
        for piece in said:
            client.says(piece)
        talk.pass_time(after_s - TICK_S)
        client.stays_connected()
        talk.pass_time(2 * TICK_S)
        assert fate == client.transport.fate
        heard = client.take()
        assert heard.startswith(b"HTTP/1.1 %d " % status) if status else heard == b""


def test_a_body_has_its_pace() -> None:
    """Every window anew."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 100000"))
        upstream = talk.line()
        for _ in range(3):
            client.says(b"x" * 7500)
            talk.pass_time(15)
        client.stays_connected()
        talk.pass_time(15 + TICK_S)
        client.hears_fault(408, "body_too_slow")
        upstream.take()


def test_a_reader_has_its_time_and_every_byte_renews_it() -> None:
    """`send_s`."""
    with Conversation() as talk:
        client = talk.connect()
        answer_big(talk, client)
        for _ in range(3):
            talk.pass_time(25)
            client.reads(1)
        assert not client.is_gone()
        talk.pass_time(61)
        assert client.is_gone()
        client.take()


def test_a_reader_that_catches_up_is_asked_for_the_next_request() -> None:
    """The connection is as new."""
    with Conversation() as talk:
        client = talk.connect()
        answer_big(talk, client)
        talk.pass_time(20)
        client.reads_on()
        client.hears(relayed(body=BIG))
        talk.pass_time(59)
        client.stays_connected()
        talk.pass_time(1 + TICK_S)
        client.sees_the_end()


def test_a_slow_reader_of_an_answer_to_a_body_that_still_comes_is_watched_for_its_body() -> None:
    """It reads again: now its body has to come."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 100000"))
        upstream = talk.line()
        client.stops_reading()
        upstream.answers(response("200 OK", "Content-Length: 100000"), BIG)
        client.reads_on()
        talk.pass_time(15 + TICK_S)
        client.sees_a_break()
        upstream.take()
        client.take()


# ---------------------------------------------------------------------------------------------------------- farewells


def test_a_farewell_lasts_a_moment() -> None:
    """What comes meanwhile is read and dropped."""
    with denying() as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 200000"))
        client.hears(FAREWELL)
        client.says(b"x" * 100_000)
        assert client.is_read()
        talk.pass_time(LINGER_S + TICK_S)
        assert client.is_gone()


def test_a_farewell_waits_for_a_slow_reader() -> None:
    """As long as it takes some, and then a moment."""
    with Conversation() as talk:
        client = talk.connect()
        answer_big(talk, client, "Connection: close")
        for _ in range(4):
            talk.pass_time(20)
            client.reads(10_000)
        assert not client.is_gone()
        client.reads_on()
        client.hears(relayed(body=BIG, close=True))
        talk.pass_time(35)
        assert client.is_gone()


def test_a_paused_client_is_read_again_for_its_farewell() -> None:
    """Its bytes must not turn the farewell into a reset."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 500000"))
        client.says(b"x" * (REST_BYTES + 1))
        assert not client.is_read()
        later.settle(DENY)
        talk.work()
        client.hears(FAREWELL)
        assert client.is_read()


def test_where_one_direction_cannot_end_alone_both_do() -> None:
    """A transport that knows no half-close."""
    with denying() as talk:
        client = talk.connect()
        client.transport.can_write_eof = lambda: False  # type: ignore[method-assign]
        client.says(request("GET /", "Connection: close"))
        client.hears(FAREWELL)
        assert "closed" == client.transport.fate


def test_nothing_is_written_to_who_is_gone() -> None:
    """The exchange learns of it in the next turn of the loop."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request())
        later.settle(DENY)
        client.transport.abort()
        talk.work()
        client.hears_nothing()


def test_an_end_during_an_answer_is_no_farewell_before_it_is_given() -> None:
    """The client ended its direction, twice as far as the loop can tell; it gets its answer."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.take()
        client.ends()
        client.ends()
        upstream.answers(response("200 OK", "Content-Length: 2"), b"o")
        talk.pass_time(3)
        upstream.answers(b"k")
        client.hears(relayed("200 OK", after=("Content-Length: 2",)), b"ok")
        client.sees_the_end()
        talk.pass_time(3)
        assert client.is_gone()


@pytest.mark.parametrize("said", [b"", request(), b"GET / HT", request("POST /", "Content-Length: 5") + b"he"])
def test_a_client_that_ends_without_anything_left_to_answer_is_gone(said: bytes) -> None:
    """Nothing was asked, everything was answered, or what was asked will never be whole."""
    later = Later(body_limit_bytes=10)
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.method == "POST" else DENY)
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(said)
        client.take()
        client.ends()
        assert client.is_gone()
        assert [] == later.bodies


def test_a_client_that_ended_and_is_told_nothing_is_gone_in_a_second() -> None:
    """It may have left; its pending request is given up."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request(), request())
        client.ends()
        talk.pass_time(LINGER_S - 0.1)
        assert not client.is_gone()
        talk.pass_time(0.2)
        assert client.is_gone()
        assert ["client_gone"] == [record["reason"] for record in talk.records()]


def test_draining_closes_who_is_idle_and_lets_the_others_finish() -> None:
    """A farewell on its way counts as finishing."""
    later = Later()
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.path == "/slow" else DENY)
    with Conversation({"guard": plugin}) as talk:
        idle, busy, leaving = talk.connect(), talk.connect(), talk.connect()
        busy.says(request("GET /slow"))
        leaving.says(request("GET /", "Connection: close"))
        leaving.hears(FAREWELL)
        drained = talk.start_drain()
        assert ["closed", "open", "half-closed"] == [client.transport.fate for client in (idle, busy, leaving)]
        later.settle(DENY)
        talk.work()
        busy.hears(FAREWELL)
        talk.pass_time(2)
        assert drained.result()


def test_a_cut_is_a_reset() -> None:
    """The system is told not to linger."""
    told: list[tuple[object, ...]] = []

    class Socket:
        """What a transport knows of its socket."""

        def setsockopt(self, *option: object) -> None:
            """Remember."""
            told.append(option)

    with Conversation() as talk:
        client = talk.connect()
        client.transport._extra["socket"] = Socket()  # type: ignore[attr-defined]
        client.says(request())
        upstream = talk.line()
        upstream.take()
        upstream.answers(response("200 OK", "Content-Length: 9"))
        client.take()
        upstream.ends()
        client.sees_a_break()
    assert 1 == len(told)
