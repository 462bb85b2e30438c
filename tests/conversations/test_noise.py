"""Whatever is sent to it from either side: nothing breaks inside, nothing leaks between requests, everything ends."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.counterparts.strict_reader import Ended, RecordedRequest, StrictReader, Violation
from tests.fakes.conversation import Client, Conversation, Upstream
from tests.fakes.messages import chunk, request, response

CUT_OFF = "the connection ended within a message"
LONGER_THAN_ANY_LIMIT_S = 200.0
CHUNKED = "Transfer-Encoding: chunked"
H2C = ("Upgrade: h2c", "Connection: Upgrade")


# ------------------------------------------------------------------------------------------------- noise from a client

PIECES = [
    request("GET /a"), request("GET /a?b=c", "Accept: */*", "Cookie: a=1"), request("HEAD /a"),
    request("POST /b", body=b"hello"), request("POST /b", CHUNKED), chunk(b"hello"), chunk(b"0\r\n\r\n"), chunk(b""),
    request("POST /c", *H2C, body=b"GET /no HTTP/1.1\r\nHost: a\r\n\r\n"), request("GET /c", *H2C),
    request("POST /c", *H2C, CHUNKED), request("POST /d", "Expect: 100-continue", "Content-Length: 5"), b"hello",
    request("GET /e", "Connection: close"), request("GET /f", version="1.0"), b"\r\n", b"0\r\nX-T: 1\r\n\r\n",
    b"GET /g HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", request("POST /h", "Content-Length: 5", CHUNKED),
    b"GET /i HTTP/1.1\nHost: a\n\n", b"\x00", b"PRI * HTTP/2.0\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    request("GET /" + "x" * 9000), b"5;x=y\r\nhello\r\n", b"Content-Length: 5\r\n", b" ",
]  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, 2000), st.sampled_from([b"", b"\r", b"\n", b" ", b":", b"0", b"\x00"])), max_size=2
)
CUTS = st.lists(st.integers(1, 2000), max_size=4)


@st.composite
def noise(draw: st.DrawFn, pieces: list[bytes]) -> list[bytes]:
    """Pieces that were once something, with a byte here and there replaced, cut anywhere."""
    whole = b"".join(draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=6)))
    for at, replacement in draw(EDITS):
        whole = whole[:at] + replacement + whole[at + 1 :]
    places = sorted({0, len(whole), *(cut for cut in draw(CUTS) if cut < len(whole))})
    return [whole[start:end] for start, end in pairwise(places)]


class Answering:
    """Every upstream line at once: answers each whole request with its target; keeps what was told on each line."""

    def __init__(self, talk: Conversation) -> None:
        """Watch no line yet."""
        self._talk = talk
        self._told: dict[Upstream, bytes] = {}
        self._answered: dict[Upstream, int] = {}

    def work(self) -> None:
        """Answer until nobody asks any more."""
        busy = True
        while busy:
            busy = False
            while self._talk._lines:
                self._told[self._talk.line()] = b""
            for line in self._told:
                self._told[line] += line.take()
                whole = read_requests(self._told[line])[0]
                for asked in whole[self._answered.get(line, 0) :]:
                    body = b"" if asked.method == "HEAD" else asked.target.encode("ascii")
                    line.answers(response(body=asked.target.encode("ascii"))[: -len(asked.target)] + body)
                    busy = True
                self._answered[line] = len(whole)

    def check(self) -> list[RecordedRequest]:
        """Return every whole request. Raises AssertionError for a byte that a strict server would refuse."""
        requests = []
        for told in self._told.values():
            whole, violation = read_requests(told)
            assert not violation or violation.startswith(CUT_OFF), violation
            requests += whole
        return requests


def read_requests(told: bytes) -> tuple[list[RecordedRequest], str]:
    """Read strictly: the whole requests, and what is wrong with the rest."""
    rest = iter([told])
    reader = StrictReader(lambda: next(rest, b""), 0)
    requests: list[RecordedRequest] = []
    try:
        while True:
            asked = reader.read_head()
            reader.read_body(asked)
            requests.append(asked)
    except Ended:
        return requests, ""
    except Violation as violation:
        return requests, str(violation)


def read_statuses(heard: bytes) -> list[int]:
    """Read responses with lengths, and return their statuses. Raises AssertionError for anything else."""
    statuses = []
    while heard:
        head, _, rest = heard.partition(b"\r\n\r\n")
        match = re.match(rb"HTTP/1\.1 (\d{3}) [A-Za-z' -]*(?:\r\n[A-Za-z-]+: [\x20-\x7e]*)*\Z", head)
        assert match, head
        statuses.append(int(match[1]))
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        size = int(length[1]) if length and not rest.startswith(b"HTTP/1.1 ") else 0
        heard = rest[size:]
    return statuses


@given(noise(PIECES))
def test_noise_from_a_client_ends_in_whole_requests_and_whole_answers(pieces: list[bytes]) -> None:
    """The upstream is told nothing that a strict server would refuse; nobody waits for ever; the log has every line."""
    with Conversation() as talk:
        client = talk.connect()
        upstreams = Answering(talk)
        for piece in pieces:
            if not client.is_gone():
                client.says(piece)
                upstreams.work()
        talk.pass_time(LONGER_THAN_ANY_LIMIT_S)
        upstreams.work()
        asked = upstreams.check()
        statuses = [status for status in read_statuses(client.take()) if status != 100]
        assert client.is_gone()
        assert [record["status"] for record in talk.records()] == statuses
        assert statuses.count(200) == len(asked)
        assert all(status >= 400 for status in statuses if status != 200)


# ---------------------------------------------------------------------------------------------- noise from an upstream


def make_tag(number: int) -> str:
    """Return a tag that noise, which changes a byte here and there, does not make into another's."""
    return str(number) * 6


