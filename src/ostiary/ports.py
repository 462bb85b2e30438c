"""What the inside asks of the outside: time, dice, outgoing calls, background work, and a log.

Protocols only. `ostiary.adapters` implements them for real, `tests/fakes` for tests; `ostiary.wiring` joins the two.
"""

from collections.abc import Coroutine
from typing import Literal, Protocol

from ostiary.http.outbound import OutboundRequest, OutboundResponse

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
        `provider_unreachable` (the rest) or `provider_answer_too_large`.
        """
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
