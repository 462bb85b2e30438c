"""One vector against a real gateway: what is answered, what the upstream saw, and whether anybody else notices.

After every vector a canary goes over a fresh connection, and over the vector's own when that stays open. It is a desync
when the upstream saw a request that the vector does not call for, when a canary gets another answer than its own, or
when bytes of the vector turn up in the canary.
"""

import collections
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.counterparts.gateway import RunningGateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.strict_reader import RecordedRequest
from tests.hostile.wire import CUTS, Answer, Wire

CANARY_FIELDS = [
    "Host",
    "Accept",
    "X-Real-IP",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
]
CUT_OFF = "the connection ended within a message"

_numbers = itertools.count(1)

Check = Callable[[list[RecordedRequest]], None]


@dataclass(frozen=True)
class Vector:
    """What is sent, and what has to happen.

    `statuses` are the answers in order, `forwarded` the targets that the upstream sees for them. `closes`: the gateway
    ends the connection after the last answer. `is_cut_off`: the client ends its side after sending.
    """

    name: str
    sent: bytes
    statuses: tuple[int, ...] = (400,)
    closes: bool = True
    forwarded: tuple[str, ...] = ()
    check: Check | None = None
    is_cut_off: bool = False
    method: str = "GET"


def accept(name: str, sent: bytes, *, target: str = "/v", check: Check | None = None, closes: bool = False) -> Vector:
    """Make a vector that is harmless: one request, forwarded and answered."""
    return Vector(name, sent, (200,), closes=closes, forwarded=(target,), check=check)


def get(
    *lines: bytes, target: bytes = b"/v", version: bytes = b"HTTP/1.1", host: bytes = b"Host: gateway.example"
) -> bytes:
    """Return a GET with extra header lines."""
    return b"\r\n".join([b"GET " + target + b" " + version, *([host] if host else []), *lines]) + b"\r\n\r\n"


def post(*lines: bytes, body: bytes = b"", target: bytes = b"/v", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a POST with extra header lines and exactly this body: no framing is added."""
    return b"\r\n".join([b"POST " + target + b" " + version, b"Host: gateway.example", *lines]) + b"\r\n\r\n" + body


def trial(vectors: list[Vector]) -> pytest.MarkDecorator:
    """Parametrise a test with every vector in every segmentation."""
    cases = [pytest.param(vector, cut, id=f"{vector.name}, {cut}") for vector in vectors for cut in CUTS]
    names = collections.Counter(vector.name for vector in vectors)
    assert max(names.values()) == 1, f"two vectors have one name: {names.most_common(3)}"
    return pytest.mark.parametrize(("vector", "cut"), cases)


class Door:
    """The gateway under attack, and the upstream that tells what came through."""

    def __init__(self, gateway: RunningGateway, upstream: RecordingUpstream) -> None:
        """Hold both ends."""
        self.gateway = gateway
        self.upstream = upstream

    def run(self, vector: Vector, cut: str) -> list[Answer]:
        """Send the vector, check everything that it promises, and return the answers."""
        self.upstream.clear()
        canaries = []
        with Wire(self.gateway.port) as wire:
            wire.send(CUTS[cut](vector.sent))
            if vector.is_cut_off:
                wire.half_close()
            answers = [wire.read_answer(vector.method) for _ in vector.statuses]
            assert tuple(answer.status for answer in answers) == vector.statuses, answers
            if vector.closes:
                assert wire.is_ended(), "the connection stays open, or more came"
            else:
                canaries.append(self.send_canary(wire))
        canaries.append(self.probe())
        self.check_upstream([*vector.forwarded, *canaries], may_be_cut_off=vector.is_cut_off)
        if vector.check is not None:
            vector.check(self.upstream.requests[: len(vector.forwarded)])
        return answers

    def run_unfinished(self, vector: Vector, cut: str) -> None:
        """Send a vector that turns bad in its body: what was forwarded by then must never become a request."""
        self.upstream.clear()
        with Wire(self.gateway.port) as wire:
            wire.send(CUTS[cut](vector.sent))
            assert wire.read_answer().status == vector.statuses[0]
            assert wire.is_ended(), "the connection stays open, or more came"
        self.check_nothing_whole()

    def check_nothing_whole(self) -> None:
        """Check that the upstream saw no request but a canary; a request that was cut off is none."""
        self.check_upstream([self.probe()], may_be_cut_off=True)

    def probe(self) -> str:
        """Send a canary over a fresh connection and return its target."""
        with Wire(self.gateway.port) as fresh:
            return self.send_canary(fresh)

    def send_canary(self, wire: Wire) -> str:
        """Send a canary and check that its answer is its own."""
        target = f"/canary/{next(_numbers)}"
        wire.send([f"GET {target} HTTP/1.1\r\nHost: canary.example\r\nAccept: */*\r\n\r\n".encode("ascii")])
        answer = wire.read_answer()
        assert answer.status == 200, f"the canary was answered {answer}"
        echo = json.loads(answer.body)
        assert (echo["method"], echo["target"], echo["body_bytes"]) == ("GET", target, 0), (
            "a canary with another's bytes"
        )
        assert [name for name, _ in echo["headers"]] == CANARY_FIELDS, "a canary with another's headers"
        return target

    def check_upstream(self, targets: list[str], *, may_be_cut_off: bool = False) -> None:
        """Check that the upstream saw these requests and nothing that its strict reader refuses.

        `may_be_cut_off`: besides them the beginning of one that never became whole.
        """
        assert [request.target for request in self.upstream.requests] == targets
        violations = [each for each in self.upstream.violations if not (may_be_cut_off and each.startswith(CUT_OFF))]
        assert violations == []


def body_is(body: bytes, *, chunked: bool = False) -> Check:
    """Check the one request's body and framing as the upstream saw them."""

    def check(requests: list[RecordedRequest]) -> None:
        assert [(request.body, request.is_chunked) for request in requests] == [(body, chunked)]

    return check


def lacks(*names: str) -> Check:
    """Check that no request has a field with one of these names, `_` and `.` read as `-`."""
    unwanted = {_fold(name) for name in names}

    def check(requests: list[RecordedRequest]) -> None:
        for request in requests:
            assert not {_fold(name) for name in request.names()} & unwanted, request.headers

    return check


def has(name: str, value: str | None) -> Check:
    """Check that the one request has exactly this value under `name` (None: no such field)."""

    def check(requests: list[RecordedRequest]) -> None:
        assert [request.value(name) for request in requests] == [value]

    return check


def _fold(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower())
