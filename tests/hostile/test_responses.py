"""Upstreams that misbehave: nobody is given a doubtful answer, half an answer as a whole one, or another's answer."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.recording_upstream import Answer as Script
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.strict_reader import RecordedRequest
from tests.hostile.trial import Door, get, post
from tests.hostile.wire import Answer, Wire

_OK = b"HTTP/1.1 200 OK\r\n"
_POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
_HELLO = b"Content-Length: 5\r\n\r\nhello"


class Misbehaving(RecordingUpstream):
    """Answers `/v` as the test says, and everything else with the echo."""

    def __init__(self) -> None:
        """Behave, until told otherwise."""
        self.answer: Script | None = None
        self.early = False
        super().__init__(self._answer, on_head=self._answer_early)

    def _answer(self, request: RecordedRequest) -> Script | None:
        return self.answer if request.target == "/v" else None

    def _answer_early(self, request: RecordedRequest) -> Script | None:
        return self._answer(request) if self.early else None


@pytest.fixture(scope="module")
def misbehaving() -> Iterator[Misbehaving]:
    """The upstream, for tests that tell it what to do."""
    with Misbehaving() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def door(misbehaving: Misbehaving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A gateway before the misbehaving upstream."""
    config = {"routes": [{"id": "all", "uri": "/*", "upstream": {"nodes": {misbehaving.address: 1}}}]}
    with start_gateway(config, tmp_path_factory.mktemp("gateway")) as gateway:
        yield Door(gateway, misbehaving)


@dataclass(frozen=True)
class Case:
    """What the upstream sends for a GET, and what the client then has: `body` None means that it does not matter."""

    name: str
    sent: bytes
    status: int = 502
    body: bytes | None = None
    is_cut: bool = False
    closes: bool = False
    resets: bool = False
    method: str = "GET"
    later: bytes = b""


def _head(*lines: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *lines]) + b"\r\n\r\n"


