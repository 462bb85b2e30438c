"""A real redis-server on a loopback port of its own, with nothing on disk: started, stopped, killed, frozen, restarted.

It keeps its port over restarts, as a real one does, and forgets everything. `run` is a second way in, for looking
behind the store under test and for taking its memory away.
"""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from tests.e2e.counterparts.processes import Outputs, RunningProgram, free_port, wait_until_accepting
from tests.requires import require

WITHIN_S = 10.0


class RedisServer:
    """One server; make it in a `with` statement."""

    def __init__(self, folder: Path, *options: str, password: str | None = None, tls: bool = False) -> None:
        """Start it and wait until it accepts. `options` are those of redis-server's command line."""
        self._program = require("redis-server", "apt-get install redis-server")
        self._folder = folder
        self._options: Sequence[str] = options
        self._password = password
        self._tls = tls
        self.port = free_port()
        self._running: RunningProgram | None = None
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def fields(self) -> dict[str, Any]:
        """How a configuration names it."""
        return {"host": "127.0.0.1", "port": self.port}

    def clear(self) -> None:
        """Forget everything."""
        self.run("FLUSHALL")

    def start(self) -> None:
        """Start it (again), empty."""
        own = ["--port", "0", "--tls-port", str(self.port)] if self._tls else ["--port", str(self.port)]
        secret = ["--requirepass", self._password] if self._password else []
        command = [
            self._program, *own, "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "", "--appendonly", "no",
            "--enable-debug-command", "yes", *secret, *self._options,
        ]  # fmt: skip
        outputs = Outputs(self._folder / "redis.out", self._folder / "redis.err")
        self._running = RunningProgram(command, outputs)
        self._running.wait_for_output("Ready to accept connections", WITHIN_S)
        wait_until_accepting(self.port, WITHIN_S)

    def kill(self) -> None:
        """End it at once, frozen or not."""
        running, self._running = self._running, None
        if running is not None:
            running.kill()

    def freeze(self) -> None:
        """Stop it in its tracks: connections are still accepted, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def run(self, *command: str | bytes | int) -> Any:
        """Run a command on a connection of its own; a reply is bytes, numbers and lists of them."""
        with redis.Redis("127.0.0.1", self.port, password=self._password, socket_timeout=WITHIN_S) as client:
            return client.execute_command(*command)

    def _signal(self, number: signal.Signals) -> None:
        assert self._running is not None
        subprocess.run(["kill", f"-{number.value}", str(self._running.pid)], check=True)
