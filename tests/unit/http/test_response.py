"""Response heads: what is passed on, what ends here, how the body ends, and what is refused."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.errors import UpstreamFault
from ostiary.http.response import (
    MAX_RESPONSE_FIELDS,
    MAX_RESPONSE_HEAD_BYTES,
    STATUS_LINES,
    BodyEnd,
    ResponseHead,
    is_owned_cookie,
    read_response_head,
)

Fields = list[tuple[bytes, bytes]]


def read(*fields: str, status: int = 200, version: str = "1.1", method: str = "GET", owned: str = "") -> ResponseHead:
    """Read a head of `Name: value` lines."""
    parts = (field.partition(": ") for field in fields)
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, _, value in parts]
    return read_response_head(status, version, pairs, method, tuple(owned.encode("ascii").split()))


def code_of(*fields: str, status: int = 200, version: str = "1.1", method: str = "GET") -> str:
    """Read a head that is refused, and return why."""
    with pytest.raises(UpstreamFault) as caught:
        read(*fields, status=status, version=version, method=method)
    return caught.value.code


# ------------------------------------------------------------------------------------------------------- the fields


def test_fields_are_passed_on_as_they_came() -> None:
    """In their order and spelling, repetitions and obs-text included."""
    head = read("Server: a", "x-ODD: 1", "X-Odd: 2", "X-Latin: \xe9\t ", "Content-Length: 0")

    assert b"Server: a\r\nx-ODD: 1\r\nX-Odd: 2\r\nX-Latin: \xe9\t \r\n" == head.lines


@pytest.mark.parametrize(
    "name",
    [
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "TE", "Trailer", "Upgrade",
        "HTTP2-Settings", "Transfer-Encoding", "Content-Length",
    ],
)  # fmt: skip
@pytest.mark.parametrize("spell", [str, str.lower, str.upper, str.swapcase])
def test_hop_by_hop_and_framing_fields_end_here(name: str, spell: "type[str]") -> None:
    """In every spelling; framing is ours to write."""
    value = {"Transfer-Encoding": "chunked", "Content-Length": "0"}.get(name, "x")

    assert b"A: 1\r\nB: 2\r\n" == read("A: 1", f"{spell(name)}: {value}", "B: 2").lines


@pytest.mark.parametrize("connection", ["X-Mine", "close, x-mine", "keep-alive,\tX-MINE\t,", "x-other,X-Mine"])
def test_what_connection_names_ends_here(connection: str) -> None:
    """RFC 9110 §7.6.1, whatever the case."""
    head = read("X-Mine: 1", "X-Yours: 2", f"Connection: {connection}", "x-mine: 3")

    assert b"X-Yours: 2\r\n" == head.lines


def test_several_connection_fields_count_together() -> None:
    """They are one list."""
    head = read("X-A: 1", "X-B: 2", "Connection: x-a", "Connection: x-b, close")

    assert (b"", False) == (head.lines, head.keep_alive)


def test_date_and_cache_control_are_noted_and_passed_on() -> None:
    """So that neither is added a second time."""
    head = read("Date: now", "cache-control: no-cache")

    assert (b"Date: now\r\ncache-control: no-cache\r\n", True, True) == (
        head.lines,
        head.has_date,
        head.has_cache_control,
    )
    assert (False, False) == (read("A: 1").has_date, read("A: 1").has_cache_control)


@pytest.mark.parametrize("cookie", ["ours=1", " ours =1; Path=/", "ours", "flow_1=x", "flow_=x", "ours=;Max-Age=0"])
def test_the_upstream_sets_none_of_our_cookies(cookie: str) -> None:
    """By name or by prefix."""
    assert b"Set-Cookie: a=1\r\n" == read("Set-Cookie: a=1", f"Set-Cookie: {cookie}", owned="ours flow_*").lines


@pytest.mark.parametrize("cookie", ["our=1", "ours2=1", "Ours=1", "flow=1", "a=ours=1"])
def test_the_upstreams_own_cookies_are_its_own(cookie: str) -> None:
    """Names are exact and case-sensitive."""
    expected = f"set-cookie: {cookie}\r\n".encode("ascii")

    assert expected == read(f"set-cookie: {cookie}", owned="ours flow_*").lines
    assert expected == read(f"set-cookie: {cookie}").lines


def test_owning_is_by_name_or_prefix() -> None:
    """`*` stands at the end only."""
    assert is_owned_cookie(b"ours", (b"other", b"ours"))
    assert is_owned_cookie(b"flow_x", (b"flow_*",))
    assert not is_owned_cookie(b"ours", ())
    assert not is_owned_cookie(b"flow_x", (b"flow_",))


# ------------------------------------------------------------------------------------------------------ the body's end


@pytest.mark.parametrize(
    ("fields", "end", "announced"),
    [
        (["Content-Length: 5"], BodyEnd.LENGTH, b"5"),
        (["Content-Length: 0"], BodyEnd.LENGTH, b"0"),
        (["content-length: 007"], BodyEnd.LENGTH, b"007"),
        (["Content-Length: 5 \t"], BodyEnd.LENGTH, b"5"),
        (["Transfer-Encoding: chunked"], BodyEnd.CHUNKED, None),
        (["transfer-encoding: CHUNKED "], BodyEnd.CHUNKED, None),
        ([], BodyEnd.CLOSE, None),
    ],
)
def test_the_framing_tells_how_the_body_ends(fields: list[str], end: BodyEnd, announced: bytes | None) -> None:
    """RFC 9112 §6.3."""
    head = read(*fields)

    assert (end, announced) == (head.body_end, head.announced)
    assert int(announced or 0) == head.length


@pytest.mark.parametrize(
    ("status", "method", "fields", "announced"),
    [
        (200, "HEAD", ["Content-Length: 5"], b"5"),
        (200, "HEAD", ["Transfer-Encoding: chunked"], None),
        (200, "HEAD", [], None),
        (304, "GET", ["Content-Length: 5"], b"5"),
        (304, "GET", [], None),
        (204, "GET", [], None),
        (204, "GET", ["Content-Length: 0"], None),
        (204, "HEAD", ["Content-Length: 5"], None),
        (205, "GET", ["Content-Length: 0"], b"0"),
        (205, "HEAD", [], None),
    ],
)
def test_some_answers_end_with_their_head(status: int, method: str, fields: list[str], announced: bytes | None) -> None:
    """HEAD, 204, 205 and 304; the connection goes on."""
    head = read(*fields, status=status, method=method)

    assert (BodyEnd.NO_BODY, announced, True) == (head.body_end, head.announced, head.keep_alive)


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (204, ["Content-Length: 5"]),
        (204, ["Transfer-Encoding: chunked"]),
        (205, ["Content-Length: 5"]),
        (205, ["Transfer-Encoding: chunked"]),
        (205, []),
    ],
)
def test_what_announces_a_body_that_cannot_be_is_not_kept(status: int, fields: list[str]) -> None:
    """The body may still come; a 205 tells the client that nothing does."""
    head = read(*fields, status=status)

    assert (BodyEnd.NO_BODY, False) == (head.body_end, head.keep_alive)
    assert (b"0" if status == 205 else None) == head.announced


@pytest.mark.parametrize(
    ("version", "fields", "expected"),
    [
        ("1.1", ["Content-Length: 0"], True),
        ("1.1", ["Content-Length: 0", "Connection: keep-alive"], True),
        ("1.1", ["Content-Length: 0", "Connection: Close"], False),
        ("1.1", ["Content-Length: 0", "Connection: x, close "], False),
        ("1.0", ["Content-Length: 0"], False),
        ("1.0", ["Content-Length: 0", "Connection: keep-alive"], False),
        ("1.1", [], False),
    ],
)
def test_a_connection_is_kept_when_nothing_speaks_against_it(version: str, fields: list[str], expected: bool) -> None:
    """A body that ends with it, an old version, or the upstream's word."""
    assert expected == read(*fields, version=version).keep_alive


