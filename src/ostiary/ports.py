"""What the inside asks of the outside: time, dice, outgoing calls, stores, background work, and a log.

Protocols only. `ostiary.adapters` implements them for real, `tests/fakes` for tests; `ostiary.wiring` joins the two.
"""

from collections.abc import Coroutine
from typing import Literal, NamedTuple, Protocol

from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.store_settings import StoreSettings

Severity = Literal["info", "warning", "error"]
LogValue = str | int | float | bool | None


class Clock(Protocol):
    """Wall-clock time, for lifetimes that others can see (tokens, sessions)."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        ...


class Random(Protocol):
    """Unpredictable bytes."""

    def token_bytes(self, count: int) -> bytes:
        """Return `count` bytes from the operating system's generator."""
        ...


class HttpClient(Protocol):
    """Outgoing calls: no redirects followed, no cookies kept, sizes and times capped by the request."""

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Return the answer, whatever its status.

        Raises ProviderFault with code `provider_dns`, `provider_refused`, `provider_tls`, `provider_timeout`,
        `provider_proxy`, `provider_unreachable` (the rest) or `provider_answer_too_large`.
        """
        ...


class SeriesPart(NamedTuple):
    """Members with their expiry, in the order they were added, and the position to go on from.

    `is_reset` says that the store has lost what it knew before: the position that was asked from is not its own.
    """

    members: tuple[tuple[str, float], ...]
    position: int
    is_reset: bool = False


class Store(Protocol):
    """Values under keys, each until its own time, and series of members; one truth for whoever shares the store.

    Keys are 1 to 256 printable ASCII characters without spaces, values at most 1 MiB, times wall-clock seconds. What is
    over is as good as not there. Everything raises StoreFault `store_unavailable` when the store does not answer within
    its time limit, and `store_refused` when it answers with an error; nothing is retried here. A call that was
    cancelled leaves nothing behind that another call could meet (DESIGN.md §9.12).
    """

    async def read(self, key: str) -> bytes | None:
        """Return the value, or None."""
        ...

    async def write(self, key: str, value: bytes, expires_at: float) -> None:
        """Put the value, whatever was there."""
        ...

    async def create(self, key: str, value: bytes, expires_at: float) -> bool:
        """Put the value where there is none; say whether that was so. Of many at once exactly one hears True."""
        ...

    async def replace(self, key: str, expected: bytes, value: bytes, expires_at: float) -> bool:
        """Put the value where exactly `expected` is; say whether that was so."""
        ...

    async def delete(self, key: str, expected: bytes | None = None) -> bool:
        """Take the value away (with `expected`: only exactly that one); say whether there was one to take."""
        ...

    async def append(self, series: str, member: str, expires_at: float) -> None:
        """Add a member to a series; one that is there already gets the later of both times, and counts as new."""
        ...

    async def read_series(self, series: str, after: int) -> SeriesPart:
        """Return the live members that were added after a position (0: from the beginning)."""
        ...


class Stores(Protocol):
    """The stores of this process. Opening one does no I/O."""

    @property
    def shared(self) -> Store:
        """The shared state: locks, results, revocations; what is lost here costs a sign-in at most."""
        ...

    def open(self, settings: StoreSettings) -> Store:
        """Return the store with these settings, always the same one."""
        ...


class Spawner(Protocol):
    """Background work with a name, a kept reference and a reported failure."""

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Run `work` beside the requests; a failure is logged under `name`."""
        ...


class Log(Protocol):
    """What the operator reads. Callers never pass secrets, tokens, codes or cookies."""

    def event(self, severity: Severity, code: str, message: str, /, **fields: LogValue) -> None:
        """Write one line: a stable `code`, a sentence, and fields by name."""
        ...
