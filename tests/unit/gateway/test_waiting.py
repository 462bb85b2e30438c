"""What an exchange waits for: whatever comes of it, the client gets an answer."""

import pytest

from ostiary.errors import ProviderFault
from ostiary.http.request import Request
from ostiary.plugin import PASS, Pending, Principal, Verdict
from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, relayed, request, response
from tests.fakes.scripted_plugins import ALICE, DENY, Later, ScriptedPlugin, admit

NODES = {"nodes": {"10.0.0.1:8000": 1, "10.0.0.2:8000": 1, "10.0.0.3:8000": 1}}


def is_denied(heard: bytes) -> bool:
    """Whether it is one answer of DENY's."""
    return heard.startswith(b"HTTP/1.1 403 ") and heard.endswith(b"\r\n\r\nNo.\n")


# ---------------------------------------------------------------------------------------------------- suspend, settle


def test_a_verdict_without_a_body_is_awaited_at_once() -> None:
    """Although the body is still to come."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 5"))
        assert ([None], ["exchange"]) == (later.bodies, talk.tasks)
        later.settle(DENY)
        talk.work()
        assert client.take().startswith(b"HTTP/1.1 403 ")


def test_what_comes_after_the_clients_end_is_awaited_and_forgotten() -> None:
    """The work runs to its end; nobody is answered."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request())
        client.breaks_off()
        later.settle(DENY)
        talk.work()
        assert [499] == [record["status"] for record in talk.records()]


@pytest.mark.parametrize("error", [ProviderFault("provider_timeout"), RuntimeError("odd")])
def test_what_fails_after_the_clients_end_is_not_answered(error: Exception) -> None:
    """Nor recorded a second time."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request())
        client.breaks_off()
        later.fail(error)
        talk.work()
        assert [499] == [record["status"] for record in talk.records()]


@pytest.mark.parametrize(
    ("error", "code"), [(ProviderFault("provider_timeout"), "provider_timeout"), (RuntimeError("x"), "internal_error")]
)
def test_what_fails_is_answered(error: Exception, code: str) -> None:
    """503, and the next request has its turn."""
    later = Later()
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.path == "/1" else DENY)
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request("GET /1"))
        later.fail(error)
        talk.work()
        client.hears_fault(503, code, close=False)
        client.says(request("GET /2"))
        assert is_denied(client.take())


@pytest.mark.parametrize(
    ("error", "code"), [(ProviderFault("provider_timeout"), "provider_timeout"), (RuntimeError("x"), "internal_error")]
)
def test_what_fails_in_the_plugins_behind_is_answered_too(error: Exception, code: str) -> None:
    """The step after the settling denies like the one before."""
    later = Later()

    def fail(request: Request, principal: Principal | None, now: float) -> Verdict:
        raise error

    with Conversation({"guard": ScriptedPlugin(later.pending), "second": ScriptedPlugin(fail)}) as talk:
        client = talk.connect()
        client.says(request())
        later.settle(admit())
        talk.work()
        client.hears_fault(503, code, close=False)
        assert [] == talk.dialled


# ------------------------------------------------------------------------------------------------------------ collect


def test_a_body_is_collected_up_to_the_limit() -> None:
    """The limit itself is allowed; it stays there to be forwarded."""
    later = Later(body_limit_bytes=5)
    with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
        client = talk.connect()
        client.says(request("POST /", "Transfer-Encoding: chunked"), chunk(b"hel"))
        client.says(chunk(b"lo"))
        assert [] == later.bodies
        client.says(chunk(b""))
        assert [b"hello"] == later.bodies
        later.settle(PASS)
        talk.work()
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=("Transfer-Encoding: chunked",)), chunk(b"hello"), chunk(b""))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))


def test_one_byte_more_is_refused() -> None:
    """When it is announced, or when it comes."""
    for sent in (
        request("POST /", "Content-Length: 6"),
        request("POST /", "Transfer-Encoding: chunked") + chunk(b"hello!"),
    ):
        later = Later(body_limit_bytes=5)
        with Conversation({"guard": ScriptedPlugin(later.pending)}) as talk:
            client = talk.connect()
            client.says(sent)
            client.hears_fault(413, "body_too_large")
            assert [] == later.bodies


def test_a_settling_that_cannot_even_begin_denies() -> None:
    """A plugin whose `settle` is no coroutine function."""

    def settle(body: bytes = b"") -> None:
        raise LookupError

    for limit in (0, 10):
        with Conversation({"guard": ScriptedPlugin(Pending(settle, limit))}) as talk:  # type: ignore[arg-type]
            client = talk.connect()
            client.says(request("POST /", body=b"hello"))
            client.hears_fault(503, "internal_error", close=False)


def test_a_settling_that_cannot_begin_once_the_body_is_there_denies() -> None:
    """The body came in a later read than the head."""

    def settle(body: bytes = b"") -> None:
        raise LookupError

    with Conversation({"guard": ScriptedPlugin(Pending(settle, 10))}) as talk:  # type: ignore[arg-type]
        client = talk.connect()
        client.says(request("POST /", "Content-Length: 5"))
        client.says(b"hello")
        client.hears_fault(503, "internal_error", close=False)
        client.stays_connected()


# --------------------------------------------------------------------------------------------------------------- dial


def test_other_nodes_are_tried_once_each() -> None:
    """In the order of the cycle, up to `retries`."""
    with Conversation(upstream={**NODES, "retries": 1}) as talk:
        talk.refusing = {"10.0.0.1:8000", "10.0.0.2:8000"}
        client = talk.connect()
        client.says(request())
        client.hears_fault(502, "upstream_refused", close=False)
        assert ["10.0.0.1:8000", "10.0.0.2:8000"] == talk.dialled
    with Conversation(upstream=NODES) as talk:
        talk.refusing = {"10.0.0.1:8000", "10.0.0.2:8000"}
        client = talk.connect()
        client.says(request())
        assert ["10.0.0.1:8000", "10.0.0.2:8000", "10.0.0.3:8000"] == talk.dialled
        talk.line().hears(forwarded())


def test_an_error_of_dialling_that_nobody_foresaw_is_answered() -> None:
    """Not a hanging client."""
    with Conversation() as talk:
        talk.dial_error = LookupError("odd")
        client = talk.connect()
        client.says(request())
        client.hears_fault(503, "internal_error", close=False)


def test_a_request_that_cannot_be_written_is_answered() -> None:
    """After dialling as before: the fault becomes the client's answer, and the line is kept for others."""

    def spoil(request: Request, principal: Principal | None, now: float) -> Verdict:
        request.section.passed.append((b"x", b"X", b"1\r\nX-Userinfo: admin"))
        return admit()

    with Conversation({"guard": ScriptedPlugin(spoil)}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears_nothing()
        client.hears_fault(400, "request_unsafe", close=False)
        assert ["d-alice"] == [record["principal"] for record in talk.records()]
        assert ALICE.digest == "d-alice"


def test_a_line_that_nobody_wants_any_more_goes_to_the_pool() -> None:
    """The client left while it was dialled; the next one takes it."""
    with Conversation() as talk:
        talk.silent = {"10.0.0.1:8000"}
        gone = talk.connect()
        gone.says(request("GET /gone"))
        gone.breaks_off()
        talk.answer_dials()
        upstream = talk.line()
        client = talk.connect()
        client.says(request("GET /mine"))
        upstream.hears(forwarded("GET /mine"))
        assert ["10.0.0.1:8000"] == talk.dialled
