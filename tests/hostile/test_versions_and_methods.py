"""Methods, versions, HTTP/1.0 and other protocols at the door."""

from tests.hostile.trial import Check, Door, Vector, accept, get, lacks, post, trial

_UNKNOWN_METHODS = [
    b"PROPFIND",
    b"MKCOL",
    b"LOCK",
    b"REPORT",
    b"SUBSCRIBE",
    b"M-SEARCH",
    b"LINK",
    b"QUERY",
    b"SEARCH",
    b"COPY",
    b"MOVE",
    b"SOURCE",
]
_NO_METHODS = [
    b"TRACK",
    b"DEBUG",
    b"get",
    b"Get",
    b"GETX",
    b"G",
    b"FOO",
    b"DESCRIBE",
    b"ANNOUNCE",
    b"PLAY",
    b"G\xc9T",
    b"G,T",
    b"GE T",
    b"\x00GET",
    b"{GET}",
]
_VERSIONS = [b"HTTP/0.9", b"HTTP/2.0"]
_NO_VERSIONS = [
    b"HTTP/1.2", b"HTTP/1.9", b"HTTP/3.0", b"HTTP/1", b"HTTP/2", b"HTTP/11", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1.01",
    b"http/1.1", b"Http/1.1",
    b"HTTP/1.1a", b"HTTP/ 1.1", b"HTTP /1.1", b"HTTP/-1.1", b"HTTP/1,1", b"HTTP/\xef\xbc\x91.1", b"HTTPS/1.1",
    b"XHTTP/1.1", b"FTP/1.1", b"HTTP",
    b"HTTP/", b"HTTP/.1", b"HTTP/1.", b"1.1",
]  # fmt: skip
_OTHER_PROTOCOLS = {b"RTSP/1.0": (400, 505), b"ICE/1.0": (400, 505)}

_HTTP_1_0 = b"HTTP/1.0"
_VECTORS = [
    *(
        Vector(f"method {method!r}", b"%b /v HTTP/1.1\r\nHost: a\r\n\r\n" % method, (501,))
        for method in _UNKNOWN_METHODS
    ),
    *(Vector(f"no method {method!r}", b"%b /v HTTP/1.1\r\nHost: a\r\n\r\n" % method) for method in _NO_METHODS),
    *(Vector(f"version {version!r}", get(version=version), (505,)) for version in _VERSIONS),
    *(Vector(f"no version {version!r}", get(version=version)) for version in _NO_VERSIONS),
    Vector("TRACE", b"TRACE /v HTTP/1.1\r\nHost: a\r\n\r\n", (405,)),
    Vector("TRACE with secrets", b"TRACE /v HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n", (405,)),
    Vector("CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", (405,)),
    Vector("CONNECT, then a tunnelled request", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n" + get(), (405,)),
    Vector("CONNECT with a path", b"CONNECT /v HTTP/1.1\r\nHost: a\r\n\r\n", (405,)),
    Vector("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400,)),
    accept(
        "method override headers",
        post(b"Content-Length: 0", b"X-HTTP-Method-Override: DELETE", b"X-Method-Override: DELETE"),
    ),
    accept("HTTP/1.0", get(version=_HTTP_1_0), closes=True),
    accept("HTTP/1.0, keep-alive", get(b"Connection: keep-alive", version=_HTTP_1_0)),
    accept("HTTP/1.0, keep-alive and close", get(b"Connection: keep-alive, close", version=_HTTP_1_0), closes=True),
    accept("HTTP/1.0, unknown expectation", get(b"Expect: foo", version=_HTTP_1_0), closes=True, check=lacks("Expect")),
    accept("HTTP/1.0 with a body", post(b"Content-Length: 5", version=_HTTP_1_0, body=b"hello"), closes=True),
    Vector(
        "HTTP/1.0, then another request", get(version=_HTTP_1_0) + get(target=b"/smuggled"), (200,), forwarded=("/v",)
    ),
]


def _methods_are(*methods: str) -> Check:
    def check(requests: list) -> None:  # type: ignore[type-arg]
        assert [request.method for request in requests] == list(methods)

    return check


_KNOWN = [
    Vector(
        method,
        f"{method} /v HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode("ascii"),
        (200,),
        False,
        ("/v",),
        _methods_are(method),
        method=method,
    )
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE")
]


@trial(_VECTORS + _KNOWN)
def test_known_methods_of_http_1(door: Door, vector: Vector, cut: str) -> None:
    """Everything else is another protocol's, or nobody's."""
    door.run(vector, cut)
