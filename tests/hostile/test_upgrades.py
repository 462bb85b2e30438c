"""Upgrades that are not taken: no tunnel, no second request out of a body, no HTTP/2 by the back door."""

from tests.hostile.trial import Door, Vector, accept, body_is, get, lacks, post, trial

_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway.example\r\n\r\n"
_UPGRADE = b"Connection: Upgrade"
_H2C = (b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", b"Connection: Upgrade, HTTP2-Settings")
_GONE = lacks("Upgrade", "Connection", "HTTP2-Settings")

_VECTORS = [
    accept("h2c", get(*_H2C), check=_GONE),
    accept("h2c without settings", get(b"Upgrade: h2c", _UPGRADE), check=_GONE),
    accept(
        "h2c, Connection without settings", get(b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk", _UPGRADE), check=_GONE
    ),
    accept("h2c, not named", get(b"Upgrade: h2c"), check=_GONE),
    accept("h2c among others", get(b"Upgrade: foo, h2c", _UPGRADE), check=_GONE),
    accept("named without Upgrade", get(_UPGRADE), check=_GONE),
    accept("an unknown protocol", get(b"Upgrade: foo/1", _UPGRADE), check=_GONE),
    accept("TLS", get(b"Upgrade: TLS/1.0", _UPGRADE), check=_GONE),
    accept("h2c with a body", post(*_H2C, b"Content-Length: 5", body=b"hello"), check=body_is(b"hello")),
    accept(
        "h2c with chunks",
        post(*_H2C, b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
        check=body_is(b"hello", chunked=True),
    ),
    accept("h2c with a request as body", post(*_H2C, b"Content-Length: 49", body=_SMUGGLED), check=body_is(_SMUGGLED)),
    accept(
        "h2c with a request as chunk",
        post(*_H2C, b"Transfer-Encoding: chunked", body=b"31\r\n" + _SMUGGLED + b"\r\n0\r\n\r\n"),
        check=body_is(_SMUGGLED, chunked=True),
    ),
    accept(
        "an unknown protocol with a request as body",
        post(b"Upgrade: x", _UPGRADE, b"Content-Length: 49", body=_SMUGGLED),
        check=body_is(_SMUGGLED),
    ),
    Vector(
        "h2c, then another request", get(*_H2C) + get(target=b"/2"), (200, 200), closes=False, forwarded=("/v", "/2")
    ),
    Vector(
        "h2c with a body, then another request",
        post(*_H2C, b"Content-Length: 5", body=b"hello") + get(target=b"/2"),
        (200, 200),
        closes=False,
        forwarded=("/v", "/2"),
    ),
    Vector(
        "h2c, then the HTTP/2 preface", get(*_H2C) + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (200, 400), forwarded=("/v",)
    ),
    Vector("WebSocket with a body", get(b"Upgrade: websocket", _UPGRADE, b"Content-Length: 5") + b"hello"),
    Vector("WebSocket with a request as body", get(b"Upgrade: websocket", _UPGRADE, b"Content-Length: 49") + _SMUGGLED),
    Vector("WebSocket with chunks", get(b"Upgrade: WebSocket", _UPGRADE, b"Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    Vector("two Upgrade lines", get(b"Upgrade: h2c", b"Upgrade: websocket", _UPGRADE)),
    Vector(
        "h2c with two framings", post(*_H2C, b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    ),
    Vector("h2c with a bad length", post(*_H2C, b"Content-Length: 5x", body=b"hello" + _SMUGGLED)),
    Vector("h2c with a bad chunk", post(*_H2C, b"Content-Length: 5", b"Content-Length: 6", body=b"hello")),
    Vector("h2c with an unknown coding", post(*_H2C, b"Transfer-Encoding: cow", body=b"hello" + _SMUGGLED)),
    Vector(
        "h2c on CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", (405,)
    ),
]


@trial(_VECTORS)
def test_an_upgrade_that_is_not_taken_is_an_ordinary_request(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9110 §7.8: the fields go, the body stays framed, the next request is the next request (P13)."""
    door.run(vector, cut)
