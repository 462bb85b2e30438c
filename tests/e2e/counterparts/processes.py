"""Programs that tests start: their output in files, their ready line awaited with a limit, their end made sure of.

Output goes to files and not to pipes: nobody has to read while the program runs, and all of it can be searched later.
"""

import contextlib
import re
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

POLL_S = 0.01
FIRST_PORT, PORTS = 20_000, 12_000  # below those that Linux gives away by itself (net.ipv4.ip_local_port_range)

_given: set[int] = set()


@dataclass(frozen=True)
class Outputs:
    """Where a program's output goes."""

    stdout: Path
    stderr: Path


class StartError(AssertionError):
    """A program ended, or said nothing, instead of getting ready. The text holds what it printed."""


class RunningProgram:
    """A program under test. `stop` asks politely and returns the exit code; `kill` does not ask."""

    def __init__(
        self,
        command: Sequence[str],
        outputs: Outputs,
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command`. Its standard input stays open for as long as this process lives."""
        self.outputs = outputs
        with outputs.stdout.open("wb") as stdout, outputs.stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, cwd=cwd, env=environment
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ask first: a program may have children to end (nginx has workers); then do not ask."""
        with contextlib.suppress(AssertionError):
            self.terminate()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def stdout_text(self) -> str:
        """Return what it printed so far."""
        return self.outputs.stdout.read_text(encoding="utf-8", errors="replace")

    def stderr_text(self) -> str:
        """Return what it complained about so far."""
        return self.outputs.stderr.read_text(encoding="utf-8", errors="replace")

    def wait_for_output(self, pattern: str, within_s: float) -> re.Match[str]:
        """Return the first match of `pattern` in its output. Raises StartError when it ends, or time is up."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            running = self.is_running
            match = re.search(pattern, self.stdout_text()) or re.search(pattern, self.stderr_text())
            if match:
                return match
            if not running:
                raise StartError(f"ended with {self._process.returncode}\n{self._tail()}")
            time.sleep(POLL_S)
        raise StartError(f"{pattern!r} not printed within {within_s} s\n{self._tail()}")

    def wait_for_end(self, within_s: float) -> int:
        """Return the exit code. Raises subprocess.TimeoutExpired."""
        return self._process.wait(within_s)

    def terminate(self, within_s: float = 10.0) -> int:
        """Send SIGTERM and return the exit code. Raises AssertionError when it does not end in time."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {within_s} s after SIGTERM\n{self._tail()}") from None
        self._close_stdin()
        return code

    def kill(self) -> None:
        """End it at once, however it feels. A program that has ended stays ended."""
        self._process.kill()
        self._process.wait()
        self._close_stdin()

    def _close_stdin(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()

    def _tail(self, limit: int = 4000) -> str:
        return f"--- stdout\n{self.stdout_text()[-limit:]}\n--- stderr\n{self.stderr_text()[-limit:]}"


def free_port() -> int:
    """Return a loopback port that was free a moment ago, for programs that must know theirs before they start.

    It stays free: the system gives ports of this range to nobody who does not ask for them, neither to those who call
    out nor to those who listen on any port; and nobody else in this process is given it.
    """
    for _ in range(1000):
        port = FIRST_PORT + secrets.randbelow(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise StartError("no port is free")


def is_accepting(port: int) -> bool:
    """Whether something accepts on the loopback `port`."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def wait_until_accepting(port: int, within_s: float) -> None:
    """Return when something accepts on the loopback `port`. Raises StartError when nothing does in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if is_accepting(port):
            return
        time.sleep(POLL_S)
    raise StartError(f"nothing accepts on port {port} after {within_s} s")
