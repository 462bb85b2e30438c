"""Line ends, folds, and what stands where a name or a colon should: every reader's favourite place to be kind."""

from tests.hostile.trial import Door, Vector, accept, get, post, trial

_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway.example\r\n\r\n"
_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_LINE_ENDS = [
    Vector("LF after the request line", b"GET /v HTTP/1.1\nHost: a\r\n\r\n"),
    Vector("LF after a header", b"GET /v HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
    Vector("LF LF at the end", b"GET /v HTTP/1.1\r\nHost: a\n\n"),
    Vector("LF everywhere", b"GET /v HTTP/1.1\nHost: a\n\n"),
    Vector("CR everywhere", b"GET /v HTTP/1.1\rHost: a\r\r"),
    Vector("CR after the request line", b"GET /v HTTP/1.1\rHost: a\r\n\r\n"),
    Vector("CR after a header", b"GET /v HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"),
    Vector("CR CR LF", b"GET /v HTTP/1.1\r\nHost: a\r\r\n\r\n"),
    Vector("CR CR LF after the request line", b"GET /v HTTP/1.1\r\r\nHost: a\r\n\r\n"),
    Vector("CR X at the end", b"GET /v HTTP/1.1\r\nHost: a\r\n\rX" + _SMUGGLED),
    Vector("CR CR at the end", b"GET /v HTTP/1.1\r\nHost: a\r\n\r\r\n"),
    Vector("CR LF CR without LF", b"GET /v HTTP/1.1\r\nHost: a\r\n\r" + _SMUGGLED),
    Vector("LF CR", b"GET /v HTTP/1.1\n\rHost: a\n\r\n\r"),
    Vector("CR alone in a value", get(b"X: a\rb")),
    Vector("CR alone at a value's end", get(b"X: a\r")),
    Vector("vertical tab as line end", b"GET /v HTTP/1.1\x0bHost: a\r\n\r\n"),
    Vector("form feed as line end", b"GET /v HTTP/1.1\r\nHost: a\x0cX: y\r\n\r\n"),
    Vector("NEL as line end", b"GET /v HTTP/1.1\x85Host: a\r\n\r\n"),
    accept("CR LF before the request line", b"\r\n" + get()),
    accept("two CR LF before the request line", b"\r\n\r\n" + get()),
]
_FOLDS = [
    Vector("fold in the first header", b"GET /v HTTP/1.1\r\n Host: a\r\n\r\n"),
    Vector("fold after Host", b"GET /v HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),
    Vector("fold with a tab", get(b"X: a\r\n\tb")),
    Vector("fold of nothing", get(b"X: a\r\n ")),
    Vector("fold in Host", b"GET /v HTTP/1.1\r\nHost:\r\n a\r\n\r\n"),
    Vector("fold in Content-Length", post(b"Content-Length:\r\n 5", body=b"hello")),
    Vector("fold in Content-Length's digits", post(b"Content-Length: 1\r\n 0", body=b"hello")),
    Vector("fold in Cookie", get(b"Cookie: a=1;\r\n b=2")),
    Vector("fold in Authorization", get(b"Authorization: Bearer\r\n abc")),
    Vector("fold with LF only", get(b"X: a\n b")),
    Vector("fold twice", get(b"X: a\r\n b\r\n c")),
    Vector("fold of an identity header", get(b"X: a\r\n X-Userinfo: admin")),
]
_NAMES = [
    Vector("space before the colon of Host", b"GET /v HTTP/1.1\r\nHost : a\r\n\r\n"),
    Vector("space before the colon of Content-Length", post(b"Content-Length : 5", body=b"hello")),
    Vector("tab before the colon", post(b"Content-Length\t: 5", body=b"hello")),
    Vector("NEL before the colon", post(b"Content-Length\x85: 5", body=b"hello")),
    Vector("NUL before the colon", get(b"X\x00: a")),
    Vector("no-break space before the colon", get(b"X\xa0: a")),
    Vector("empty name", get(b": a")),
    Vector("empty name and value", get(b":")),
    Vector("no colon", get(b"Host")),
    Vector("no colon, with a value", get(b"X a")),
    Vector("space at the start", b"GET /v HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n"),
    Vector("space inside", get(b"X Y: a")),
    Vector("a name in brackets", get(b"[X]: a")),
    Vector("a quoted name", get(b'"X": a')),
    Vector("a UTF-8 name", get("Ä: a".encode())),
    Vector("a request line among the headers", get(b"GET /smuggled HTTP/1.1")),
]
_NAME_OCTETS = [
    Vector(f"octet {octet:#04x} in a name", get(b"X" + bytes((octet,)) + b"Y: a"))
    for octet in range(256)
    if octet not in _TOKEN and octet != 0x3A
]
_VALUE_OCTETS = [
    Vector(f"octet {octet:#04x} in a value", get(b"X: a" + bytes((octet,)) + b"b"))
    for octet in [*(octet for octet in range(0x20) if octet != 0x09), 0x7F]
]
_REQUEST_LINES = [
    Vector("no version", b"GET /v\r\nHost: a\r\n\r\n", (505,)),
    Vector("no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
    Vector("no method", b"/v HTTP/1.1\r\nHost: a\r\n\r\n"),
    Vector("nothing but spaces", b"   \r\nHost: a\r\n\r\n"),
    Vector("space before the method", b" GET /v HTTP/1.1\r\nHost: a\r\n\r\n"),
    Vector("tabs between", b"GET\t/v\tHTTP/1.1\r\nHost: a\r\n\r\n"),
    Vector("a space in the target", b"GET /v x HTTP/1.1\r\nHost: a\r\n\r\n"),
    Vector("a tab in the target", b"GET /v\tx HTTP/1.1\r\nHost: a\r\n\r\n"),
    Vector("a second version", b"GET /v HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    Vector("a header at the end", b"GET /v HTTP/1.1 Host: a\r\n\r\n"),
    Vector("a colon after the method", b"GET: /v HTTP/1.1\r\nHost: a\r\n\r\n"),
    Vector("NUL before the request", b"\x00" + get()),
    Vector("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"A" * 32),
    Vector("the end in the request line", b"GET /v HT", (), is_cut_off=True),
    Vector("the end in the headers", b"GET /v HTTP/1.1\r\nHost: a\r\nX: y", (), is_cut_off=True),
]


@trial(_LINE_ENDS + _FOLDS + _NAMES + _REQUEST_LINES)
def test_only_crlf_ends_a_line_and_only_a_token_names_a_field(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9112 §2.2, §5.1, §5.2: other readers' kindness is not ours."""
    door.run(vector, cut)


@trial(_NAME_OCTETS + _VALUE_OCTETS)
def test_no_octet_outside_the_grammar_is_let_through(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9110 §5.1, §5.5: tokens as names, no control characters in values."""
    door.run(vector, cut)
