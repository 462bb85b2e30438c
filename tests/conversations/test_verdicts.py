"""What plugins decide, and what becomes of it on both sides: every kind of verdict, every kind of failure."""

import pytest

from ostiary.errors import ClientFault, OperatorFault, ProviderFault, UpstreamFault
from ostiary.http.request import Request
from ostiary.plugin import PASS, Admit, Claim, Pending, Principal, Reply, Settled, Verdict, edit_request
from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, relayed, replied, request, response
from tests.fakes.scripted_plugins import ALICE, BOB, DENY, Later, ScriptedPlugin, admit

DENIED = replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n")
PRIVATE = ("Cache-Control: private",)
NOBODY = b'{"error":"unauthenticated","message":"This route requires somebody to be signed in or a valid token."}\n'


def fail_with(error: Exception) -> ScriptedPlugin:
    """A plugin that breaks."""

    def decide(request: Request, principal: Principal | None, now: float) -> Verdict:
        raise error

    return ScriptedPlugin(decide, authenticates=True)


# ---------------------------------------------------------------------------------------------------- from memory


def test_a_reply_ends_it() -> None:
    """Nobody else decides, nobody upstream hears of it."""
    second = ScriptedPlugin()
    with Conversation({"first": ScriptedPlugin(DENY), "second": second}) as talk:
        client = talk.connect()
        client.says(request())
        client.hears(DENIED)
        client.stays_connected()
        assert [] == second.asked
        assert [] == talk.dialled


