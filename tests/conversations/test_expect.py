"""`Expect: 100-continue`: ours to answer, once, and only when the body is really wanted (RFC 9110 §10.1.1)."""

from ostiary.plugin import PASS
from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, relayed, replied, request, response
from tests.fakes.scripted_plugins import DENY, Later, ScriptedPlugin

EXPECT = "Expect: 100-continue"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_client_that_waits_is_told_to_go_on() -> None:
    """When the request went upstream, which is not asked to expect anything."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", EXPECT, "Content-Length: 5"))
        client.hears(CONTINUE)
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 5",)))
        client.says(b"hello")
        upstream.hears(b"hello")
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
        client.stays_connected()


def test_a_client_is_not_told_to_go_on_before_there_is_an_upstream() -> None:
    """Nobody wants the body yet."""
    with Conversation() as talk:
        talk.silent = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request("POST /", EXPECT, "Transfer-Encoding: chunked"))
        client.hears_nothing()
        talk.answer_dials()
        client.hears(CONTINUE)
        client.says(chunk(b"hello"), chunk(b""))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Transfer-Encoding: chunked",)), chunk(b"hello"), chunk(b""))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


def test_a_refusal_is_the_final_answer() -> None:
    """No 100; the connection ends, because the body may or may not come: it is never read as a request."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("POST /", EXPECT, "Content-Length: 5"))
        client.hears(replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n", close=True))
        client.sees_the_end()
        client.says(b"hello", request("GET /smuggled"))
        client.hears_nothing()
        assert [] == talk.dialled


def test_a_pending_verdict_comes_before_permission() -> None:
    """Only what it settles to decides."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", EXPECT, "Content-Length: 5"))
        client.hears_nothing()
        later.settle(PASS)
        talk.work()
        client.hears(CONTINUE)
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 5",)))
        client.says(b"hello")
        upstream.hears(b"hello")


def test_a_verdict_that_needs_the_body_asks_for_it_once() -> None:
    """The client is told to go on by the verdict's need, not again by the upstream's."""
    later = Later(body_limit_bytes=10)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", EXPECT, "Content-Length: 5"))
        client.hears(CONTINUE)
        client.says(b"hello")
        later.settle(PASS)
        talk.work()
        upstream = talk.line()
        upstream.hears(forwarded("POST /", body=b"hello"))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


def test_a_body_too_large_for_the_verdict_is_not_asked_for() -> None:
    """It is announced, so it is refused at once: permission would only invite it."""
    later = Later(body_limit_bytes=10)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", EXPECT, "Content-Length: 11"))
        client.hears_fault(413, "body_too_large")
        client.sees_the_end()


def test_a_client_that_does_not_wait_needs_no_permission() -> None:
    """The body came with the head: nobody is told to go on."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", EXPECT, body=b"hello"))
        upstream = talk.line()
        upstream.hears(forwarded("POST /", body=b"hello"))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


def test_an_old_client_is_not_told_anything() -> None:
    """HTTP/1.0 knows no interim answers."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", EXPECT, "Content-Length: 5", version="1.0"))
        client.hears_nothing()
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 5",)))
        client.says(b"hello")
        upstream.hears(b"hello")
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok", close=True))
        client.sees_the_end()


def test_another_expectation_fails() -> None:
    """417, before anything else."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", "Expect: a-miracle", "Content-Length: 5"))
        client.hears_fault(417, "expect_unknown")
        client.sees_the_end()


def test_a_permission_of_the_upstream_is_not_passed_on() -> None:
    """It was not asked for one; its 100 ends here."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", EXPECT, "Content-Length: 5"))
        client.hears(CONTINUE)
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Content-Length: 5",)))
        upstream.answers(CONTINUE)
        client.hears_nothing()
        client.says(b"hello")
        upstream.hears(b"hello")
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
