"""Content-Length in every form that some server reads as another number."""

from tests.hostile.trial import Door, Vector, accept, body_is, get, post, trial

_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway.example\r\n\r\n"

_REFUSED_VALUES = [
    b"+5", b"-5", b"+0", b"-0", b"0x5", b"0X5", b"5x", b"0b101", b"0o5", b"1_0", b"5 5", b"5\t5", b"5,5", b"5, 5",
    b"5,", b",5",
    b"5;", b"5;a=b", b"5.0", b"5e0", b"5E1", b"'5'", b'"5"', b"(5)", b"5h", b"five", b"", b" ", b"\t", b"\xef\xbc\x95",
    b"\xb2", b"\xa05", b"5\xa0", b"\x855", b"\x0b5", b"5\x0b", b"\x0c5", b"5\x0c", b"\x005", b"5\x00", b"5\r", b"NaN",
    b"Infinity",
    b"18446744073709551616", b"18446744073709551621", b"9" * 400, b"0" * 400 + b"5", b"0" * 30 + b"5",
]  # fmt: skip
_TOO_LARGE_VALUES = [
    b"10485761",
    b"2147483648",
    b"4294967301",
    b"9007199254740993",
    b"9223372036854775807",
    b"9223372036854775808",
]

_VECTORS = [
    *(
        Vector(f"value {value[:24]!r} of {len(value)}", post(b"Content-Length: " + value, body=b"hello" + _SMUGGLED))
        for value in _REFUSED_VALUES
    ),
    *(
        Vector(f"too large {value!r}", post(b"Content-Length: " + value, body=b"hello"), (413,))
        for value in _TOO_LARGE_VALUES
    ),
    Vector("2^64 - 1", post(b"Content-Length: 18446744073709551615", body=b"hello"), (400,)),
    Vector("twice, equal", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello")),
    Vector("twice, different", post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello" + _SMUGGLED)),
    Vector("twice, another case", post(b"Content-Length: 5", b"content-length: 0", body=b"hello")),
    Vector("twice, far apart", post(b"Content-Length: 5", b"X-A: 1", b"X-B: 2", b"Content-Length: 5", body=b"hello")),
    Vector("three times", post(*[b"Content-Length: 5"] * 3, body=b"hello")),
    Vector("twice, one empty", post(b"Content-Length: 5", b"Content-Length:", body=b"hello")),
    Vector("twice, on a GET", get(b"Content-Length: 0", b"Content-Length: 0")),
    accept("leading zeros", post(b"Content-Length: 005", body=b"hello"), check=body_is(b"hello")),
    accept("no space", post(b"Content-Length:5", body=b"hello"), check=body_is(b"hello")),
    accept("white space around", post(b"Content-Length:  \t5 \t", body=b"hello"), check=body_is(b"hello")),
    accept("capitals", post(b"CONTENT-LENGTH: 5", body=b"hello"), check=body_is(b"hello")),
    accept("zero", post(b"Content-Length: 0"), check=body_is(b"")),
    accept("none on a POST", post(), check=body_is(b"")),
    accept("on a GET", get(b"Content-Length: 5") + b"hello", check=body_is(b"hello")),
    accept("zero on a GET", get(b"Content-Length: 0"), check=body_is(b"")),
    accept("a body that looks like a request", post(b"Content-Length: 49", body=_SMUGGLED), check=body_is(_SMUGGLED)),
    accept(
        "underscore look-alike",
        post(b"Content-Length: 5", b"Content_Length: 0", body=b"hello"),
        check=body_is(b"hello"),
    ),
    accept("dot look-alike", post(b"Content.Length: 50"), check=body_is(b"")),
    Vector("a body that ends early", post(b"Content-Length: 50", body=b"hello"), (), is_cut_off=True),
]


@trial(_VECTORS)
def test_one_plain_number_or_nothing(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9112 §6.3: what is not one plain number is refused, and the connection ends."""
    door.run(vector, cut)
