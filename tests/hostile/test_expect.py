"""Expect: 100-continue is ours to answer; every other expectation fails; none becomes a way to lose framing."""

from tests.hostile.trial import Door, Vector, accept, body_is, get, lacks, post, trial
from tests.hostile.wire import CUTS, Wire

_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway.example\r\n\r\n"
_LENGTH = b"Content-Length: 5"

_REFUSED = [
    b"", b"foo", b"100", b"100-continue, foo", b"foo, 100-continue", b"x 100-continue", b"100-continue x",
    b"100-continue;a=b", b"100-contine",
    b"100_continue", b"200-ok", b"100-continue, 100-continue", b'"100-continue"', b"100-continue\x0b",
    b"y 100-continue",
]  # fmt: skip
_STATUS = {b"100-continue\x0b": 400}
_VECTORS = [
    *(
        Vector(
            f"refused {value!r}",
            post(b"Expect: " + value, _LENGTH, body=b"hello" + _SMUGGLED),
            (_STATUS.get(value, 417),),
        )
        for value in _REFUSED
    ),
    Vector("twice", post(b"Expect: 100-continue", b"Expect: 100-continue", _LENGTH, body=b"hello"), (417,)),
    Vector("folded", post(b"Expect:\r\n 100-continue", _LENGTH, body=b"hello")),
    Vector("on the next line", post(b"Expect:\n100-continue", _LENGTH, body=b"hello")),
    Vector(
        "with two framings", post(b"Expect: 100-continue", _LENGTH, b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    ),
    Vector("with a bad length", post(b"Expect: 100-continue", b"Content-Length: +5", body=b"hello")),
    Vector("with a huge length", post(b"Expect: 100-continue", b"Content-Length: 99999999999"), (413,)),
    Vector("with an unknown transfer coding", post(b"Expect: 100-continue", b"Transfer-Encoding: cow")),
    Vector("refused on a GET", get(b"Expect: foo"), (417,)),
    accept("without a body", get(b"Expect: 100-continue"), check=lacks("Expect")),
    accept("with an empty body", post(b"Expect: 100-continue", b"Content-Length: 0"), check=lacks("Expect")),
    accept("underscore", post(b"Ex_pect: 100-continue", _LENGTH, body=b"hello"), check=body_is(b"hello")),
]


@trial(_VECTORS)
def test_an_expectation_is_known_or_fails(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9110 §10.1.1; the refusal ends the connection, so the body is never a request."""
    door.run(vector, cut)


def test_a_client_that_waits_is_told_to_continue_once(door: Door) -> None:
    """100 first, then the body goes through, then the answer; the upstream is not asked to expect anything."""
    door.upstream.clear()
    with Wire(door.gateway.port) as wire:
        wire.send([post(b"Expect: 100-continue", _LENGTH)])
        assert wire.read_answer().status == 100
        wire.send([b"hello"])
        assert wire.read_answer().status == 200
        canary = door.send_canary(wire)
    door.check_upstream(["/v", canary])
    body_is(b"hello")(door.upstream.requests[:1])
    lacks("Expect")(door.upstream.requests)


@trial(
    [
        accept("length", post(b"Expect: 100-continue", _LENGTH, body=b"hello")),
        accept("chunks", post(b"Expect: 100-Continue", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")),
    ]
)
def test_a_client_that_does_not_wait_loses_nothing(door: Door, vector: Vector, cut: str) -> None:
    """The interim answer may come or not; the body is the body either way (the "0.CL" family of 2025)."""
    door.upstream.clear()
    with Wire(door.gateway.port) as wire:
        wire.send(CUTS[cut](vector.sent))
        answer = wire.read_answer()
        if answer.status == 100:
            answer = wire.read_answer()
        assert answer.status == 200
        canary = door.send_canary(wire)
    door.check_upstream(["/v", canary])
    assert [request.body for request in door.upstream.requests] == [b"hello", b""]
