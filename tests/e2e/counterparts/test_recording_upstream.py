"""The recording upstream: what arrives is recorded, what is scripted is sent."""

import socket

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.recording_upstream import Answer, RecordingUpstream, build_response
from tests.e2e.counterparts.strict_reader import RecordedRequest

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"


def _send(upstream: RecordingUpstream, *pieces: bytes) -> bytes:
    received = b""
    with socket.create_connection(("127.0.0.1", upstream.port), timeout=5) as connection:
        for piece in pieces:
            connection.sendall(piece)
        while more := connection.recv(65_536):
            received += more
    return received


def test_it_echoes_each_request_and_keeps_every_byte() -> None:
    """The usual answer, several requests to a connection, split anywhere."""
    with RecordingUpstream() as upstream:
        received = _send(upstream, GET[:9], GET[9:] + POST[:-2], POST[-2:])
        assert received.count(b"HTTP/1.1 200 OK") == 2
        assert [(request.method, request.body) for request in upstream.requests] == [("GET", b""), ("POST", b"abc")]
        assert upstream.raw == {0: GET + POST}
        upstream.wait_until(lambda: not upstream.open_connections)
        echo = call(f"http://127.0.0.1:{upstream.port}/x?y=1", "PUT", {"Connection": "close"}, b"12").json()
        assert (echo["method"], echo["target"], echo["body_bytes"]) == ("PUT", "/x?y=1", 2)
        assert ["Connection", "close"] in echo["headers"]


def test_it_answers_by_script_and_then_as_usual() -> None:
    """A list of answers is given in turn."""
    with RecordingUpstream([Answer(build_response(503)), Answer(b"HTTP/1.1 204 N", 0.01, b"o\r\n\r\n")]) as upstream:
        received = _send(upstream, GET, GET, POST)
    assert [line[:12] for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1")] == [
        b"HTTP/1.1 503",
        b"HTTP/1.1 204",
        b"HTTP/1.1 200",
    ]


def test_it_can_be_told_its_next_answer_while_it_runs() -> None:
    """Once, and then as usual."""
    with RecordingUpstream() as upstream:
        upstream.answer_next(Answer(build_response(418)))
        url = f"http://127.0.0.1:{upstream.port}/"
        assert (call(url).status, call(url).status) == (418, 200)


def test_it_can_answer_before_the_body_arrives() -> None:
    """An early answer that closes: the body is never awaited."""

    def refuse(request: RecordedRequest) -> Answer | None:
        return Answer(build_response(413), close=True) if request.method == "POST" else None

    with RecordingUpstream(on_head=refuse) as upstream:
        assert _send(upstream, POST[:-3]).startswith(b"HTTP/1.1 413")
        assert upstream.wait_for_requests(1)[0].body == b""


def test_it_can_reset_and_can_leave_an_answer_unfinished() -> None:
    """Broken upstreams, for the tests of broken upstreams."""
    with RecordingUpstream([Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", close=True)]) as upstream:
        assert _send(upstream, GET).endswith(b"abc")
    with RecordingUpstream([Answer(reset=True)]) as upstream, pytest.raises(ConnectionResetError):
        _send(upstream, GET)


def test_it_says_continue_to_whoever_waits_for_it() -> None:
    """RFC 9110 §10.1.1."""
    with RecordingUpstream() as upstream:
        expecting = POST.replace(b"Connection", b"Expect: 100-continue\r\nConnection")
        assert _send(upstream, expecting).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_what_is_not_http_is_a_violation_and_ends_the_connection() -> None:
    """The bytes are kept all the same."""
    with RecordingUpstream() as upstream:
        assert _send(upstream, b"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n").startswith(b"HTTP/1.1 400")
        assert (upstream.requests, len(upstream.violations)) == ([], 1)
        assert upstream.all_bytes == b"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n"
        upstream.clear()
        assert (upstream.violations, upstream.all_bytes) == ([], b"")


def test_waiting_for_requests_has_an_end() -> None:
    """A test that waits in vain fails, it does not hang."""
    with RecordingUpstream() as upstream, pytest.raises(AssertionError):
        upstream.wait_for_requests(1, within_s=0.05)
