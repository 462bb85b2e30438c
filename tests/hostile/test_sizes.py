"""Limits hold at n - 1, n and n + 1, in one write and in many."""

from tests.hostile.trial import Door, Vector, accept, body_is, get, post, trial
from tests.hostile.wire import Wire

_TARGET, _FIELD, _COOKIE, _TOKEN, _FIELDS, _HEAD = 8192, 8192, 32_768, 20_480, 100, 65_536
_BODY_BYTES = 10 * 1024 * 1024


def _field(name: bytes, size: int) -> bytes:
    """A header line of `size` bytes, line end included."""
    return name + b": " + b"a" * (size - len(name) - 4)


def _target(size: int) -> bytes:
    return b"/" + b"a" * (size - 1)


def _head(size: int) -> bytes:
    """A head whose target and fields are `size` bytes together, by fields of 8 KiB."""
    fixed = len(b"/v") + len(b"Host: gateway.example\r\n")
    lines: list[bytes] = []
    left = size - fixed
    while left:
        take = min(left, _FIELD) if left - min(left, _FIELD) in {0, *range(16, size)} else left - 16
        lines.append(_field(b"X-%02d" % len(lines), take))
        left -= take
    return get(*lines)


_ACCEPTED = [
    accept("target n - 1", get(target=_target(_TARGET - 1)), target=_target(_TARGET - 1).decode()),
    accept("target n", get(target=_target(_TARGET)), target=_target(_TARGET).decode()),
    accept("query n", get(target=b"/?" + b"a" * (_TARGET - 2)), target="/?" + "a" * (_TARGET - 2)),
    accept("field n - 1", get(_field(b"X-A", _FIELD - 1))),
    accept("field n", get(_field(b"X-A", _FIELD))),
    accept("cookie n", get(_field(b"Cookie", _COOKIE))),
    accept("token n", get(_field(b"Authorization", _TOKEN))),
    accept("fields n - 1", get(*[b"X-A: 1"] * (_FIELDS - 2))),
    accept("fields n", get(*[b"X-A: 1"] * (_FIELDS - 1))),
    accept("head n - 1", _head(_HEAD - 1)),
    accept("head n", _head(_HEAD)),
    accept("body of zeros", post(b"Content-Length: 100000", body=b"0" * 100_000), check=body_is(b"0" * 100_000)),
]
_REFUSED = [
    Vector("target n + 1", get(target=_target(_TARGET + 1)), (414,)),
    Vector("query n + 1", get(target=b"/?" + b"a" * (_TARGET - 1)), (414,)),
    Vector("target of a megabyte", get(target=_target(1_000_000)), (414,)),
    Vector("target without end", b"GET " + _target(300_000), (414,)),
    Vector("field n + 1", get(_field(b"X-A", _FIELD + 1)), (431,)),
    Vector("dropped field n + 1", get(_field(b"X_A", _FIELD + 1)), (431,)),
    Vector("identity field n + 1", get(_field(b"X-Userinfo", _FIELD + 1)), (431,)),
    Vector("cookie n + 1", get(_field(b"Cookie", _COOKIE + 1)), (431,)),
    Vector("token n + 1", get(_field(b"Authorization", _TOKEN + 1)), (431,)),
    Vector("field of a megabyte", get(_field(b"X-A", 1_000_000)), (431,)),
    Vector("name without end", b"GET /v HTTP/1.1\r\n" + b"X" * 300_000, (431,)),
    Vector("value without end", b"GET /v HTTP/1.1\r\nX: " + b"y" * 300_000, (431,)),
    Vector("fields n + 1", get(*[b"X-A: 1"] * _FIELDS), (431,)),
    Vector("ten thousand fields", get(*[b"X: 1"] * 10_000), (431,)),
    Vector("fields without end", b"GET /v HTTP/1.1\r\n" + b"X: 1\r\n" * 30_000, (431,)),
    Vector("head n + 1", _head(_HEAD + 1), (431,)),
    Vector("empty lines without end", b"\r\n" * 150_000, (431,)),
    Vector("body n + 1 announced", post(b"Content-Length: %d" % (_BODY_BYTES + 1)), (413,)),
]


@trial(_ACCEPTED)
def test_what_is_within_the_limits_goes_through(door: Door, vector: Vector, cut: str) -> None:
    """The limit itself is allowed."""
    door.run(vector, cut)


@trial(_REFUSED)
def test_what_is_beyond_a_limit_is_refused(door: Door, vector: Vector, cut: str) -> None:
    """414, 431 or 413, and the end; also for what never ends (CVE-2026-54277)."""
    door.run(vector, cut)


def test_a_chunked_body_beyond_the_limit_is_refused(door: Door) -> None:
    """Nobody announced it: it is counted as it comes, and the upstream never gets it whole."""
    door.upstream.clear()
    chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    with Wire(door.gateway.port) as wire:
        wire.send([post(b"Transfer-Encoding: chunked"), *[chunk] * (_BODY_BYTES // 65_536 + 1)])
        assert wire.read_answer().status == 413
        assert wire.is_ended()
    assert door.upstream.requests == []
    door.probe()


def test_a_body_of_the_limit_goes_through(door: Door) -> None:
    """Ten mebibytes, exactly."""
    door.upstream.clear()
    with Wire(door.gateway.port) as wire:
        wire.send([post(b"Content-Length: %d" % _BODY_BYTES), b"a" * _BODY_BYTES])
        assert wire.read_answer().status == 200
    assert [len(request.body) for request in door.upstream.requests] == [_BODY_BYTES]