def test_a_reply_to_head_has_no_body() -> None:
    """But its length."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("HEAD /"))
        client.hears(DENIED.removesuffix(b"No.\n"))
        client.says(request())
        client.hears(DENIED)


def test_a_reply_before_the_body_came_ends_the_connection() -> None:
    """What follows would be the body: it is not read as a request."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 100"), b"hello")
        client.hears(replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", close=True))
        client.sees_the_end()
        client.says(b"x" * 95, request("GET /smuggled"))
        client.hears_nothing()


def test_a_reply_after_a_whole_body_keeps_the_connection() -> None:
    """It came in the same read."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("POST /", body=b"hello"), request())
        client.hears(DENIED * 2)
        client.stays_connected()


def test_whoever_is_admitted_goes_upstream_with_the_edits() -> None:
    """They replace what the client said under these names; the answer is private."""
    edits = edit_request([("X-Who", "alice"), ("Authorization", "Bearer inner")], delete=["x-gone"])
    with Conversation({"guard": ScriptedPlugin(admit(edits=edits), authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request("GET /", "X-Who: mallory", "authorization: Basic x", "X-Gone: 1", "X-Kept: 2"))
        upstream = talk.line()
        told = forwarded("GET /", "X-Kept: 2")
        upstream.hears(told.removesuffix(b"\r\n") + b"X-Who: alice\r\nAuthorization: Bearer inner\r\n\r\n")
        upstream.answers(response(body=b"hello"))
        client.hears(relayed("200 OK", after=PRIVATE, body=b"hello"))


def test_what_the_upstream_says_about_caching_stands() -> None:
    """Its own Cache-Control is the better one."""
    with Conversation({"guard": ScriptedPlugin(admit(), authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Cache-Control: max-age=60", body=b"hello"))
        client.hears(relayed("200 OK", "Cache-Control: max-age=60", body=b"hello"))


def test_every_plugin_decides_and_the_edits_add_up() -> None:
    """The second knows whom the first admitted; where both set a name, the later stands."""
    first = ScriptedPlugin(admit(edits=edit_request([("X-A", "1"), ("X-B", "1")])), authenticates=True)
    second = ScriptedPlugin(Admit(BOB, reason="bob", edits=edit_request([("X-B", "2")])))
    with Conversation({"first": first, "second": second}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded().removesuffix(b"\r\n") + b"X-A: 1\r\nX-B: 2\r\n\r\n")
        assert [None] == [principal for _, principal, _ in first.asked]
        assert [ALICE] == [principal for _, principal, _ in second.asked]
        upstream.answers(response("204 No Content"))
        client.hears(relayed("204 No Content", after=PRIVATE))
        record = talk.records()[0]
        assert ("admit", "bob", "d-bob") == (record["verdict"], record["reason"], record["principal"])


def test_nobody_admitted_is_unauthenticated() -> None:
    """Every plugin passed, and one of them authenticates: 401, not through."""
    with Conversation({"guard": ScriptedPlugin(PASS, authenticates=True), "other": ScriptedPlugin()}) as talk:
        client = talk.connect()
        client.says(request())
        client.hears(replied("401 Unauthorized", "Content-Type: application/json", body=NOBODY))
        client.stays_connected()
        assert [] == talk.dialled


def test_nobody_is_needed_where_nobody_authenticates() -> None:
    """A route of filters lets through what they pass."""
    with Conversation({"filter": ScriptedPlugin(PASS)}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"hello"))
        client.hears(relayed(body=b"hello"))
        assert "pass" == talk.records()[0]["verdict"]


def test_the_anonymous_pass_is_deliberate() -> None:
    """`Admit(None)` lets through on an authenticating route, without a principal."""
    with Conversation({"guard": ScriptedPlugin(Admit(None, reason="exempt"), authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("204 No Content"))
        client.hears(relayed("204 No Content", after=PRIVATE))
        record = talk.records()[0]
        assert ("admit", "exempt", "principal" in record) == (record["verdict"], record["reason"], False)


def test_a_path_that_a_plugin_claimed_is_not_found_when_it_passes() -> None:
    """Nothing is forwarded from there, whoever asks."""
    plugin = ScriptedPlugin(admit(), authenticates=True, claims=(Claim("/callback", "callback"),))
    with Conversation({"guard": plugin}, route={"uri": "/shop/*"}) as talk:
        client = talk.connect()
        client.says(request("GET /callback"))
        assert client.take().startswith(b"HTTP/1.1 404 ")
        assert [] == talk.dialled
        assert 1 == len(plugin.asked)


# --------------------------------------------------------------------------------------------------------- pending


@pytest.mark.parametrize("is_admitted", [True, False])
def test_a_pending_verdict_settles(is_admitted: bool) -> None:
    """One task; meanwhile the client waits and is not read."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending, authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request())
        client.hears_nothing()
        assert ["exchange"] == talk.tasks
        later.settle(admit() if is_admitted else DENY)
        talk.work()
        assert [None] == later.bodies
        if is_admitted:
            upstream = talk.line()
            upstream.hears(forwarded())
            upstream.answers(response("204 No Content"))
            client.hears(relayed("204 No Content", after=PRIVATE))
        else:
            client.hears(DENIED)
        client.stays_connected()


def test_two_pending_verdicts_settle_one_after_the_other() -> None:
    """The second is asked when the first has settled, and knows whom it admitted."""
    first, second = Later(), Later()
    knowing = ScriptedPlugin(second.pending)
    with Conversation({"first": ScriptedPlugin(first.pending), "second": knowing}) as talk:
        client = talk.connect()
        client.says(request())
        assert [] == knowing.asked
        first.settle(admit())
        talk.work()
        assert [ALICE] == [principal for _, principal, _ in knowing.asked]
        second.settle(DENY)
        talk.work()
        client.hears(DENIED)


def test_settling_at_once_is_as_good() -> None:
    """A coroutine that does not wait."""

    async def settle() -> Settled:
        return DENY

    with Conversation({"guard": ScriptedPlugin(Pending(settle))}) as talk:
        client = talk.connect()
        client.says(request() * 3)
        client.hears(DENIED * 3)


def test_the_body_waits_for_a_verdict_that_does_not_want_it() -> None:
    """It goes upstream afterwards, as it came."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 10"), b"01234")
        client.says(b"56789")
        later.settle(PASS)
        talk.work()
        upstream = talk.line()
        upstream.hears(forwarded("POST /", body=b"0123456789"))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_verdict_that_wants_the_body_gets_it_whole(chunked: bool) -> None:
    """However it came; and the upstream gets it too, as the client framed it."""
    later = Later(body_limit_bytes=10)
    framing = ("Transfer-Encoding: chunked",) if chunked else ("Content-Length: 10",)
    with Conversation({"guard": ScriptedPlugin(later.pending, authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request("POST /", *framing))
        for piece in (b"0123", b"456", b"789"):
            assert [] == later.bodies
            client.says(chunk(piece) if chunked else piece)
        if chunked:
            client.says(chunk(b""))
        assert [b"0123456789"] == later.bodies
        later.settle(admit())
        talk.work()
        upstream = talk.line()
        body = chunk(b"0123456789") + chunk(b"") if chunked else b"0123456789"
        upstream.hears(forwarded("POST /", framing=framing), body)
        upstream.answers(response("204 No Content"))
        client.hears(relayed("204 No Content", after=PRIVATE))
        client.stays_connected()


def test_a_verdict_that_wants_a_body_where_there_is_none_gets_an_empty_one() -> None:
    """A GET of an endpoint that reads forms."""
    later = Later(body_limit_bytes=10)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request())
        assert [b""] == later.bodies
        later.settle(DENY)
        talk.work()
        client.hears(DENIED)


@pytest.mark.parametrize(
    "sent",
    [
        [request("POST /", body=b"0123456789a")],
        [request("POST /", "Content-Length: 11")],
        [request("POST /", "Transfer-Encoding: chunked"), chunk(b"01234"), chunk(b"56789a")],
    ],
)
def test_a_body_larger_than_the_verdict_wants_is_refused(sent: list[bytes]) -> None:
    """413, announced or not; the verdict is never asked to settle."""
    later = Later(body_limit_bytes=10)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        for piece in sent:
            client.says(piece)
        client.hears_fault(413, "body_too_large")
        client.sees_the_end()
        assert [] == later.bodies
        assert [] == talk.tasks


def test_the_body_is_there_for_a_second_verdict_that_wants_it() -> None:
    """It was read once."""
    first, second = Later(body_limit_bytes=10), Later(body_limit_bytes=5)
    plugins = {"first": ScriptedPlugin(first.pending), "second": ScriptedPlugin(second.pending)}
    with Conversation(plugins) as talk:
        client = talk.connect()
        client.says(request("POST /", body=b"hello"))
        first.settle(PASS)
        talk.work()
        assert [b"hello"] == second.bodies
        second.settle(PASS)
        talk.work()
        upstream = talk.line()
        upstream.hears(forwarded("POST /", body=b"hello"))


def test_what_follows_a_body_that_a_verdict_wants_is_the_next_request() -> None:
    """It waits its turn."""
    later = Later(body_limit_bytes=10)
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.method == "POST" else DENY)
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request("POST /", body=b"hello"), request("GET /2"))
        client.says(request("GET /3"))
        later.settle(DENY)
        talk.work()
        client.hears(DENIED * 3)


# --------------------------------------------------------------------------------------------------------- cookies


def test_cookies_of_an_admission_come_with_the_answer() -> None:
    """Behind the upstream's own, which stays; and no cache keeps the answer, whatever the upstream said of it."""
    with Conversation({"guard": ScriptedPlugin(admit(set_cookies=("s=1; Path=/", "t=2")))}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Set-Cookie: u=3", "Cache-Control: public", body=b"hello"))
        ours = ("Set-Cookie: s=1; Path=/", "Set-Cookie: t=2", "Cache-Control: no-store")
        client.hears(relayed("200 OK", "Set-Cookie: u=3", after=ours, body=b"hello"))


def test_cookies_of_an_admission_come_with_a_later_refusal() -> None:
    """A renewed session is not lost because a filter says no."""
    plugins = {"guard": ScriptedPlugin(admit(set_cookies=("s=1",))), "filter": ScriptedPlugin(DENY)}
    with Conversation(plugins) as talk:
        client = talk.connect()
        client.says(request())
        client.hears(replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", cookies=("s=1",)))


def test_cookies_of_an_admission_come_with_a_fault() -> None:
    """Nor because the upstream is down."""
    with Conversation({"guard": ScriptedPlugin(admit(set_cookies=("s=1",)))}) as talk:
        talk.refusing = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request())
        assert "s=1" == client.hears_fault(502, "upstream_refused", close=False)["set-cookie"]


def test_our_cookies_never_go_upstream() -> None:
    """By name and by prefix; others stay as they came. On every route: a session is for the gateway only."""
    plugin = ScriptedPlugin(admit(), cookie_names=("ours", "flow_*"))
    routes = [
        {"id": "guarded", "uri": "/a", "plugins": {"guard": {}}, "upstream": {"nodes": {"10.0.0.1:8000": 1}}},
        {"id": "open", "uri": "/b", "upstream": {"nodes": {"10.0.0.1:8000": 1}}},
    ]
    with Conversation({"guard": plugin}, routes=routes) as talk:
        client = talk.connect()
        client.says(request("GET /a", "Cookie: a=1; ours=secret; flow_1=x; our=2; flow=3"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /a", "Cookie: a=1; our=2; flow=3"))
        upstream.answers(response(body=b"1"))
        client.says(request("GET /b", "Cookie: ours=secret", "Cookie: flow_=x"))
        upstream.hears(forwarded("GET /b"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"1"), relayed(body=b"2"))


def test_the_upstream_cannot_set_our_cookies() -> None:
    """Its Set-Cookie under such a name is dropped: it could fix or end a session."""
    plugin = ScriptedPlugin(admit(), cookie_names=("ours", "flow_*"))
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(
            response(
                "200 OK", "Set-Cookie: ours=fixed", "set-cookie: flow_2=; Max-Age=0", "Set-Cookie:  ours =x",
                "Set-Cookie: our=1", "Set-Cookie: ours2=1", body=b"hello",
            )
        )  # fmt: skip
        client.hears(relayed("200 OK", "Set-Cookie: our=1", "Set-Cookie: ours2=1", body=b"hello"))


# ---------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (ProviderFault("provider_timeout", "no answer"), 503),
        (ProviderFault("token_refused", "invalid_client"), 503),
        (OperatorFault("keys_missing", "no key"), 503),
        (UpstreamFault("upstream_odd", "odd"), 502),
        (ClientFault("callback_state", "no such login"), 400),
    ],
)
@pytest.mark.parametrize("is_pending", [False, True])
def test_a_fault_becomes_its_answer(fault: ProviderFault, status: int, is_pending: bool) -> None:
    """Nothing goes upstream; 503 says when to come back; the operator reads what was not the client's own."""
    later = Later()
    plugin = ScriptedPlugin(later.pending, authenticates=True) if is_pending else fail_with(fault)
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request())
        if is_pending:
            later.fail(fault)
            talk.work()
        is_clients = isinstance(fault, ClientFault)
        headers = client.hears_fault(status, fault.code, close=is_clients)
        assert ("5" if status == 503 else None) == headers.get("retry-after")
        assert [] == talk.dialled
        assert ([] if is_clients else [fault.code]) == talk.log.codes
        assert ("fault", fault.code) == (talk.records()[0]["verdict"], talk.records()[0]["reason"])


@pytest.mark.parametrize("is_pending", [False, True])
def test_an_error_that_nobody_foresaw_denies(is_pending: bool) -> None:
    """503; only its type and place are logged, because its text may hold a secret."""
    later = Later()
    error = RuntimeError("the secret is hush")
    plugin = ScriptedPlugin(later.pending, authenticates=True) if is_pending else fail_with(error)
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request())
        if is_pending:
            later.fail(error)
            talk.work()
        client.hears_fault(503, "internal_error", close=False)
        client.stays_connected()
        assert [] == talk.dialled
        assert "internal_error" in talk.log.codes
        assert "RuntimeError" in talk.log.text
        assert "hush" not in talk.log.text


