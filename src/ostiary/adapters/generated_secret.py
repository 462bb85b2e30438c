"""The session secret that nobody configured, where every node that needs it finds the same one.

With `state` in Redis it lives there, made once by whoever comes first; otherwise in a file that only its owner reads
(`ostiary.adapters.secret_file`). The look-up happens while a configuration is loaded, once per process and place: it
waits for Redis no longer than a call may take, on a loop of its own.
"""

import asyncio
import threading
from pathlib import Path
from typing import final

from ostiary.adapters.secret_file import SECRET_BYTES, load_or_make_secret
from ostiary.adapters.stores import SystemStores
from ostiary.errors import Fault, OperatorFault
from ostiary.ports import Clock, Log, Random
from ostiary.store_settings import RedisSettings, StoreSettings

KEY = "session-secret"
KEPT_S = 100 * 365 * 86_400.0
MAX_CALLS = 3
GRACE_S = 0.2


@final
class GeneratedSecret:
    """Finds or makes the secret, and remembers it."""

    __slots__ = ("_clock", "_known", "_log", "_path", "_random")

    def __init__(self, path: Path, random: Random, clock: Clock, log: Log) -> None:
        """Take the file's path; nothing is read or made yet."""
        self._path = path
        self._random = random
        self._clock = clock
        self._log = log
        self._known: dict[StoreSettings, str] = {}

    def find(self, state: StoreSettings) -> str:
        """Return the secret. Raises OperatorFault: `secret_file`, or `secret_store` when Redis cannot be asked."""
        if not isinstance(state, RedisSettings):
            return load_or_make_secret(self._path, self._random)
        if state not in self._known:
            self._known[state] = self._find_in_redis(state)
        return self._known[state]

    def _find_in_redis(self, state: RedisSettings) -> str:
        """Ask from a thread: a configuration may be loaded inside the event loop, which cannot wait for itself."""
        from ostiary.adapters.redis_pool import find_deadline_s  # noqa: PLC0415 - not at every start: only with Redis

        outcome: list[str | Exception] = []

        def ask() -> None:
            try:
                outcome.append(asyncio.run(self._agree(state)))
            except Exception as error:  # noqa: BLE001 - told to whoever waits for the thread
                outcome.append(error)

        thread = threading.Thread(target=ask, name="session-secret", daemon=True)
        thread.start()
        thread.join(MAX_CALLS * find_deadline_s(state) + GRACE_S)  # a name that is not resolved can take far longer
        found = outcome[0] if outcome else TimeoutError()
        if isinstance(found, str):
            return found
        cause = found.detail if isinstance(found, Fault) else type(found).__name__
        detail = f"the generated session secret cannot be fetched: {cause}; write session.secret"
        raise OperatorFault("secret_store", detail)

    async def _agree(self, state: RedisSettings) -> str:
        """Offer a secret; of many offers one is kept, and everybody reads that one."""
        stores = SystemStores(self._path.parent, self._clock, self._log)
        store = stores.open(state)
        try:
            offer = self._random.token_bytes(SECRET_BYTES).hex().encode("ascii")
            found = await store.read(KEY)
            if found is None:
                await store.create(KEY, offer, self._clock.now() + KEPT_S)
                found = await store.read(KEY)
        finally:
            await stores.close()
        if found is None or len(found) < len(offer) or not found.isascii():
            raise OperatorFault("secret_store", f"what redis keeps under {state.prefix}:{KEY} is no secret")
        return found.decode("ascii")