# ----------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: "], ["Content-Length: -1"], ["Content-Length: +1"], ["Content-Length: 1, 1"],
        ["Content-Length: 0x1"], ["Content-Length: 1_0"], ["Content-Length: \xb2"],
        ["Content-Length: 1", "Content-Length: 1"], ["Content-Length: 1", "Content-Length: 2"],
        ["Content-Length: 1", "Transfer-Encoding: chunked"], ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: identity"], ["Transfer-Encoding: "],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: a"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Content-Length: " + "0" * 5000],
        ["Content-Length: " + "9" * 30],
    ],
)  # fmt: skip
def test_framing_in_doubt_is_refused(fields: list[str]) -> None:
    """No guess which of two readings is meant; also where there is no body to frame."""
    assert "upstream_framing" == code_of(*fields)
    assert "upstream_framing" == code_of(*fields, method="HEAD")


@pytest.mark.parametrize(("version", "fields"), [("0.9", []), ("2.0", []), ("1.0", ["Transfer-Encoding: chunked"])])
def test_a_version_that_does_not_fit_is_refused(version: str, fields: list[str]) -> None:
    """1.1, or 1.0 without chunks, which it does not know."""
    assert "upstream_framing" == code_of(*fields, version=version)


@pytest.mark.parametrize("status", [0, 99, 100, 101, 199, 600, 999, -1])
def test_a_status_that_is_no_final_one_is_refused(status: int) -> None:
    """200 to 599; interim ones are not answers."""
    assert "upstream_head_invalid" == code_of(status=status)