_FRAMING = [
    Case("length and chunks", _head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n"),
    Case("chunks and length", _head(b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"5\r\nhello\r\n0\r\n\r\n"),
    Case("two lengths, equal", _head(b"Content-Length: 5", b"Content-Length: 5") + b"hello"),
    Case("two lengths, different", _head(b"Content-Length: 5", b"Content-Length: 6") + b"hello"),
    *(
        Case(f"length {value!r}", _head(b"Content-Length: " + value) + b"hello")
        for value in [
            b"+5",
            b"-5",
            b"5x",
            b"x5",
            b"",
            b"0x5",
            b"5,5",
            b"5 5",
            b"5.0",
            b"99999999999999999999",
            b"\xb2",
            b"1e1",
        ]
    ),
    *(
        Case(f"coding {value!r}", _head(b"Transfer-Encoding: " + value) + b"5\r\nhello\r\n0\r\n\r\n", closes=True)
        for value in [
            b"gzip, chunked",
            b"chunked, gzip",
            b"gzip",
            b"identity",
            b"cow",
            b"chunked, chunked",
            b",chunked",
            b"",
            b"xchunked",
        ]
    ),
    Case("two codings", _head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    Case(
        "a coding on HTTP/1.0",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        closes=True,
    ),
]
_LINES = [
    Case("nothing", b"", closes=True),
    Case("nothing, and a reset", b"", resets=True),
    Case("half a status line", b"HTTP/1.1 20", closes=True),
    Case("half a head", _OK + b"Content-Le", closes=True),
    Case("half a head, and a reset", _OK + b"Content-Le", resets=True),
    Case("garbage", b"\x00\x01\x02\x03\r\n\r\n", closes=True),
    Case("a page without a head", b"<html>hello</html>\r\n\r\n", closes=True),
    Case("a request", get(), closes=True),
    Case("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x28", closes=True),
    *(
        Case(f"status line {line!r}", line + b"\r\n" + _HELLO, closes=True)
        for line in [
            b"HTTP/2.0 200 OK",
            b"HTTP/0.9 200 OK",
            b"HTTP/1.2 200 OK",
            b"HTTP/1.1 999 Odd",
            b"HTTP/1.1 600 Odd",
            b"HTTP/1.1 99 Odd",
            b"HTTP/1.1 0 Odd",
            b"HTTP/1.1 20 OK",
            b"HTTP/1.1 2000 OK",
            b"HTTP/1.1 abc OK",
            b"HTTP/1.1 -200 OK",
            b"HTTP/1.1",
            b"HTTP/1.1  200 OK",
            b"http/1.1 200 OK",
            b"ICY 200 OK",
            b" HTTP/1.1 200 OK",
            b"HTTP/1.1 200 O\rK",
        ]
    ),
    *(
        Case(f"header {line!r}", _OK + line + b"\r\n" + _HELLO, closes=True)
        for line in [
            b"X: a\x00b",
            b"X: a\rb",
            b"X: a\nY: b",
            b"X: a\r\n b",
            b"X : a",
            b": a",
            b"X",
            b" X: a",
            b"X\x00: a",
            b"X: a\x7fb",
            b"X: a\x1bb",
            b"X Y: a",
            b"X: a\r\r",
            b"\xc3\xa4: a",
        ]
    ),
    Case("LF line ends", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", closes=True),
    Case("too many headers", _OK + b"X: 1\r\n" * 10_000 + _HELLO),
    Case("a header without end", _OK + b"X: " + b"a" * 200_000),
    Case("headers without end", _OK + b"X-A: aaaaaaaaaaaaaaaaaaaaa\r\n" * 20_000),
]
_INTERIM = [
    Case("101 unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + _POISON),
    Case("101 without its fields", b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + _POISON),
    Case("nine interim answers", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9 + _OK + _HELLO),
    Case("a thousand interim answers", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + _OK + _HELLO),
    Case("interim answers and no more", b"HTTP/1.1 103 Early Hints\r\n\r\n", closes=True),
    Case("100 unasked", b"HTTP/1.1 100 Continue\r\n\r\n" + _OK + _HELLO, 200, b"hello"),
    Case("103", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + _OK + _HELLO, 200, b"hello"),
    Case("eight interim answers", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 8 + _OK + _HELLO, 200, b"hello"),
]
_CUT = [
    Case("a body that is too short", _OK + b"Content-Length: 10\r\n\r\nhello", 200, b"hello", is_cut=True, closes=True),
    Case(
        "a body that is too short, and a reset", _OK + b"Content-Length: 10\r\n\r\nhello", 200, is_cut=True, resets=True
    ),
    Case("no body where one was announced", _OK + b"Content-Length: 10\r\n\r\n", 200, b"", is_cut=True, closes=True),
    Case(
        "no last chunk",
        _head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n",
        200,
        b"hello",
        is_cut=True,
        closes=True,
    ),
    Case("half a chunk", _head(b"Transfer-Encoding: chunked") + b"a\r\nhello", 200, b"hello", is_cut=True, closes=True),
    Case(
        "half a last chunk",
        _head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n",
        200,
        b"hello",
        is_cut=True,
        closes=True,
    ),
]
_BAD_CHUNKS = [
    Case(
        f"chunks {body!r}, {'later' if later else 'at once'}",
        _head(b"Transfer-Encoding: chunked") + b"2\r\nhi\r\n" + (b"" if later else body),
        200 if later else 502,
        is_cut=later,
        later=body if later else b"",
    )
    for later in (False, True)
    for body in [
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"g\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"-5\r\nhello\r\n",
        b"ffffffffffffffffff\r\nhello",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"0\r\nContent-Length: 5\r\n\r\n",
        b"0\r\nX\x00: 1\r\n\r\n",
    ]
]
_POISONED = [
    Case("another response behind", _OK + _HELLO + _POISON, 200, b"hello"),
    Case(
        "another response behind chunks",
        _head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n" + _POISON,
        200,
        b"hello",
    ),
    Case("a byte behind", _OK + _HELLO + b"X", 200, b"hello"),
    Case("an empty line behind", _OK + _HELLO + b"\r\n", 200, b"hello"),
    Case("a body behind 204", b"HTTP/1.1 204 No Content\r\n\r\nhello", 204, b""),
    Case("a length on 204", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", 204, b""),
    Case("chunks on 204", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 204, b""),
    Case("a response behind 204", b"HTTP/1.1 204 No Content\r\n\r\n" + _POISON, 204, b""),
    Case("a body behind 304", b"HTTP/1.1 304 Not Modified\r\n\r\nhello", 304, b""),
    Case("a body on 304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", 304, b""),
    Case("a response behind 304", b"HTTP/1.1 304 Not Modified\r\n\r\n" + _POISON, 304, b""),
    Case("a body on HEAD", _OK + _HELLO, 200, b"", method="HEAD"),
    Case("chunks on HEAD", _head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n", 200, b"", method="HEAD"),
    Case("a response behind HEAD", _OK + b"Content-Length: 5\r\n\r\n" + _POISON, 200, b"", method="HEAD"),
]
_FINE = [
    Case("a length", _OK + _HELLO, 200, b"hello"),
    Case("chunks", _head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n", 200, b"hello"),
    Case("the end of the connection", _OK + b"X: 1\r\n\r\nhello", 200, b"hello", closes=True),
    Case("HTTP/1.0 and the end of the connection", b"HTTP/1.0 200 OK\r\n\r\nhello", 200, b"hello", closes=True),
    Case("HTTP/1.0 and a length", b"HTTP/1.0 200 OK\r\n" + _HELLO, 200, b"hello", closes=True),
    Case("204", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    Case("304 with a length", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b""),
    Case("HEAD", _OK + b"Content-Length: 5\r\n\r\n", 200, b"", method="HEAD"),
    Case("HEAD, chunked", _head(b"Transfer-Encoding: chunked"), 200, b"", method="HEAD"),
    Case("HEAD, no framing", _head(b"X: 1"), 200, b"", method="HEAD"),
    Case("Connection: close", _head(b"Connection: close", b"Content-Length: 5") + b"hello", 200, b"hello", closes=True),
    Case("an error with a body", b"HTTP/1.1 503 Down\r\n" + _HELLO, 503, b"hello"),
    Case("obs-text in a header", _head(b"X: \xe4", b"Content-Length: 5") + b"hello", 200, b"hello"),
    Case("no reason", b"HTTP/1.1 200 \r\n" + _HELLO, 200, b"hello"),
]


def _call(door: Door, misbehaving: Misbehaving, case: Case) -> Answer:
    misbehaving.clear()
    misbehaving.early = False
    passed_on = threading.Event()
    parts = (case.sent, passed_on, case.later) if case.later else (case.sent,)
    misbehaving.answer = Script(*parts, close=case.closes, reset=case.resets)
    with Wire(door.gateway.port) as wire:
        wire.send([get().replace(b"GET", case.method.encode("ascii"), 1)])
        if case.later:
            wire.wait_for(b"hi")
            passed_on.set()
        return wire.read_answer(case.method)


@pytest.mark.parametrize(
    "case", _FRAMING + _LINES + _INTERIM + _CUT + _BAD_CHUNKS + _POISONED + _FINE, ids=lambda case: case.name
)
def test_an_answer_is_whole_or_not_given_as_whole(door: Door, misbehaving: Misbehaving, case: Case) -> None:
    """502 before the client has anything, a connection cut short after that; the next two get their own answers."""
    answer = _call(door, misbehaving, case)

    assert (answer.status, answer.is_cut) == (case.status, case.is_cut), answer
    if case.body is not None:
        assert answer.body == case.body
    door.probe()
    door.probe()
    assert misbehaving.violations == []


@pytest.mark.parametrize("late", [b"X", _POISON, b"HTTP/1.1 408 Timeout\r\nConnection: close\r\n\r\n"])
def test_what_comes_to_an_idle_connection_ends_it(door: Door, misbehaving: Misbehaving, late: bytes) -> None:
    """Nobody asked: it is nobody's answer."""
    misbehaving.clear()
    answered = threading.Event()
    misbehaving.answer = Script(_OK + _HELLO, answered, late)
    with Wire(door.gateway.port) as wire:
        wire.send([get()])
        assert wire.read_answer().body == b"hello"
        answered.set()
    misbehaving.wait_until(lambda: misbehaving.open_connections == 0)
    door.probe()
    door.probe()


_HIDDEN = [
    b"Keep-Alive: timeout=5",
    b"Proxy-Authenticate: Basic",
    b"Upgrade: h2c",
    b"Trailer: X-A",
    b"TE: trailers",
    b"Proxy-Connection: close",
]


@pytest.mark.parametrize("line", _HIDDEN)
def test_hop_by_hop_fields_of_an_answer_end_at_the_gateway(door: Door, misbehaving: Misbehaving, line: bytes) -> None:
    """RFC 9110 §7.6.1."""
    answer = _call(door, misbehaving, Case("hop-by-hop", _head(line, b"Content-Length: 5") + b"hello"))

    assert (answer.status, answer.header(line.partition(b":")[0].decode("ascii").lower())) == (200, None)


def test_fields_that_an_answers_connection_names_end_at_the_gateway(door: Door, misbehaving: Misbehaving) -> None:
    """And those that frame it stay."""
    head = _head(b"Connection: X-Hop, Content-Length", b"X-Hop: 1", b"X-Stays: 2", b"Content-Length: 5")
    answer = _call(door, misbehaving, Case("named", head + b"hello"))

    assert (answer.status, answer.body, answer.header("x-hop"), answer.header("x-stays")) == (200, b"hello", None, "2")


def test_trailers_of_an_answer_are_dropped(door: Door, misbehaving: Misbehaving) -> None:
    """`Set-Cookie` among them; the strict reader here would refuse any."""
    chunks = b"5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\nX-Userinfo: admin\r\n\r\n"
    answer = _call(door, misbehaving, Case("trailers", _head(b"Transfer-Encoding: chunked") + chunks))

    assert (answer.status, answer.body, answer.is_cut) == (200, b"hello", False)
    assert answer.header("set-cookie") is None


def test_an_answer_that_ends_with_the_connection_goes_so_to_http_1_0(door: Door, misbehaving: Misbehaving) -> None:
    """No chunks for a client that does not know them; chunks from the upstream are undone."""
    for sent in (_OK + b"\r\nhello", _head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n"):
        misbehaving.answer = Script(sent, close=True)
        with Wire(door.gateway.port) as wire:
            wire.send([get(b"Connection: keep-alive", version=b"HTTP/1.0")])
            answer = wire.read_answer()
            assert wire.is_ended()
        assert (answer.body, answer.header("transfer-encoding")) == (b"hello", None)


def test_a_cut_answer_is_cut_for_http_1_0_too(door: Door, misbehaving: Misbehaving) -> None:
    """Its only sign of the end is the end: it must not be an orderly one."""
    misbehaving.answer = Script(_head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n", close=True)
    with Wire(door.gateway.port) as wire:
        wire.send([get(version=b"HTTP/1.0")])
        assert wire.ends_by_reset()


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("status", [401, 413, 200])
def test_an_answer_before_the_body_is_read_ends_the_connection(
    door: Door, misbehaving: Misbehaving, status: int, framing: bytes
) -> None:
    """The client has it at once; what it sends later is no request of anybody's (0.CL and CL.0)."""
    misbehaving.clear()
    misbehaving.early = True
    misbehaving.answer = Script(b"HTTP/1.1 %d Early\r\n" % status + _HELLO)
    smuggled = get(target=b"/smuggled")
    with Wire(door.gateway.port) as wire:
        wire.send([post(framing)])
        answer = wire.read_answer()
        wire.send([smuggled])
        assert (answer.status, answer.header("connection")) == (status, "close")
        assert wire.is_ended()
    misbehaving.early = False
    canary = door.probe()
    assert [request.target for request in misbehaving.requests if request.target != canary] == ["/v"]


@pytest.mark.parametrize("at", range(0, 60, 5))
def test_a_client_that_leaves_takes_nobody_elses_answer_with_it(door: Door, misbehaving: Misbehaving, at: int) -> None:
    """Its upstream connection is not used again, wherever in the exchange it left."""
    misbehaving.clear()
    misbehaving.early = False
    misbehaving.answer = Script(_OK + b"Content-Length: 50\r\n\r\n", 0.005, b"a" * 25, 0.005, b"a" * 25)
    wire = Wire(door.gateway.port)
    wire.send([post(b"Content-Length: 5", body=b"hello")[: 30 + at * 2]])
    wire.reset()
    door.probe()
    door.probe()