@pytest.mark.parametrize(
    "verdict",
    [
        Reply(302, reason="elsewhere", headers=(("Location", "/a\r\nSet-Cookie: evil=1"),)),
        Reply(200, reason="odd", headers=(("X-Name", "zoë\u2028"),)),
        Reply(700, reason="odd"),
        Admit(ALICE, reason="alice", set_cookies=("a=1\r\nX-Evil: 1",)),
        Admit(ALICE, reason="alice", set_cookies=("a=\u2028",)),
    ],
)
@pytest.mark.parametrize("is_pending", [False, True])
def test_a_verdict_that_cannot_be_written_denies(verdict: Settled, is_pending: bool) -> None:
    """Headers and cookies are whole lines or nothing (DESIGN.md §9.13)."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending if is_pending else verdict)}) as talk:
        client = talk.connect()
        client.says(request())
        if is_pending:
            later.settle(verdict)
            talk.work()
        assert "set-cookie" not in client.hears_fault(503, "internal_error", close=False)
        client.stays_connected()
        assert [] == talk.dialled


def test_a_fault_is_a_page_for_a_person() -> None:
    """HTML where the client asks for it by name."""
    with Conversation({"guard": fail_with(ProviderFault("provider_timeout", "slow"))}) as talk:
        client = talk.connect()
        client.says(request("GET /", "Accept: text/html"))
        heard = client.take()
        assert heard.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"Content-Type: text/html; charset=utf-8\r\n" in heard
        assert b"<code>req-1</code>" in heard


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/nowhere", "404 Not Found", "no_route"), ("//", "400 Bad Request", "target_empty_segment"),
     (f"/{'a' * 9000}", "414 Request-URI Too Long", "target_too_large"), ("/", "401 Unauthorized", "nobody_admitted")],
)  # fmt: skip
def test_whatever_a_person_opens_is_answered_with_a_page(path: str, status: str, code: str) -> None:
    """Also what no route takes, nobody is admitted to, or is refused before it is a request."""
    with Conversation({"guard": ScriptedPlugin(PASS, authenticates=True)}, route={"uri": "/"}) as talk:
        client = talk.connect()
        client.says(request(f"GET {path}", "accept: TEXT/HTML,*/*"))
        heard = client.take()
        assert heard.startswith(f"HTTP/1.1 {status}\r\n".encode())
        assert b"Content-Type: text/html; charset=utf-8\r\n" in heard
        assert f"<code>req-1</code> ({code})".encode() in heard


def test_a_browser_with_too_many_cookies_is_told_so_on_a_page() -> None:
    """Its head is refused before its end, which is where the cookies are."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /", "Accept: text/html", f"Cookie: {'c' * 80_000}"))
        heard = client.take()
        assert heard.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert b"Content-Type: text/html; charset=utf-8\r\n" in heard
        assert b"delete the cookies of this site" in heard


def test_a_verdict_that_comes_when_the_gateway_is_told_otherwise_still_counts() -> None:
    """A reload between the question and the answer: the request keeps the plugins that it met."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending, authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request())
        talk.install([{"uri": "/elsewhere", "upstream": {"nodes": {"10.9.9.9:1": 1}}}])
        later.settle(admit())
        talk.work()
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("204 No Content"))
        client.hears(relayed("204 No Content", after=PRIVATE))
        assert ["10.0.0.1:8000"] == talk.dialled
