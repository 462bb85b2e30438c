"""Connection and its friends: they end at the gateway, and take nothing away that is ours or that frames."""

from tests.hostile.trial import Check, Door, Vector, accept, body_is, get, has, lacks, post, trial

_OURS = ["X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "Host"]
_HOP_BY_HOP = [
    "Proxy-Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Upgrade",
    "HTTP2-Settings",
    "Proxy-Authorization",
    "Proxy-Authenticate",
]
_TOKENS = [
    b"%b", b"%b, close", b"close, %b", b"keep-alive, %b", b" %b ", b"\t%b", b",%b", b"%b,", b",,%b,,", b"x,%b,y",
]  # fmt: skip


def _keeps(*names: str) -> Check:
    def check(requests: list) -> None:  # type: ignore[type-arg]
        for request in requests:
            assert {name.lower() for name in names} <= request.names(), request.headers

    return check


_NAMING_OURS = [
    accept(
        f"{name} as {form!r}",
        get(b"Connection: " + form.replace(b"%b", name.encode("ascii"))),
        check=_keeps(*_OURS),
        closes=b"close" in form,
    )
    for name in [*_OURS, "x-real-ip", "X-FORWARDED-FOR"]
    for form in _TOKENS
]
_NAMING_FRAMING = [
    accept(
        f"{name.decode()} named",
        post(b"Content-Length: 5", b"Connection: " + name, body=b"hello"),
        check=body_is(b"hello"),
    )
    for name in (b"Content-Length", b"content-length", b"Transfer-Encoding", b"Host", b"Expect", b"Cookie")
]
_DROPPED = [
    accept(f"{name} alone", get(f"{name}: x".encode("ascii")), check=lacks(name, "Connection")) for name in _HOP_BY_HOP
]
_VECTORS = [
    accept("a named field", get(b"X-Secret: 1", b"Connection: X-Secret"), check=lacks("X-Secret", "Connection")),
    accept("a named field, lower case", get(b"X-Secret: 1", b"connection: x-secret"), check=lacks("X-Secret")),
    accept("a named field, upper case", get(b"X-Secret: 1", b"CONNECTION: X-SECRET"), check=lacks("X-Secret")),
    accept(
        "a field named in a second line",
        get(b"Connection: close", b"X-Secret: 1", b"Connection: x-secret"),
        check=lacks("X-Secret"),
        closes=True,
    ),
    accept("named before it comes", get(b"Connection: x-secret", b"X-Secret: 1"), check=lacks("X-Secret")),
    accept(
        "named, others stay", get(b"Connection: x-secret", b"X-Secret: 1", b"X-Other: 2"), check=has("X-Other", "2")
    ),
    accept(
        "Authorization named",
        get(b"Connection: authorization", b"Authorization: Bearer x"),
        check=lacks("Authorization"),
    ),
    accept("Cookie named beside one", get(b"Connection: cookie", b"Cookie: a=1"), check=_keeps(*_OURS)),
    accept("nothing named", get(b"Connection:"), check=lacks("Connection")),
    accept("nonsense named", get(b"Connection: \xff, {}, a b"), check=lacks("Connection")),
    accept("TE: trailers", get(b"Connection: TE", b"TE: trailers"), check=lacks("TE", "Connection")),
    accept("Keep-Alive with numbers", get(b"Keep-Alive: timeout=5, max=1000"), check=lacks("Keep-Alive")),
]


@trial(_NAMING_OURS + _NAMING_FRAMING + _DROPPED + _VECTORS)
def test_connection_takes_away_only_what_the_client_sent(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9110 §7.6.1, with the order that keeps the gateway's own fields (CVE-2024-45410 and its family)."""
    door.run(vector, cut)
