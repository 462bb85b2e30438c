"""Bytes become exchanges: framing, order, and the limits of what does not end."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ClientFault
from ostiary.gateway.connection import ClientConnection
from ostiary.gateway.exchange import Exchange
from ostiary.gateway.intake import MAX_BARREN_BYTES, MAX_TRAILERS, SLICE_BYTES, Intake
from ostiary.http.section import HeadLimits
from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, request

LIMITS = HeadLimits(head_bytes=2000, target_bytes=300, fields=10, field_bytes=1000)
CHUNKED = "Transfer-Encoding: chunked"
H2C = ("Upgrade: h2c", "Connection: Upgrade")


class Reader:
    """An intake that is fed as a connection feeds it."""

    def __init__(self, connection: ClientConnection) -> None:
        """Start before the first request."""
        self.intake = Intake(connection)

    def feed(self, data: bytes, size: int = SLICE_BYTES) -> None:
        """Feed in slices, and again what comes back."""
        while data:
            piece, data = data[:size], data[size:]
            data = self.intake.feed(piece, LIMITS) + data

    def requests(self) -> list[tuple[bytes, bytes, bytes, bool]]:
        """Method, target, body and whether it is whole, of every request so far."""
        return [(each.raw.method, each.raw.url, b"".join(each.inbox), each.received) for each in self.intake.queue]

    def code_of(self, data: bytes, size: int = SLICE_BYTES) -> str:
        """Feed what is refused, and return why."""
        with pytest.raises(ClientFault) as caught:
            self.feed(data, size)
        return caught.value.code


@pytest.fixture(scope="module")
def connection() -> Iterator[ClientConnection]:
    """A connection for exchanges to belong to."""
    with Conversation() as talk:
        yield ClientConnection(talk.server)


@pytest.fixture
def reader(connection: ClientConnection) -> Reader:
    """A fresh intake."""
    return Reader(connection)


STREAM = b"".join(
    [
        request("GET /1", "A: 1", "B: 2"),
        request("POST /2", body=b"hello"),
        request("POST /3", CHUNKED) + chunk(b"hel") + chunk(b"lo") + b"0\r\nX-Userinfo: admin\r\n\r\n",
        b"\r\n",
        request("GET /4", *H2C),
        request("POST /5", *H2C, body=b"GET /no HTTP/1.1\r\n\r\n"),
        request("POST /6", *H2C, CHUNKED) + chunk(b"GET /no") + chunk(b""),
        request("GET /7"),
    ]
)
EXPECTED = [
    (b"GET", b"/1", b"", True),
    (b"POST", b"/2", b"hello", True),
    (b"POST", b"/3", b"hello", True),
    (b"GET", b"/4", b"", True),
    (b"POST", b"/5", b"GET /no HTTP/1.1\r\n\r\n", True),
    (b"POST", b"/6", b"GET /no", True),
    (b"GET", b"/7", b"", True),
]


@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=12))
def test_a_stream_cut_anywhere_is_the_same_requests(connection: ClientConnection, cuts: list[int]) -> None:
    """Bodies, chunks, trailers, empty lines and declined upgrades between them."""
    reader = Reader(connection)
    places = sorted({0, len(STREAM), *cuts})
    for start, end in pairwise(places):
        reader.feed(STREAM[start:end])

    assert EXPECTED == reader.requests()


@pytest.mark.parametrize("size", [1, 2, 3, 17])
def test_a_stream_in_small_pieces_is_the_same_requests(reader: Reader, size: int) -> None:
    """Byte by byte too."""
    reader.feed(STREAM, size)

    assert EXPECTED == reader.requests()


def test_a_head_is_kept_as_it_came(reader: Reader) -> None:
    """Spelling, order, repetitions; nothing is judged here. Trailers are no fields of it, nor of the next."""
    reader.feed(request("POST /", "x-A:  1 ", "X-A: 2", CHUNKED) + b"0\r\nX-Trailer: 1\r\n\r\n" + request())
    first, second = reader.intake.queue

    assert [(b"Host", b"shop.example"), (b"x-A", b"1 "), (b"X-A", b"2"), (b"Transfer-Encoding", b"chunked")] == (
        first.raw.fields
    )
    assert [(b"Host", b"shop.example")] == second.raw.fields
    assert "1.1" == first.raw.version


def test_a_head_that_will_never_be_whole_shows_what_came_of_it(reader: Reader) -> None:
    """Its fields, and nothing that could be taken for a request."""
    reader.feed(request("GET /a", "Accept: text/html").removesuffix(b"\r\n") + b"Cookie: a")
    raw = reader.intake.peek_head()

    assert (b"Accept", b"text/html") in raw.fields
    assert (b"", b"") == (raw.method, raw.url)


def test_it_knows_what_it_is_receiving(reader: Reader) -> None:
    """The exchange whose body is on its way, and how much came of it."""
    reader.feed(request("POST /", "Content-Length: 10") + b"hello")
    receiving = reader.intake.receiving

    assert isinstance(receiving, Exchange)
    assert (5, 5, False, False) == (
        receiving.received_bytes,
        reader.intake.window_bytes,
        receiving.received,
        reader.intake.is_in_head,
    )
    reader.feed(b"world")
    assert (10, 10, True, True) == (
        receiving.received_bytes,
        reader.intake.window_bytes,
        receiving.received,
        reader.intake.is_in_head,
    )
    assert reader.intake.receiving is None


def test_the_bytes_of_a_head_are_counted_as_they_come(reader: Reader) -> None:
    """From its first one; nothing is left over for the next."""
    reader.feed(b"GET / HTTP/1.1\r\nHo")
    assert 18 == reader.intake.head_bytes
    reader.feed(b"st: a\r\n\r\n")
    assert 0 == reader.intake.head_bytes
    reader.feed(request() + b"GET /")
    assert 0 < reader.intake.head_bytes


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        request("POST /", CHUNKED) + b"zz\r\n",
        request("POST /", *H2C, CHUNKED) + b"zz\r\n",
        request("POST /", CHUNKED, "Content-Length: 5"),
        request("POST /", "Content-Length: 5", "Content-Length: 5"),
        request("GET /", "Connection: close") + request(),
    ],
)
@pytest.mark.parametrize("size", [1, SLICE_BYTES])
def test_what_is_no_http_is_refused(reader: Reader, data: bytes, size: int) -> None:
    """However it is cut; what came before it stays."""
    assert "framing_invalid" == reader.code_of(data, size)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET /" + b"x" * 20_000, "target_too_large"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000, "head_too_large"),
        (b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 400, "head_too_large"),
        (b"\r\n" * 10_000, "head_too_large"),
        (request("POST /", CHUNKED) + b"1;" + b"x" * 20_000, "head_too_large"),
        (request("POST /", CHUNKED) + b"0" * 20_000, "head_too_large"),
        (request("POST /", CHUNKED) + b"0\r\n" + b"X: 1\r\n" * (MAX_TRAILERS + 2), "head_too_large"),
        (request("POST /", CHUNKED) + b"0\r\nX: " + b"x" * 20_000, "head_too_large"),
        (request("POST /", *H2C, CHUNKED) + b"1;" + b"x" * 20_000, "head_too_large"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000, SLICE_BYTES])
def test_what_does_not_end_is_refused_before_it_is_whole(reader: Reader, data: bytes, code: str, size: int) -> None:
    """Every byte counts when it is fed, however small the pieces."""
    assert code == reader.code_of(data, size)


@pytest.mark.parametrize("size", [1, SLICE_BYTES])
def test_what_stays_within_its_limits_is_borne(reader: Reader, size: int) -> None:
    """Chunk extensions and trailers, as long as content comes between, or as long as there are few."""
    extension = b";" + b"x" * (MAX_BARREN_BYTES // 2)
    body = b"".join(b"1" + extension + b"\r\nz\r\n" for _ in range(5))
    reader.feed(request("POST /", CHUNKED) + body + b"0\r\n" + b"X: 1\r\n" * MAX_TRAILERS + b"\r\n", size)

    assert [(b"POST", b"/", b"zzzzz", True)] == reader.requests()


def test_a_long_body_has_no_limit_here(reader: Reader) -> None:
    """That is the configuration's, and the exchange's to watch."""
    reader.feed(request("PUT /", body=b"x" * 100_000) + request("GET /next"))

    assert [(b"PUT", b"/", b"x" * 100_000, True), (b"GET", b"/next", b"", True)] == reader.requests()


def test_a_tunnel_is_a_request_like_any_other(reader: Reader) -> None:
    """CONNECT has no body, and is refused when it is its turn; the bytes behind it are a request for all we know."""
    reader.feed(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")

    assert [(b"CONNECT", b"a:1", b"", True)] == reader.requests()


@pytest.mark.parametrize("value", ["x", "-1", "5x"])
def test_a_length_that_is_none_announces_nothing(reader: Reader, value: str) -> None:
    """The parser refuses it, upgrade or not."""
    assert "framing_invalid" == reader.code_of(request("POST /", *H2C, f"Content-Length: {value}"))


def test_an_upgrade_whose_framing_is_in_doubt_is_refused_with_its_reason(reader: Reader) -> None:
    """What its body would be is not guessed; the connection ends with the refusal, so nothing behind it counts."""
    reader.feed(request("POST /", *H2C, "Host: b", "Content-Length: 5"))
    refusal = reader.intake.queue[0].refusal

    assert refusal is not None
    assert "host_repeated" == refusal.code
