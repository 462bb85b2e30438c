"""Redis as operators run it, with real servers on loopback: under three sentinels, and as a cluster of six nodes.

Both tell how a configuration names them (`fields`), wait until the replicas are in sync, kill the primary of the
moment, and say after how long another one had taken its place, as the servers themselves tell it.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from tests.e2e.counterparts.processes import Outputs, RunningProgram, free_port
from tests.e2e.counterparts.redis_server import WITHIN_S, RedisServer
from tests.e2e.counterparts.session_scene import wait_until
from tests.requires import require

MASTER_NAME = "ostiary-tests"
DOWN_AFTER_MS = 1000
REPLICAS = 2
SHARDS = 3
SLOTS = 16_384
START_S = 30.0
_REPLICATED = ("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0")


class _Servers:
    """Servers that end together. `servers` are those that were not killed."""

    def __init__(self) -> None:
        """None yet."""
        self.servers: list[RedisServer] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def replicas(self) -> list[RedisServer]:
        """Those that say so of themselves."""
        return [server for server in self.servers if tell_role(server) == b"slave"]

    def _start(self, folder: Path, *options: str) -> None:
        folder.mkdir(parents=True)
        self.servers.append(self._stack.enter_context(RedisServer(folder, *_REPLICATED, *options)))

    @contextlib.contextmanager
    def _begin(self) -> Iterator[None]:
        """End whatever was started by then when the rest does not come up."""
        with self._stack as begun:
            yield
            self._stack = begun.pop_all()


class SentinelSetup(_Servers):
    """A primary with two replicas, and three sentinels of which two have to agree."""

    def __init__(self, folder: Path, *, down_after_ms: int = DOWN_AFTER_MS) -> None:
        """Start all of them, and wait until they know each other."""
        super().__init__()
        self._down_after_ms = down_after_ms
        with self._begin():
            self._start(folder / "0")
            port = self.servers[0].port
            for number in range(1, REPLICAS + 1):
                self._start(folder / str(number), "--replicaof", f"127.0.0.1 {port}")
            self._ports = [self._start_sentinel(folder / f"sentinel-{number}", port) for number in range(3)]
            wait_until(self._is_complete, START_S)
            self.wait_for_replicas()

    @property
    def fields(self) -> dict[str, Any]:
        """How a configuration names it."""
        return {
            "sentinels": [{"host": "127.0.0.1", "port": port} for port in self._ports],
            "master_name": MASTER_NAME,
        }

    @property
    def primary(self) -> RedisServer:
        """The server that says so of itself."""
        return next(server for server in self.servers if tell_role(server) == b"master")

    def clear(self) -> None:
        """Forget everything; the replicas follow."""
        run_at(self.primary.port, "FLUSHALL")

    def wait_for_replicas(self) -> None:
        """Return when every replica has what the primary has now."""
        _wait_for_replicas([self.primary], self.servers)

    def kill_primary(self, replicas: int) -> float:
        """Kill it, and return how long it took until another one said that it is the primary of so many replicas."""
        self.wait_for_replicas()
        old = self.primary
        old.kill()
        self.servers.remove(old)
        return wait_until(lambda: any(_is_primary(server, replicas) for server in self.servers), START_S)

    def _start_sentinel(self, folder: Path, primary_port: int) -> int:
        folder.mkdir(parents=True)
        port = free_port()
        lines = [
            f"port {port}", "bind 127.0.0.1", f"dir {folder}",
            f"sentinel monitor {MASTER_NAME} 127.0.0.1 {primary_port} 2",
            f"sentinel down-after-milliseconds {MASTER_NAME} {self._down_after_ms}",
            f"sentinel failover-timeout {MASTER_NAME} 6000", f"sentinel parallel-syncs {MASTER_NAME} {REPLICAS}",
        ]  # fmt: skip
        file = folder / "sentinel.conf"
        file.write_text("\n".join(lines) + "\n", encoding="ascii")
        program = require("redis-server", "apt-get install redis-server")
        outputs = Outputs(folder / "sentinel.out", folder / "sentinel.err")
        running = RunningProgram([program, str(file), "--sentinel"], outputs)
        self._stack.callback(running.kill)
        running.wait_for_output("Sentinel ID is", WITHIN_S)
        return port

    def _is_complete(self) -> bool:
        for port in self._ports:
            flat = run_at(port, "SENTINEL", "MASTER", MASTER_NAME)
            told = dict(zip(flat[::2], flat[1::2], strict=True))
            if (int(told[b"num-slaves"]), int(told[b"num-other-sentinels"])) != (REPLICAS, 2):
                return False
        return True


class ClusterSetup(_Servers):
    """Three primaries with a replica each, which settle among themselves who takes over."""

    def __init__(self, folder: Path, *, down_after_ms: int = DOWN_AFTER_MS) -> None:
        """Start six nodes, make a cluster of them, and wait until all of them say that it is well."""
        super().__init__()
        self._down_after_ms = down_after_ms
        self._buses = [free_port() for _ in range(2 * SHARDS)]
        with self._begin():
            for number, bus in enumerate(self._buses):
                self._start_node(folder / str(number), bus)
            self._meet()
            wait_until(lambda: all(tell_cluster(server) == "ok" for server in self.servers), START_S)
            self.wait_for_replicas()

    @property
    def fields(self) -> dict[str, Any]:
        """How a configuration names it: by two of its nodes."""
        return {"cluster_nodes": [{"host": "127.0.0.1", "port": server.port} for server in self.servers[-2:]]}

    @property
    def primaries(self) -> list[RedisServer]:
        """The servers that say so of themselves."""
        return [server for server in self.servers if tell_role(server) == b"master"]

    def clear(self) -> None:
        """Forget everything; the replicas follow."""
        for server in self.primaries:
            run_at(server.port, "FLUSHALL")

    def wait_for_replicas(self) -> None:
        """Return when every replica has what its primary has now."""
        _wait_for_replicas(self.primaries, self.servers)

    def kill_primary(self, replicas: int) -> float:
        """Kill one; return how long it took until its replica was a primary, and the others said that all is well.

        With `replicas` it is started again, and becomes a replica: nobody else would be one.
        """
        self.wait_for_replicas()
        old = self.primaries[0]
        old.kill()
        self.servers.remove(old)
        took_s = wait_until(self._is_well_again, START_S)
        if replicas:
            old.start()
            self.servers.append(old)
            took_s += wait_until(lambda: all(_is_primary(server, replicas) for server in self.primaries), START_S)
        return took_s

    def _is_well_again(self) -> bool:
        return len(self.primaries) == SHARDS and all(tell_cluster(server) == "ok" for server in self.servers)

    def _start_node(self, folder: Path, bus: int) -> None:
        self._start(
            folder, "--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout",
            str(self._down_after_ms), "--cluster-config-file", "nodes.conf",
        )  # fmt: skip

    def _meet(self) -> None:
        first = self.servers[0]
        ids = [run_at(server.port, "CLUSTER", "MYID").decode() for server in self.servers]
        for number, server in enumerate(self.servers):
            run_at(server.port, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < SHARDS:
                begin, end = number * SLOTS // SHARDS, (number + 1) * SLOTS // SHARDS - 1
                run_at(server.port, "CLUSTER", "ADDSLOTSRANGE", begin, end)
            if server is not first:
                run_at(server.port, "CLUSTER", "MEET", "127.0.0.1", first.port, self._buses[0])
        for number, server in enumerate(self.servers[SHARDS:]):
            wait_until(lambda server=server: _knows(server, ids), START_S)  # type: ignore[misc]
            run_at(server.port, "CLUSTER", "REPLICATE", ids[number])


def run_at(port: int, *command: str | int) -> Any:
    """Run a command on a connection of its own; a reply is as Redis sent it: bytes, numbers and lists of them."""
    connection: Any = redis.Connection(  # type: ignore[no-untyped-call]
        "127.0.0.1", port, socket_timeout=WITHIN_S, protocol=2
    )
    try:
        connection.send_command(*command)
        return connection.read_response()
    finally:
        connection.disconnect()


def tell_role(server: RedisServer) -> bytes | None:
    """Return what a server says it is; None for one that is down."""
    try:
        role: bytes = run_at(server.port, "ROLE")[0]
    except redis.RedisError:
        return None
    return role


def tell_cluster(server: RedisServer) -> str:
    """Return what a node says of the cluster: `ok` or `fail`."""
    try:
        told: bytes = run_at(server.port, "CLUSTER", "INFO")
    except redis.RedisError:
        return "down"
    return dict(line.split(":", 1) for line in told.decode().split("\r\n") if line)["cluster_state"]


def _is_primary(server: RedisServer, replicas: int) -> bool:
    role = tell_role(server)
    return role == b"master" and len(run_at(server.port, "ROLE")[2]) >= replicas


def _wait_for_replicas(primaries: Sequence[RedisServer], servers: Sequence[RedisServer]) -> None:
    """Each replica says itself how far it has come, and whose replica it is."""
    wanted = {primary.port: run_at(primary.port, "ROLE")[1] for primary in primaries}
    for server in servers:
        if server.port not in wanted:
            wait_until(partial(_has_come_to, server, wanted), START_S)


def _has_come_to(replica: RedisServer, wanted: Mapping[int, int]) -> bool:
    role = run_at(replica.port, "ROLE")
    if role[0] != b"slave":
        return False
    _, _, primary_port, state, offset = role
    return primary_port in wanted and bool(state == b"connected") and bool(offset >= wanted[primary_port])


def _knows(server: RedisServer, ids: list[str]) -> bool:
    nodes: bytes = run_at(server.port, "CLUSTER", "NODES")
    return all(each.encode() in nodes for each in ids) and b"handshake" not in nodes
