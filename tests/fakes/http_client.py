"""A network that a test writes down: answers by URL, calls kept, and calls that wait until they are let go."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse

Answer = OutboundResponse | ProviderFault | Callable[[OutboundRequest], OutboundResponse]


def answer_json(document: Any, status: int = 200) -> OutboundResponse:
    """Make a JSON answer."""
    headers = (("content-type", "application/json"),)
    return OutboundResponse(status=status, headers=headers, body=msgspec.json.encode(document))


class FakeHttpClient:
    """Implements `ostiary.ports.HttpClient`. `answers` may be changed at any time; an unknown URL is a fault.

    While `hold()` is on, calls wait in the air; `release()` lets them land.
    """

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        """Know these answers."""
        self.answers: dict[str, Answer] = dict(answers or {})
        self.calls: list[OutboundRequest] = []
        self.in_the_air = 0
        self.most_in_the_air = 0
        self._gate: asyncio.Event | None = None

    def hold(self) -> None:
        """Let no call land."""
        self._gate = asyncio.Event()

    def release(self) -> None:
        """Let all calls land."""
        if self._gate is not None:
            self._gate.set()
            self._gate = None

    def count(self, url: str) -> int:
        """Count the calls to a URL."""
        return sum(call.url == url for call in self.calls)

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Answer as written down."""
        self.calls.append(request)
        self.in_the_air += 1
        self.most_in_the_air = max(self.most_in_the_air, self.in_the_air)
        try:
            if self._gate is not None:
                await self._gate.wait()
            answer = self.answers.get(request.url)
            if answer is None:
                raise ProviderFault("provider_refused", "nobody answers there")
            if isinstance(answer, ProviderFault):
                raise answer
            return answer if isinstance(answer, OutboundResponse) else answer(request)
        finally:
            self.in_the_air -= 1
