"""The recording upstream's reader: it takes what RFC 9112 allows, and names everything else a violation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.counterparts.strict_reader import Ended, RecordedRequest, StrictReader, Violation

TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-_.XYZ0189", min_size=1, max_size=12)
VALUE = st.text('abc XYZ;=,"019~', max_size=20).map(str.strip)


def _reader(sent: bytes, step: int = 65_536) -> StrictReader:
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)]
    return StrictReader(lambda: pieces.pop(0) if pieces else b"", 7)


def _read(sent: bytes, step: int = 65_536) -> RecordedRequest:
    reader = _reader(sent, step)
    request = reader.read_head()
    reader.read_body(request)
    return request


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


@given(
    headers=st.lists(st.tuples(TOKEN.map("x-{}".format), VALUE), max_size=5),
    body=st.binary(max_size=60),
    chunk=st.integers(0, 9),
    step=st.integers(1, 40),
)
def test_what_was_sent_is_recorded(headers: list[tuple[str, str]], body: bytes, chunk: int, step: int) -> None:
    """Every well-formed request, whole or in pieces, with a length or in chunks."""
    framing = ("Transfer-Encoding", "chunked") if chunk else ("Content-Length", str(len(body)))
    pairs = [("Host", "a.example"), *headers, framing]
    head = "POST /p?q=1 HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n"
    request = _read(head.encode("ascii") + (_chunked(body, chunk) if chunk else body), step)
    assert request == RecordedRequest("POST", "/p?q=1", "1.1", pairs, 7, body, is_chunked=bool(chunk))


def test_requests_on_one_connection_follow_each_other_until_its_end() -> None:
    """Keep-alive and pipelining."""
    reader = _reader(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [reader.read_head().target, reader.read_head().target] == ["/1", "/2"]
    with pytest.raises(Ended):
        reader.read_head()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Userinfo: me\r\n\r\n",
    ],
)
def test_anything_else_is_a_violation(sent: bytes) -> None:
    """One line each for what a gateway must never send."""
    with pytest.raises(Violation):
        _read(sent)