@pytest.mark.parametrize("field", ["A: b\x00", "A: b\rc", "A: b\nc", "A: b\r\nX-Evil: 1", "A\x7f: b"])
def test_control_characters_are_refused(field: str) -> None:
    """Response splitting, wherever it comes from."""
    assert "upstream_head_invalid" == code_of(field)


def test_too_many_fields_and_too_many_bytes_are_refused() -> None:
    """The largest head passes, one more does not."""
    value = "x" * (MAX_RESPONSE_HEAD_BYTES - len("A: \r\n"))

    assert MAX_RESPONSE_FIELDS == read(*["A: 1"] * MAX_RESPONSE_FIELDS).lines.count(b"\r\n")
    assert "upstream_head_too_large" == code_of(*["A: 1"] * (MAX_RESPONSE_FIELDS + 1))
    assert MAX_RESPONSE_HEAD_BYTES == len(read(f"A: {value}").lines)
    assert "upstream_head_too_large" == code_of(f"A: {value}x")


# -------------------------------------------------------------------------------------------------------- properties

NAMES = st.sampled_from(
    ["Server", "content-length", "Content-Length", "Transfer-Encoding", "Connection", "Set-Cookie", "Date", "X-A", "TE"]
)
VALUES = st.one_of(
    st.sampled_from(["0", "5", "05", "chunked", "close", "keep-alive", "x-a", "gzip", "ours=1", "a=1", "", " 5 "]),
    st.text(st.characters(max_codepoint=255), max_size=12),
)
FIELDS = st.lists(
    st.tuples(NAMES, VALUES).map(lambda pair: (pair[0].encode("latin-1"), pair[1].encode("latin-1"))), max_size=6
)


@given(st.integers(90, 620), st.sampled_from(["1.0", "1.1", "2.0"]), FIELDS, st.sampled_from(["GET", "HEAD", "POST"]))
@example(200, "1.1", [(b"Content-Length", b"0" * 4301)], "GET")
def test_a_head_is_a_clean_head_or_a_fault(status: int, version: str, fields: Fields, method: str) -> None:
    """Whatever the upstream says: whole lines without framing, hop-by-hop fields or our cookies, or a fault."""
    try:
        head = read_response_head(status, version, fields, method, (b"ours",))
    except UpstreamFault as fault:
        assert fault.code.startswith("upstream_")  # noqa: PT017 - either outcome is right
        return
    assert status in STATUS_LINES
    assert re.fullmatch(rb"(?:[^\r\n\x00]+: ?[^\r\n\x00]*\r\n)*", head.lines)
    names = {line.partition(b":")[0].lower() for line in head.lines.split(b"\r\n")[:-1]}
    assert names.isdisjoint({b"content-length", b"transfer-encoding", b"connection", b"te"})
    assert not re.search(rb"(?im)^set-cookie: ?ours=", head.lines)
    assert (head.body_end is BodyEnd.NO_BODY) == (method == "HEAD" or status in {204, 205, 304})
    assert head.announced is None or (head.announced.isdigit() and head.body_end is not BodyEnd.CHUNKED)
    assert not (head.keep_alive and head.body_end is BodyEnd.CLOSE)


@given(st.integers(200, 599))
def test_every_final_status_has_its_line(status: int) -> None:
    """Known ones with their phrase."""
    assert re.fullmatch(rb"HTTP/1\.1 %d [A-Za-z' -]*\r\n" % status, STATUS_LINES[status])
    assert b"HTTP/1.1 404 Not Found\r\n" == STATUS_LINES[404]