def answers_of(tag: str) -> list[bytes]:
    """Right and wrong answers to the request with this tag; whatever carries it belongs to that request alone."""
    body = (f"[{tag}]" * 5).encode("ascii")
    field = f"X-Tag: [{tag}]"
    return [
        response("200 OK", field, body=body), response("200 OK", field, CHUNKED) + chunk(body) + chunk(b""),
        response("204 No Content", field), response("304 Not Modified", field, "Content-Length: 9"), chunk(body),
        response("103 Early Hints", field), response("200 OK", field, "Connection: close") + body,
        response("200 OK", field, "Content-Length: 100") + body, response("200 OK", field, CHUNKED) + chunk(body), body,
        response("205 Reset Content", field, body=body), response("101 Switching Protocols", field), b"\x00",
        response("200 OK", field, "Content-Length: 5", CHUNKED), b"HTTP/1.1 200", response("999 Odd", field, body=b""),
        b"\r\n", chunk(b""), b"zz\r\n",
    ]  # fmt: skip


@st.composite
def behaviours(draw: st.DrawFn) -> list[tuple[str, list[bytes], str]]:
    """For each of a few requests: its method, what is said to it, and how the upstream goes on."""
    drawn = []
    for number in range(draw(st.integers(2, 5))):
        method = draw(st.sampled_from(["GET", "GET", "HEAD", "POST"]))
        pieces = draw(noise(answers_of(make_tag(number))))
        drawn.append((method, pieces, draw(st.sampled_from(["stays", "stays", "ends", "breaks_off", "late"]))))
    return drawn


def play(talk: Conversation, client: Client, lines: list[Upstream], turn: tuple[str, list[bytes], str]) -> None:
    """Let a client ask, and whichever line is asked behave."""
    method, pieces, then = turn
    client.says(request(f"{method} /"))
    while talk._lines:
        lines.append(talk.line())
    for line in lines:
        if line.take() and not line.is_gone():
            for piece in pieces if then != "late" else pieces[:1]:
                line.answers(piece)
            if then in {"ends", "breaks_off"}:
                getattr(line, then)()
            if then == "late":
                for piece in pieces[1:]:
                    line.answers(piece)


@given(behaviours())
def test_noise_from_an_upstream_reaches_nobody_elses_client(turns: list[tuple[str, list[bytes], str]]) -> None:
    """Each client hears its own answer, a fault or a break, never a byte of another's; and nobody waits for ever."""
    with Conversation() as talk:
        clients = []
        lines: list[Upstream] = []
        for turn in turns:
            client = talk.connect()
            play(talk, client, lines, turn)
            clients.append(client)
        talk.pass_time(LONGER_THAN_ANY_LIMIT_S)
        while talk._lines:
            lines.append(talk.line())
        for line in lines:
            line.take()
        for number, client in enumerate(clients):
            heard = client.take()
            others = {make_tag(other).encode("ascii") for other in range(len(turns)) if other != number}
            assert not others & set(re.findall(rb"\[(\d+)\]", heard))  # noise may make a tag that is nobody's
            assert client.is_gone()
            assert heard or client.transport.fate == "aborted"
            assert not heard.startswith(b"HTTP/1.1 1")
        assert len(turns) == len(talk.records())
