"""A Redis cluster: each key has a slot, each slot a node, and the nodes say which (Redis Cluster specification).

The map of slots is read from any node that answers, at first use and whenever a call shows that it is out of date. A
reply that sends a call elsewhere (MOVED, ASK) or asks it to wait (TRYAGAIN) proves that nothing was done, and is
followed until the call's time is over; nothing else is sent twice. All keys of a command are of one slot. Connections
are `ostiary.adapters.redis_pool`'s, one pool for each node, with all its promises.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import final

from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, ResponseError, TryAgainError

from ostiary.adapters.redis_faults import explain_failure
from ostiary.adapters.redis_pool import RedisCommand, RedisPool, Reply, find_deadline_s
from ostiary.adapters.redis_survey import Survey
from ostiary.adapters.spawner import TaskSpawner
from ostiary.errors import StoreFault
from ostiary.ports import Log
from ostiary.providers.single_flight import SingleFlight
from ostiary.store_settings import Address, RedisSettings

SLOTS = 16_384
MAX_HOPS = 5
PAUSE_S = 0.1  # between two readings of the map
RETRY_S = 0.05
PATIENCE_S = 0.25  # with nodes that do not tell the map
_QUESTION = RedisCommand(("CLUSTER", "SLOTS"))

SlotMap = list[Address | None]


@final
class RedisCluster:
    """Implements `ostiary.adapters.redis_store.RedisCalls`; make one per store, and `close()` it."""

    def __init__(self, settings: RedisSettings, tls_context: Callable[[bool], ssl.SSLContext], log: Log) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._tls_context = tls_context
        self._limit_s = find_deadline_s(settings)
        self._nodes: dict[Address, RedisPool] = {}
        self._slots: SlotMap = []
        self._is_doubtful = True
        self._read_at = float("-inf")
        self._spawner = TaskSpawner(log)
        self._reading: SingleFlight[None] = SingleFlight(self._spawner, "redis slots")
        self._survey = Survey(self._ask_node, PATIENCE_S)

    async def call(self, command: RedisCommand) -> Reply:
        """Send one command to the node of its key. Raises StoreFault."""
        ends_at = asyncio.get_running_loop().time() + self._limit_s
        slot = key_slot(_find_key(command).encode("utf-8"))
        node = await self._find_node(slot)
        for _ in range(MAX_HOPS):
            try:
                reply = await _ask_patiently(node, command, ends_at)
            except StoreFault:
                self._is_doubtful = True  # the node, or its being a primary
                raise
            if not isinstance(reply, ResponseError):
                return reply
            is_asking = isinstance(reply, AskError) and not isinstance(reply, MovedError)
            self._is_doubtful |= not is_asking
            if not isinstance(reply, AskError):  # a MovedError is one, too
                raise explain_failure(reply, node.place)
            command = command._replace(is_asking=is_asking)
            node = self._open(_read_target(reply, node))
        raise StoreFault("store_unavailable", f"redis at {node.place}: the cluster sends a call from node to node")

    async def close(self) -> None:
        """Cut every connection."""
        await self._spawner.drain(0)
        nodes, self._nodes = self._nodes, {}
        for node in nodes.values():
            await node.close()

    async def _find_node(self, slot: int) -> RedisPool:
        """Return the node of a slot, by a map that is not in doubt, or was read a moment ago."""
        age_s = asyncio.get_running_loop().time() - self._read_at
        if not self._slots or (self._is_doubtful and age_s >= PAUSE_S):
            await self._reading.join(None, self._read_slots)
        address = self._slots[slot] if self._slots else None
        if address is None:
            self._is_doubtful = True
            raise StoreFault("store_unavailable", "redis: no node of the cluster has the slot of a key")
        return self._open(address)

    async def _read_slots(self) -> None:
        """Take the first map that a node tells; while none does the known one stays. Without one: StoreFault."""
        self._read_at = asyncio.get_running_loop().time()
        self._is_doubtful = False
        places = dict.fromkeys((*self._nodes, *self._settings.cluster_nodes))
        try:
            (slots, *_) = await self._survey.put([self._open(address) for address in places], 1)
        except StoreFault:
            self._is_doubtful = True
            if not self._slots:
                raise
        else:
            await self._install(slots)

    async def _ask_node(self, node: RedisPool) -> SlotMap:
        try:
            reply = await node.call(_QUESTION)
        except StoreFault as fault:
            if fault.code != "store_refused":
                raise
            raise StoreFault(fault.code, f"{fault.detail}: is it part of a cluster (cluster_nodes)?") from None
        try:
            return read_slots(reply, node.place.rpartition(":")[0])
        except ValueError:
            raise StoreFault("store_refused", f"redis at {node.place} does not tell a cluster's slots") from None

    async def _install(self, slots: SlotMap) -> None:
        """Go by a new map; connections to nodes that have no slot any more are closed."""
        self._slots = slots
        wanted = {*slots, *self._settings.cluster_nodes}
        for address in [address for address in self._nodes if address not in wanted]:
            await self._nodes.pop(address).close()

    def _open(self, address: Address) -> RedisPool:
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = RedisPool(self._settings.at(address), self._tls_context)
        return node


async def _ask_patiently(node: RedisPool, command: RedisCommand, ends_at: float) -> Reply | ResponseError:
    """Ask a node, and while there is time again in the same way where it says that nothing was done yet."""
    loop = asyncio.get_running_loop()
    while True:
        reply = await node.ask(command, ends_at)
        if not isinstance(reply, TryAgainError) or loop.time() + 2 * RETRY_S >= ends_at:
            return reply
        await asyncio.sleep(RETRY_S)


def read_slots(reply: Reply, asked: str) -> SlotMap:
    """Read the answer to CLUSTER SLOTS; a node without an address is the one that was `asked`. Raises ValueError."""
    slots: SlotMap = [None] * SLOTS
    if not isinstance(reply, list) or not reply:
        message = "no slots"
        raise ValueError(message)
    for part in reply:
        match part:
            case [int(first), int(last), [(bytes() | None) as host, int(port), *_], *_] if (
                0 <= first <= last < SLOTS and 0 < port < 65536
            ):
                name = (host or b"").decode("latin-1")
                slots[first : last + 1] = [(name if name not in ("", "?") else asked, port)] * (last - first + 1)
            case _:
                message = "a range of slots is not understood"
                raise ValueError(message)
    return slots


def _find_key(command: RedisCommand) -> str:
    """Return the first key: the only one, or that of a script."""
    arguments = command.arguments
    return str(arguments[3] if arguments[0] == "EVALSHA" else arguments[1])


def _read_target(reply: AskError, told_by: RedisPool) -> Address:
    """Return where a redirection points; without a host that is the node itself, on another port."""
    return (reply.host or told_by.place.rpartition(":")[0], reply.port)
