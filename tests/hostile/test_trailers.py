"""Trailers: fields that come when everything is decided already. None reaches the upstream."""

from tests.hostile.trial import Door, Vector, accept, body_is, post, trial

_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway.example\r\n\r\n"


def _with_trailers(*lines: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=b"\r\n".join([b"5", b"hello", b"0", *lines, b"", b""]))


_DROPPED = [
    b"X-Trailer: 1", b"Host: evil.example", b"Authorization: Bearer admin", b"Cookie: session=admin",
    b"X-Userinfo: admin",
    b"x-userinfo: admin", b"X_Userinfo: admin", b"X.Userinfo: admin", b"X-Access-Token: admin", b"X-ID-Token: admin",
    b"X-Forwarded-For: 127.0.0.1", b"X-Real-IP: 127.0.0.1", b"Forwarded: for=127.0.0.1",
    b"Connection: X-Userinfo",
    b"Upgrade: websocket", b"Expect: 100-continue", b"Trailer: X-A", b"TE: trailers", b"Content-Type: text/html",
    b"Set-Cookie: a=b",
    b"X-Ostiary-Anything: 1", b"Date: now", b"X: \xff",
]  # fmt: skip
_REFUSED = [
    b"Content-Length: 5", b"Transfer-Encoding: chunked", b"X : 1", b": 1", b"X", b"X: a\x00b", b"X: a\nY: b",
    b"X: a\r\n b", b" X: 1",
    b"X\x00: 1", b"X: a\rb",
]  # fmt: skip
_VECTORS = [
    *(accept(f"dropped {line!r}", _with_trailers(line), check=body_is(b"hello", chunked=True)) for line in _DROPPED),
    accept("several", _with_trailers(b"X-A: 1", b"X-B: 2", b"X-A: 3"), check=body_is(b"hello", chunked=True)),
    accept("as many as may be", _with_trailers(*[b"X-A: 1"] * 32), check=body_is(b"hello", chunked=True)),
]


@trial([Vector("Connection: close", _with_trailers(b"Connection: close") + _SMUGGLED, (200, 400), forwarded=("/v",))])
def test_a_trailer_can_end_the_connection_at_most(door: Door, vector: Vector, cut: str) -> None:
    """The parser takes it at its word: whatever follows is refused, never forwarded."""
    door.run(vector, cut)


@trial(_VECTORS)
def test_trailers_are_read_and_dropped(door: Door, vector: Vector, cut: str) -> None:
    """The strict reader of the upstream refuses any trailer; the canaries see none of it either."""
    door.run(vector, cut)


@trial([Vector(f"refused {line!r}", _with_trailers(line) + _SMUGGLED) for line in _REFUSED])
def test_trailers_in_doubt_end_the_connection(door: Door, vector: Vector, cut: str) -> None:
    """Framing fields and broken lines after the body are an attack, not an oversight."""
    door.run_unfinished(vector, cut)


@trial(
    [
        Vector("too many", _with_trailers(*[b"X-A: 1"] * 10_000), (431,)),
        Vector("too large", _with_trailers(b"X-A: " + b"a" * 200_000), (431,)),
    ]
)
def test_trailers_have_limits(door: Door, vector: Vector, cut: str) -> None:
    """Ten thousand of them, or one without end, cost no memory (CVE-2026-22815)."""
    door.run_unfinished(vector, cut)
