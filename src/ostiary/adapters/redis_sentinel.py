"""The primary that Redis Sentinel names: asked for at first use, after every failure, and each second while in use.

All sentinels are asked at once: while they change the primary one of them knows the new one first, and one that was cut
off still names the old one. The server that most of them name comes first, and is used when it says itself that it is
the primary. While no sentinel answers, the primary that is known stays: sentinels that are down harm nobody. Calls are
`ostiary.adapters.redis_pool`'s, with all its promises.
"""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Callable
from typing import final

import msgspec

from ostiary.adapters.redis_pool import RedisCommand, RedisPool, Reply
from ostiary.adapters.redis_survey import Survey
from ostiary.adapters.spawner import TaskSpawner
from ostiary.errors import StoreFault
from ostiary.ports import Log
from ostiary.providers.single_flight import SingleFlight
from ostiary.store_settings import Address, RedisSettings

ASK_AGAIN_S = 1.0  # while all is well
PAUSE_S = 0.1  # after a failure
PATIENCE_S = 0.25  # with sentinels, and with a server that should say what it is


@final
class SentinelPrimary:
    """Implements `ostiary.adapters.redis_store.RedisCalls`; make one per store, and `close()` it."""

    def __init__(self, settings: RedisSettings, tls_context: Callable[[bool], ssl.SSLContext], log: Log) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._tls_context = tls_context
        watching = _plan_sentinel(settings)
        self._sentinels = [RedisPool(watching.at(address), tls_context) for address in settings.sentinels]
        self._survey = Survey(self._ask_sentinel, PATIENCE_S)
        self._question = RedisCommand(("SENTINEL", "GET-MASTER-ADDR-BY-NAME", settings.master_name))
        self._address: Address | None = None
        self._primary: RedisPool | None = None
        self._is_doubtful = True
        self._asked_at = float("-inf")
        self._spawner = TaskSpawner(log)
        self._asking: SingleFlight[None] = SingleFlight(self._spawner, "redis primary")

    async def call(self, command: RedisCommand) -> Reply:
        """Send one command to the primary. Raises StoreFault; the next call asks the sentinels first then."""
        primary = await self._find_primary()
        try:
            return await primary.call(command)
        except StoreFault:
            if primary is self._primary:
                self._is_doubtful = True
            raise

    async def close(self) -> None:
        """Cut every connection."""
        await self._spawner.drain(0)
        for pool in (*self._sentinels, *([] if self._primary is None else [self._primary])):
            await pool.close()

    async def _find_primary(self) -> RedisPool:
        """Return the primary; one that is in doubt, or unknown, is asked for first."""
        age_s = asyncio.get_running_loop().time() - self._asked_at
        if self._primary is None or (self._is_doubtful and age_s >= PAUSE_S):
            await self._asking.join(None, self._ask)
        elif age_s >= ASK_AGAIN_S:
            self._asking.begin(None, self._ask)
        if self._primary is None:
            raise StoreFault("store_unavailable", "redis: no primary is known")
        return self._primary

    async def _ask(self) -> None:
        """Ask all sentinels, and use the server that they name once it says that it is the primary."""
        self._asked_at = asyncio.get_running_loop().time()
        try:
            answers = await self._survey.put(self._sentinels, len(self._sentinels))
        except StoreFault:
            if self._primary is None:
                raise
            self._is_doubtful = False  # nobody knows of another one; the next call that fails asks again
            return
        named = [address for address, _ in Counter(answers).most_common()]
        if self._is_doubtful or named[0] != self._address:
            await self._choose(named)
            self._is_doubtful = False

    async def _ask_sentinel(self, sentinel: RedisPool) -> Address:
        try:
            address = read_address(await sentinel.call(self._question))
        except StoreFault as fault:
            if fault.code != "store_refused":
                raise
            raise StoreFault(fault.code, f"{fault.detail}: is it a sentinel (sentinels)?") from None
        if address is None:
            name = self._settings.master_name
            raise StoreFault(
                "store_refused", f"redis at {sentinel.place} is no sentinel that knows a master_name {name}"
            )
        return address

    async def _choose(self, named: list[Address]) -> None:
        """Use the first server that says that it is the primary. Raises the last StoreFault when none does."""
        for address in named[:-1]:
            with contextlib.suppress(StoreFault):
                return await self._turn_to(address)
        return await self._turn_to(named[-1])

    async def _turn_to(self, address: Address) -> None:
        """Use the server at an address. Raises StoreFault while it does not say that it is the primary."""
        primary, old = self._primary, None
        if primary is None or address != self._address:
            old, primary = primary, RedisPool(self._settings.at(address), self._tls_context)
        try:
            await _check_role(primary)
        except BaseException:
            if primary is not self._primary:
                await primary.close()
            raise
        self._address, self._primary = address, primary
        if old is not None:
            await old.close()


async def _check_role(server: RedisPool) -> None:
    role = await server.ask(RedisCommand(("ROLE",)), asyncio.get_running_loop().time() + PATIENCE_S)
    if not isinstance(role, list) or role[:1] != [b"master"]:
        raise StoreFault("store_unavailable", f"redis at {server.place} is not the primary yet")


def read_address(reply: Reply) -> Address | None:
    """Read where a sentinel says the primary is; None where it says nothing of the kind."""
    match reply:
        case [bytes() as host, bytes() as port] if host and port.isdigit() and 0 < int(port) < 65536:
            return host.decode("latin-1"), int(port)
        case _:
            return None


def _plan_sentinel(settings: RedisSettings) -> RedisSettings:
    return msgspec.structs.replace(
        settings, database=0, username=settings.sentinel_username, password=settings.sentinel_password
    )
