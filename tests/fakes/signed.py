"""Somebody who signed in, at one of several workers that share their stores: for tests of what becomes of sessions."""

from collections.abc import Awaitable
from contextlib import closing
from typing import Any, Self

import pytest

from ostiary.plugin import Admit, Pass, Reply
from ostiary.store_settings import SqliteSettings, StoreSettings
from tests.fakes.loop_time import SteppedLoop
from tests.fakes.relying_parties import ORIGIN, PartyPlugin
from tests.fakes.sign_in import SignInWorld, Visitor

PAGE = f"{ORIGIN}/anything/test"
LOGOUT = f"{ORIGIN}/logout"
XHR = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
both = pytest.mark.parametrize("store", [None, SqliteSettings(path="sessions")], ids=["cookie", "store"])


class Signed:
    """Somebody who signed in, whose access token is over now."""

    def __init__(self, store: StoreSettings | None, **changes: Any) -> None:
        """Build the world; `enter` signs in."""
        self.world = SignInWorld()
        self.settings = {"store": store, **changes}
        self.visitor = Visitor(self.world, self.worker())
        self.state = self.world.stores.shared if store is None else self.world.stores.open(store)

    def worker(self) -> PartyPlugin:
        """Return another process of the gateway: it shares the stores and nothing else."""
        return PartyPlugin(self.world, **self.settings)

    async def enter(self) -> Self:
        """Sign in, and let five minutes pass."""
        await self.visitor.sign_in(PAGE)
        self.world.clock.advance(300)
        return self

    @property
    def cookie(self) -> str:
        """What the browser sends now."""
        return self.visitor.request(PAGE).cookie.decode()

    def other(self) -> Visitor:
        """The same browser at another worker."""
        visitor = Visitor(self.world, self.worker())
        visitor.jar = self.visitor.jar
        return visitor


def play(work: Awaitable[None]) -> None:
    """Play a scene on a loop that jumps over every wait."""

    async def run() -> None:
        await work

    with closing(SteppedLoop()) as loop:
        loop.run(run())


def token_of(settled: Reply | Admit | Pass) -> str:
    """Return the access token that the upstream gets."""
    assert isinstance(settled, Admit), settled
    assert settled.edits is not None
    lines = dict(line.split(": ", 1) for line in settled.edits.block.decode().splitlines())
    return lines["X-Access-Token"]
