"""One request and its response: judging, forwarding, relaying, ending. The conversations try it among its kind."""

import pytest

from ostiary.errors import OperatorFault
from ostiary.gateway.connection import ClientConnection
from ostiary.gateway.exchange import Exchange
from ostiary.gateway.phases import Phase
from ostiary.http.head import RawHead
from ostiary.plugin import PASS, Admit, Claim, Pending
from tests.fakes.conversation import Client, Conversation, Upstream
from tests.fakes.messages import chunk, forwarded, relayed, replied, request, response
from tests.fakes.scripted_plugins import DENY, Later, ScriptedPlugin, admit

PRIVATE = ("Cache-Control: private",)


def begin(talk: Conversation, sent: bytes) -> tuple[Client, Upstream]:
    """Send a request that is forwarded; what the upstream is told is thrown away."""
    client = talk.connect()
    client.says(sent)
    upstream = talk.line()
    upstream.take()
    return client, upstream


def outcome(talk: Conversation) -> tuple[object, ...]:
    """The last record's status, verdict and reason."""
    record = talk.records()[-1]
    return record["status"], record["verdict"], record["reason"]


# ------------------------------------------------------------------------------------------------------------ judging


def test_a_new_exchange_waits_for_its_turn() -> None:
    """Nothing is judged before `start`; a head that breaks a rule is refused then."""
    with Conversation() as talk:
        client = talk.connect()
        connection = client.transport.protocol
        assert isinstance(connection, ClientConnection)
        exchange = Exchange(connection, RawHead(b"GET", b"/", "1.1", []))
        assert (Phase.DECIDING, 0) == (exchange.phase, exchange.status)
        exchange.start()
        talk.work()
        assert (Phase.DONE, 400) == (exchange.phase, exchange.status)
        client.hears_fault(400, "host_missing")


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "host_repeated"),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "framing_invalid"),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_refused"),
        (b"REPORT / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method_unknown"),
        (request("GET /" + "x" * 9000), 414, "target_too_large"),
        (request("GET /", "A: " + "x" * 9000), 431, "head_too_large"),
        (request("GET /a%2fb"), 400, "target_escape"),
        (request("POST /", "Content-Length: 99999999999"), 413, "body_too_large"),
    ],
)
def test_a_head_that_breaks_a_rule_is_refused(sent: bytes, status: int, reason: str) -> None:
    """And the connection ends."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(sent)
        client.hears_fault(status, reason)
        client.sees_the_end()
        assert (status, "fault", reason) == outcome(talk)


def test_an_encoded_slash_passes_where_the_route_lets_it() -> None:
    """Kept encoded, so that nobody reads two segments into it."""
    with Conversation(route={"allow_encoded_slash": True}) as talk:
        client = talk.connect()
        client.says(request("GET /a%2fb"))
        upstream = talk.line()
        assert upstream.take().upper().startswith(b"GET /A%2FB ")


def test_no_route_no_upstream_no_node() -> None:
    """404, 404 for a claimed path that passes, 503."""
    plugin = ScriptedPlugin(PASS, claims=(Claim("/callback", "callback"),))
    routes = [
        {"uri": "/a", "plugins": {"guard": {}}, "upstream": {"nodes": {"10.0.0.1:80": 1}}},
        {"uri": "/none", "upstream": {"nodes": {"10.0.0.1:80": 0}}},
    ]
    with Conversation({"guard": plugin}, routes=routes) as talk:
        client = talk.connect()
        for target, expected in (
            ("/b", (404, "reply", "no_route")),
            ("/callback", (404, "reply", "no_route")),
            ("/none", (503, "fault", "upstream_none")),
        ):
            client.says(request(f"GET {target}"))
            client.take()
            assert expected == outcome(talk)


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        (ScriptedPlugin(DENY, authenticates=True), (403, "reply", "not_for_you")),
        (ScriptedPlugin(PASS, authenticates=True), (401, "reply", "nobody_admitted")),
        (ScriptedPlugin(PASS), (204, "pass", "")),
        (ScriptedPlugin(admit(), authenticates=True), (204, "admit", "alice_known")),
        (ScriptedPlugin(Admit(None, reason="exempt"), authenticates=True), (204, "admit", "exempt")),
    ],
)
def test_verdicts_decide(plugin: ScriptedPlugin, expected: tuple[object, ...]) -> None:
    """Reply, nobody, through without anybody, through with somebody, through anonymously."""
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request())
        if talk.dialled:
            upstream = talk.line()
            upstream.take()
            upstream.answers(response("204 No Content"))
        client.take()
        assert expected == outcome(talk)


def test_an_error_in_a_plugin_denies() -> None:
    """Also one that is no fault of ours."""
    with Conversation({"guard": ScriptedPlugin(lambda *_: 1 / 0, authenticates=True)}) as talk:  # type: ignore[arg-type]
        client = talk.connect()
        client.says(request())
        client.hears_fault(503, "internal_error", close=False)
        assert [] == talk.dialled


def test_a_fault_in_a_plugin_is_its_answer() -> None:
    """503, with the fault's own code."""

    def fail(*_: object) -> Pending:
        raise OperatorFault("keys_missing")

    with Conversation({"guard": ScriptedPlugin(fail, authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request())
        client.hears_fault(503, "keys_missing", close=False)


def test_a_body_that_a_verdict_wants_is_collected_piece_by_piece() -> None:
    """And forwarded when it may."""
    later = Later(body_limit_bytes=10)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 5"))
        client.says(b"hel")
        client.says(b"lo")
        assert [b"hello"] == later.bodies
        later.settle(PASS)
        talk.work()
        talk.line().hears(forwarded("POST /", body=b"hello"))


@pytest.mark.parametrize("is_late", [True, False])
def test_what_settles_goes_on_unless_the_client_left(is_late: bool) -> None:
    """`resume` on an exchange that is over does nothing."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending, authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request())
        if is_late:
            client.breaks_off()
        later.settle(DENY)
        talk.work()
        assert (499 if is_late else 403) == talk.records()[-1]["status"]
        client.take()


# --------------------------------------------------------------------------------------------------------- forwarding


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_is_passed_on_as_it_comes(chunked: bool) -> None:
    """In the client's framing."""
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 6"
    with Conversation() as talk:
        client, upstream = begin(talk, request("POST /", framing))
        for piece in (b"abc", b"def"):
            client.says(chunk(piece) if chunked else piece)
            upstream.hears(chunk(piece) if chunked else piece)
        if chunked:
            client.says(chunk(b""))
            upstream.hears(chunk(b""))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
        assert 6 == talk.records()[-1]["received_bytes"]


def test_a_body_larger_than_allowed_ends_it() -> None:
    """When the sum passes the limit."""
    with Conversation(gateway={"limits": {"body_bytes": 5}}) as talk:
        client, upstream = begin(talk, request("POST /", "Transfer-Encoding: chunked"))
        client.says(chunk(b"abc"), chunk(b"def"))
        client.hears_fault(413, "body_too_large")
        upstream.is_abandoned()


def test_permission_is_given_when_the_request_is_on_its_way() -> None:
    """And not to a client that did not wait."""
    with Conversation() as talk:
        client, upstream = begin(talk, request("POST /", "Expect: 100-continue", "Content-Length: 5"))
        client.hears(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.says(b"hello")
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
        client.says(request("POST /", "Expect: 100-continue", body=b"hello"))
        client.hears_nothing()
        upstream.take()


def test_an_upstream_that_is_full_stops_the_body() -> None:
    """And goes on."""
    with Conversation() as talk:
        client, upstream = begin(talk, request("POST /", "Content-Length: 300000"))
        upstream.stops_reading()
        client.says(b"x" * 300_000)
        assert not client.is_read()
        upstream.reads_on()
        assert client.is_read()
        upstream.hears(b"x" * 300_000)


def test_an_upstream_that_takes_a_whole_body_late_has_its_time_anew() -> None:
    """`timeout.read`, from when it took the body."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 20, "read": 40}}) as talk:
        client, upstream = begin(talk, request("POST /", "Content-Length: 66000"))
        upstream.stops_reading()
        client.says(b"x" * 66_000)
        talk.pass_time(10)
        upstream.reads_on()
        talk.pass_time(39)
        client.hears_nothing()
        talk.pass_time(2)
        client.hears_fault(504, "upstream_timeout", close=False)
        upstream.take()


# ----------------------------------------------------------------------------------------------------------- relaying


@pytest.mark.parametrize(
    ("version", "said", "heard", "closes"),
    [
        ("1.1", [response(body=b"hello")], [relayed(body=b"hello")], False),
        (
            "1.1",
            [response("200 OK", "Transfer-Encoding: chunked"), chunk(b"a"), chunk(b"")],
            [relayed("200 OK", after=("Transfer-Encoding: chunked",)), chunk(b"a"), chunk(b"")],
            False,
        ),
        (
            "1.0",
            [response("200 OK", "Transfer-Encoding: chunked"), chunk(b"a"), chunk(b"")],
            [relayed("200 OK", close=True), b"a", b""],
            True,
        ),
        ("1.1", [response("204 No Content")], [relayed("204 No Content")], False),
    ],
)
def test_a_response_is_relayed_as_it_comes(version: str, said: list[bytes], heard: list[bytes], closes: bool) -> None:
    """In the framing that the client understands."""
    with Conversation() as talk:
        client, upstream = begin(talk, request(version=version))
        for spoken, expected in zip(said, heard, strict=True):
            upstream.answers(spoken)
            client.hears(expected)
        assert ("half-closed" if closes else "open") == client.transport.fate


def test_a_response_that_arrives_for_nobody_is_dropped() -> None:
    """The exchange is over: the upstream's words change nothing."""
    with Conversation() as talk:
        client, upstream = begin(talk, request())
        exchange = client.transport.protocol._active  # type: ignore[attr-defined]
        upstream.answers(response(body=b"hello"))
        client.hears(relayed(body=b"hello"))
        exchange.response_arrived(None, [b"late"], complete=True)
        exchange.client_gone()
        exchange.fail(OperatorFault("late"))
        exchange.body_arrived()
        talk.work()
        client.hears_nothing()
        client.stays_connected()
        assert 1 == len(talk.records())


def test_a_client_that_reads_slowly_stops_the_upstream() -> None:
    """Until it has read; when the response is over there is nobody to stop."""
    with Conversation() as talk:
        client, upstream = begin(talk, request())
        client.stops_reading()
        upstream.answers(response("200 OK", "Content-Length: 200000"), b"x" * 100_000)
        assert not upstream.is_read()
        client.reads_on()
        assert upstream.is_read()
        client.stops_reading()
        upstream.answers(b"x" * 100_000)
        assert upstream.is_read()
        client.reads_on()
        client.hears(relayed("200 OK", after=("Content-Length: 200000",)), b"x" * 200_000)


# ------------------------------------------------------------------------------------------------------------- ending


@pytest.mark.parametrize(("method", "is_retried"), [("GET", True), ("POST", False)])
def test_a_stale_line_is_replaced_where_that_is_safe(method: str, is_retried: bool) -> None:
    """Once, for idempotent requests without a body."""
    with Conversation() as talk:
        client, stale = begin(talk, request())
        stale.answers(response(body=b"1"))
        client.hears(relayed(body=b"1"))
        client.says(request(f"{method} /"))
        stale.take()
        stale.ends()
        if is_retried:
            fresh = talk.line()
            fresh.take()
            fresh.answers(response(body=b"2"))
            client.hears(relayed(body=b"2"))
        else:
            client.hears_fault(502, "upstream_lost", close=False)


def test_a_response_that_breaks_off_is_cut() -> None:
    """Recorded as such."""
    with Conversation() as talk:
        client, upstream = begin(talk, request())
        upstream.answers(response("200 OK", "Content-Length: 10"), b"hello")
        upstream.breaks_off()
        client.sees_a_break()
        client.take()
        assert (200, "fault", "upstream_lost") == outcome(talk)
        assert talk.records()[-1]["cut"]


def test_an_upstream_that_says_nothing_is_given_up() -> None:
    """504."""
    with Conversation(upstream={"timeout": {"connect": 1, "send": 1, "read": 3}}) as talk:
        client, upstream = begin(talk, request())
        talk.pass_time(4)
        client.hears_fault(504, "upstream_timeout", close=False)
        upstream.is_abandoned()


def test_a_reply_keeps_the_connection_where_nothing_speaks_against_it() -> None:
    """The body is here, the client would go on, it is not the last one."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        for sent, close in (
            (request(), False),
            (request("POST /", body=b"hello"), False),
            (request("POST /", "Content-Length: 5"), True),
            (request("GET /", "Connection: close"), True),
            (request("GET /", "Connection: keep-alive", version="1.0"), True),
        ):
            client = talk.connect()
            client.says(sent)
            client.hears(replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", close=close))


def test_a_fault_is_a_page_for_who_asks_for_one() -> None:
    """By `Accept`."""
    with Conversation() as talk:
        talk.refusing = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request("GET /", "Accept: text/html"))
        assert b"<!DOCTYPE html>" in client.take()


def test_a_client_that_leaves_is_recorded() -> None:
    """With the status that it had been told, or 499."""
    with Conversation() as talk:
        client, upstream = begin(talk, request())
        client.breaks_off()
        upstream.is_abandoned()
        assert (499, "open", "client_gone") == outcome(talk)


def test_edits_and_cookies_reach_both_sides() -> None:
    """The route's plugin speaks to the upstream and to the client."""
    with Conversation({"guard": ScriptedPlugin(admit(set_cookies=("a=1",)), authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"ok"))
        client.hears(relayed("200 OK", after=("Set-Cookie: a=1", "Cache-Control: no-store"), body=b"ok"))
