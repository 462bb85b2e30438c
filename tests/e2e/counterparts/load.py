"""Many requests at once, and requests at a steady pace, from one event loop: who was answered what, when, how fast.

The one who asks is a program that keeps its connections: it shows the cookie that it is given, follows no redirect, and
keeps no cookie by itself.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

LIMIT_S = 30.0
NAVIGATION = {
    "Accept": "text/html",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "none",
}


@dataclass(frozen=True)
class Ask:
    """What is asked: by whom (`sub`), where, and how."""

    url: str
    cookie: str
    sub: str = ""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answered:
    """One answer. Times are those of time.monotonic(); the body is the upstream's, if it came from there."""

    ask: Ask
    sent_at: float
    took_s: float
    status: int
    body: Any
    set_cookies: tuple[str, ...]


class Asker:
    """Sends requests. Everything that it was answered is in `answers`, in the order of the answers."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Begin with no answers."""
        self.answers: list[Answered] = []
        self._session = session

    async def ask(self, ask: Ask) -> Answered:
        """Send one request. Raises aiohttp.ClientError, and TimeoutError."""
        sent_at = time.monotonic()
        headers = {"Cookie": ask.cookie, **(ask.headers or {})}
        async with self._session.get(ask.url, headers=headers, allow_redirects=False) as response:
            body = await response.read()
        took_s = time.monotonic() - sent_at
        said = json.loads(body) if response.status == 200 and response.content_type == "application/json" else None
        cookies = tuple(response.headers.getall("Set-Cookie", []))
        answered = Answered(ask, sent_at, took_s, response.status, said, cookies)
        self.answers.append(answered)
        return answered

    async def ask_at_once(self, asks: Sequence[Ask]) -> list[Answered]:
        """Send them all at the same time, each on a connection of its own."""
        return await asyncio.gather(*(self.ask(ask) for ask in asks))

    @asynccontextmanager
    async def keep_asking(self, asks: Sequence[Ask], every_s: float) -> AsyncIterator[None]:
        """Ask one after the other, over and over, whether answers come or not; in the end wait for all of them."""
        under_way: set[asyncio.Task[Answered]] = set()

        async def pace() -> None:
            number = 0
            while True:
                under_way.add(asyncio.create_task(self.ask(asks[number % len(asks)])))
                number += 1
                await asyncio.sleep(every_s)

        pacing = asyncio.create_task(pace())
        try:
            yield
        finally:
            pacing.cancel()
            await asyncio.gather(pacing, return_exceptions=True)
            await asyncio.gather(*under_way)


@asynccontextmanager
async def open_asker() -> AsyncIterator[Asker]:
    """Make one with as many connections as it needs."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    ) as session:
        yield Asker(session)


def update_cookies(cookie: str, set_cookies: Sequence[str]) -> str:
    """Return the Cookie header of a browser that was answered with these Set-Cookie values."""
    held = dict(pair.split("=", 1) for pair in cookie.split("; ") if pair)
    for line in set_cookies:
        pair, _, attributes = line.partition(";")
        name, _, value = pair.partition("=")
        if "max-age=0" in attributes.lower():
            held.pop(name, None)
        else:
            held[name] = value
    return "; ".join(f"{name}={value}" for name, value in held.items())
