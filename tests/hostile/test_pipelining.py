"""Several requests in one go: answered in order, each once, and nothing after the last."""

import json

import pytest

from tests.hostile.trial import Door, Vector, get, post, trial
from tests.hostile.wire import CUTS, Wire

_ONE, _TWO, _THREE = get(target=b"/1"), get(target=b"/2"), get(target=b"/3")
_BODY = post(b"Content-Length: 5", body=b"hello", target=b"/2")
_CHUNKED = post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n", target=b"/2")
_CLOSING = get(b"Connection: close", target=b"/2")
_BAD = get(b"Transfer-Encoding: cow", target=b"/bad")
_INVALID = b"GET /bad HTTP/1.1\nHost: a\n\n"

_VECTORS = [
    Vector("three", _ONE + _TWO + _THREE, (200, 200, 200), closes=False, forwarded=("/1", "/2", "/3")),
    Vector("a body between", _ONE + _BODY + _THREE, (200, 200, 200), closes=False, forwarded=("/1", "/2", "/3")),
    Vector("chunks between", _ONE + _CHUNKED + _THREE, (200, 200, 200), closes=False, forwarded=("/1", "/2", "/3")),
    Vector(
        "empty lines between",
        _ONE + b"\r\n" + _TWO + b"\r\n\r\n" + _THREE,
        (200, 200, 200),
        closes=False,
        forwarded=("/1", "/2", "/3"),
    ),
    Vector("close in the middle", _ONE + _CLOSING + _THREE, (200, 200), forwarded=("/1", "/2")),
    Vector("close first", _CLOSING + _ONE + _THREE, (200,), forwarded=("/2",)),
    Vector("a bad one last", _ONE + _TWO + _BAD, (200, 200, 400), forwarded=("/1", "/2")),
    Vector("a bad one in the middle", _ONE + _BAD + _THREE, (200, 400), forwarded=("/1",)),
    Vector("a bad one first", _BAD + _ONE + _TWO, (400,)),
    Vector("an invalid one last", _ONE + _TWO + _INVALID, (200, 200, 400), forwarded=("/1", "/2")),
    Vector("an invalid one in the middle", _ONE + _INVALID + _THREE, (200, 400), forwarded=("/1",)),
    Vector("an invalid one first", _INVALID + _ONE, (400,)),
    Vector(
        "a tunnel in the middle",
        _ONE + b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" + _THREE,
        (200, 405),
        forwarded=("/1",),
    ),
    Vector("garbage last", _ONE + b"\x00\x01\x02\r\n\r\n", (200, 400), forwarded=("/1",)),
]


@trial(_VECTORS)
def test_answers_come_in_order_and_stop_at_doubt(door: Door, vector: Vector, cut: str) -> None:
    """A bad later request is answered after the earlier ones; what follows it is never looked at."""
    door.run(vector, cut)


@pytest.mark.parametrize("cut", list(CUTS))
@pytest.mark.parametrize(
    "rest", [b"", b"GET /3 HTTP/1.1\r\nHo", b"\r\n"], ids=["whole requests", "half a request", "an empty line"]
)
def test_a_client_that_ends_its_side_is_answered_in_order_or_not_at_all(door: Door, rest: bytes, cut: str) -> None:
    """Its end may count as giving up; what is half is never forwarded."""
    door.upstream.clear()
    with Wire(door.gateway.port) as wire:
        wire.send(CUTS[cut](_ONE + _TWO + rest))
        wire.half_close()
        targets = []
        while not wire.is_ended():
            targets.append(json.loads(wire.read_answer().body)["target"])
    assert targets == ["/1", "/2"][: len(targets)]
    canary = door.probe()
    seen = [request.target for request in door.upstream.requests if request.target != canary]
    assert seen == ["/1", "/2"][: len(seen)]
    assert len(seen) >= len(targets)
    assert door.upstream.violations == []


@pytest.mark.parametrize("cut", ["whole", "at line ends"])
def test_hundreds_of_tiny_requests_are_answered_each_once_and_in_order(door: Door, cut: str) -> None:
    """One read may carry thousands; the queue is bounded and nothing is lost (CVE-2026-54273)."""
    count = 600
    door.upstream.clear()
    sent = b"".join(b"GET /n/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(count))
    with Wire(door.gateway.port) as wire:
        wire.send(CUTS[cut](sent))
        targets = [json.loads(wire.read_answer().body)["target"] for _ in range(count)]
    assert targets == [f"/n/{number}" for number in range(count)]
    assert [request.target for request in door.upstream.requests] == targets


def test_a_connection_ends_politely_after_so_many_requests(door: Door) -> None:
    """The last answer says so; what was sent beyond it is not processed."""
    door.upstream.clear()
    with Wire(door.gateway.port) as wire:
        for number in range(999):
            wire.send([b"GET /n/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number])
            assert wire.read_answer().header("connection") is None
        wire.send([b"GET /n/last HTTP/1.1\r\nHost: a\r\n\r\nGET /n/beyond HTTP/1.1\r\nHost: a\r\n\r\n"])
        assert wire.read_answer().header("connection") == "close"
        assert wire.is_ended()
    assert door.upstream.requests[-1].target == "/n/last"
