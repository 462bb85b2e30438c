"""Services that do nothing, for `ostiary check`: plugins are built as they would be, and nothing is started or kept.

No connection is opened (building opens none anyway), no secret file is made, no task is spawned.
"""

from collections.abc import Coroutine
from typing import NoReturn, final

from ostiary.adapters.clock import SystemClock
from ostiary.adapters.dice import SystemRandom
from ostiary.adapters.memory_store import MemoryStores
from ostiary.config.snapshot import Reaches
from ostiary.config.state import DEFAULT_STATE
from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest
from ostiary.plugin import Place, Services
from ostiary.ports import LogValue, Severity
from ostiary.providers.directory import ProviderDirectory
from ostiary.store_settings import StoreSettings


@final
class NoHttpClient:
    """Sends nothing."""

    async def send(self, request: OutboundRequest) -> NoReturn:
        """Refuse. Raises ProviderFault."""
        raise ProviderFault("provider_unreachable", "a check opens no connection")


@final
class NoSpawner:
    """Starts nothing."""

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Drop the work."""
        work.close()


@final
class NoLog:
    """Writes nothing."""

    def event(self, severity: Severity, code: str, message: str, /, **fields: LogValue) -> None:
        """Drop the line."""


def make_inert_services(
    place: Place, public_url: str | None, reaches: Reaches, _state: StoreSettings = DEFAULT_STATE
) -> Services:
    """Make what `build` may use (`ostiary.config.snapshot.MakeServices`)."""
    clock, http, spawner, log = SystemClock(), NoHttpClient(), NoSpawner(), NoLog()
    return Services(
        clock=clock,
        random=SystemRandom(),
        http=http,
        spawner=spawner,
        log=log,
        stores=MemoryStores(clock),
        providers=ProviderDirectory(http=http, clock=clock, spawner=spawner, log=log),
        place=place,
        public_url=public_url,
        generated_secret=lambda: "0" * 64,
        reaches=reaches,
    )
