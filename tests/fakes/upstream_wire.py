"""One upstream connection, its borrower and its pool's place taken by the test."""

from typing import NamedTuple, Self

from ostiary.errors import UpstreamFault
from ostiary.http.response import ResponseHead
from ostiary.upstream.connection import UpstreamConnection
from tests.fakes.loop_time import SteppedLoop
from tests.fakes.transport import FakeTransport

NODE = ("10.0.0.1", 8000)


class Arrival(NamedTuple):
    """What a borrower was told in one call."""

    head: ResponseHead | None
    body: bytes
    complete: bool


class FakeBorrower:
    """Implements `ostiary.upstream.connection.Borrower`, and remembers."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self.arrivals: list[Arrival] = []
        self.lost: tuple[str, bool] | None = None
        self.writable: list[bool] = []

    def response_arrived(self, head: ResponseHead | None, body: list[bytes], *, complete: bool) -> None:
        """Remember."""
        self.arrivals.append(Arrival(head, b"".join(body), complete))

    def upstream_lost(self, fault: UpstreamFault, *, untouched: bool) -> None:
        """Remember the code."""
        assert self.lost is None, "told twice"
        self.lost = (fault.code, untouched)

    def upstream_writable(self, *, writable: bool) -> None:
        """Remember."""
        self.writable.append(writable)

    @property
    def body(self) -> bytes:
        """Everything of the body."""
        return b"".join(arrival.body for arrival in self.arrivals)

    @property
    def is_whole(self) -> bool:
        """Whether the response is complete."""
        return bool(self.arrivals) and self.arrivals[-1].complete


class FakeShelter:
    """Implements `ostiary.upstream.connection.Shelter`, and remembers."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.given: list[UpstreamConnection] = []
        self.forgotten: list[UpstreamConnection] = []

    def give(self, connection: UpstreamConnection) -> None:
        """Remember."""
        self.given.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Remember."""
        self.forgotten.append(connection)


class Wire:
    """A connection to `NODE`, whose other end is the test."""

    def __init__(self) -> None:
        """Connect."""
        self.loop = SteppedLoop()
        self.shelter = FakeShelter()
        self.connection = UpstreamConnection(NODE, self.shelter)
        self.transport = FakeTransport(self.loop, self.connection, NODE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.loop.close()

    def lend(self, method: str = "GET", owned_cookies: tuple[bytes, ...] = ()) -> FakeBorrower:
        """Lend it to a borrower whose request is sent at once."""
        borrower = FakeBorrower()
        self.connection.lend(borrower, method, owned_cookies)
        self.connection.write(b"")
        self.connection.request_sent = True
        return borrower

    def says(self, *pieces: bytes) -> None:
        """Let bytes arrive, piece by piece."""
        for piece in pieces:
            self.loop.do(self.transport.deliver, piece)

    def ends(self) -> None:
        """Let the node end its direction."""
        self.loop.do(self.transport.deliver, None)

    def breaks(self) -> None:
        """Let the node reset."""
        self.loop.do(self.transport.reset)

    @property
    def is_open(self) -> bool:
        """Whether the connection is open."""
        return not self.transport.is_closing()
