"""Plugins that decide what the test says, registered through the door that real ones use."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from ostiary.http.request import Request
from ostiary.plugin import PASS, Admit, Claim, Pending, Plugin, Principal, Reply, Services, Settled, Verdict

ALICE = Principal(issuer="https://id.example", subject="alice", client_id="shop", kind="person", digest="d-alice")
BOB = Principal(issuer="https://id.example", subject="bob", client_id="shop", kind="person", digest="d-bob")

Decide = Callable[[Request, Principal | None, float], Verdict]


class ScriptedPlugin:
    """Implements `ostiary.plugin.Plugin`: a verdict, or a function that makes one. `asked` are its arguments so far."""

    fingerprint = "scripted"
    notices: tuple[str, ...] = ()

    def __init__(
        self,
        verdict: Verdict | Decide = PASS,
        *,
        authenticates: bool = False,
        cookie_names: tuple[str, ...] = (),
        claims: tuple[Claim, ...] = (),
    ) -> None:
        """Decide `verdict` on every request, or what it returns."""
        self.authenticates = authenticates
        self.cookie_names = cookie_names
        self.claims = claims
        self.asked: list[tuple[Request, Principal | None, float]] = []
        self._verdict = verdict

    def decide(self, request: Request, principal: Principal | None, now: float) -> Verdict:
        """Decide as scripted."""
        self.asked.append((request, principal, now))
        if isinstance(self._verdict, Settled | Pending):
            return self._verdict
        return self._verdict(request, principal, now)


class NoConfig(BaseModel):
    """Nothing to configure."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScriptedPluginType:
    """Implements `ostiary.plugin.PluginType` for one instance that is there already."""

    config: type[BaseModel] = NoConfig

    def __init__(self, name: str, priority: int, plugin: Plugin) -> None:
        """Stand for `plugin`."""
        self.name = name
        self.priority = priority
        self._plugin = plugin

    def build(self, config: Any, services: Services) -> Plugin:
        """Give the instance."""
        return self._plugin


def registry_of(plugins: Mapping[str, Plugin]) -> dict[str, ScriptedPluginType]:
    """Make a registry in which the plugins decide in the given order."""
    return {
        name: ScriptedPluginType(name, 1000 - position, plugin)
        for position, (name, plugin) in enumerate(plugins.items())
    }


class Later:
    """Makes `Pending` verdicts that settle when the test says so: with `settle`, or `fail`.

    `bodies` are what the host handed over, None without a body limit.
    """

    def __init__(self, body_limit_bytes: int = 0) -> None:
        """Ask for a body of at most so many bytes; 0 asks for none."""
        self.pending = Pending(self._wait, body_limit_bytes)
        self.bodies: list[bytes | None] = []
        self._waiting: list[asyncio.Future[Settled]] = []

    async def _wait(self, body: bytes | None = None) -> Settled:
        self.bodies.append(body)
        waiting: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return await waiting

    def settle(self, settled: Settled) -> None:
        """Let the oldest one settle; the loop has to run afterwards."""
        self._waiting.pop(0).set_result(settled)

    def fail(self, error: Exception) -> None:
        """Let the oldest one fail."""
        self._waiting.pop(0).set_exception(error)


def admit(**parts: Any) -> Admit:
    """Admit Alice, with edits or cookies."""
    return Admit(ALICE, reason="alice_known", **parts)


DENY = Reply(403, reason="not_for_you", headers=(("Content-Type", "text/plain"),), body=b"No.\n")
