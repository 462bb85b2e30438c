"""`ostiary run` as a real process: a configuration in, an address and a log out.

`start_gateway` writes the YAML, waits for the line that names the address and for the port to accept. `stop` sends
SIGTERM and fails when the exit code is not 0. Access-log lines are JSON objects on standard output.
"""

import copy
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.e2e.counterparts.processes import POLL_S, Outputs, RunningProgram, wait_until_accepting

START_LIMIT_S = 20.0
READY = r"listening on (https?)://127\.0\.0\.1:(\d+)\b"

LogLine = dict[str, Any]


class RunningGateway:
    """A gateway that accepts connections."""

    def __init__(self, program: RunningProgram, port: int, scheme: str = "http") -> None:
        """Hold the process and the port of its first listener."""
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}"
        self._program = program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    @property
    def pid(self) -> int:
        """The process id of the control process."""
        return self._program.pid

    def stop(self) -> None:
        """Send SIGTERM. Raises AssertionError when it does not end, or not with exit code 0."""
        code = self._program.terminate()
        if code != 0:
            raise AssertionError(f"exit code {code} after SIGTERM\n{self._program.stderr_text()[-4000:]}")

    def kill(self) -> None:
        """End it at once."""
        self._program.kill()

    def output(self) -> str:
        """Return everything it has written, log and messages, for tests that search it for secrets."""
        return self._program.stdout_text() + self._program.stderr_text()

    def log_lines(self) -> list[LogLine]:
        """Return the access log so far. Raises ValueError for a line that is no JSON object."""
        lines = [json.loads(line) for line in self._program.stdout_text().splitlines() if line.startswith("{")]
        return [line for line in lines if "status" in line]

    def wait_for_log(self, wanted: Callable[[LogLine], bool], within_s: float = 15.0) -> LogLine:
        """Return the first access-log line that is `wanted`. Raises AssertionError when none comes in time."""
        deadline = time.monotonic() + within_s
        while True:
            found = next((line for line in self.log_lines() if wanted(line)), None)
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"no such line in the access log:\n{self._program.stdout_text()[-4000:]}")
            time.sleep(POLL_S)


def start_gateway(
    config: Mapping[str, Any], tmp_path: Path, environment: Mapping[str, str] | None = None
) -> RunningGateway:
    """Run the gateway on `config`, on any free port unless `gateway.listen` says otherwise.

    `environment` is added to this process's. Raises StartError with what the gateway printed.
    """
    full = copy.deepcopy(dict(config))
    full.setdefault("gateway", {}).setdefault("listen", [{"host": "127.0.0.1", "port": 0}])
    tmp_path.mkdir(parents=True, exist_ok=True)
    file = tmp_path / "ostiary.yaml"
    file.write_text(yaml.safe_dump(full, sort_keys=False), encoding="utf-8")
    return _start([str(file)], tmp_path, environment)


def start_higress(folder: Path, tmp_path: Path, environment: Mapping[str, str] | None = None) -> RunningGateway:
    """Run the gateway on a folder in Higress's notation, on any free port. Raises StartError."""
    file = tmp_path / "gateway.yaml"
    file.write_text("gateway: {listen: [{host: 127.0.0.1, port: 0}]}\n", encoding="utf-8")
    return _start(["--higress", str(folder), "--gateway", str(file)], tmp_path, environment)


def _start(arguments: list[str], tmp_path: Path, environment: Mapping[str, str] | None) -> RunningGateway:
    program = RunningProgram(
        [sys.executable, "-m", "ostiary", "run", *arguments],
        Outputs(tmp_path / "gateway.stdout", tmp_path / "gateway.stderr"),
        cwd=tmp_path,
        environment={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **(environment or {})},
    )
    try:
        ready = program.wait_for_output(READY, START_LIMIT_S)
        port = int(ready[2])
        wait_until_accepting(port, START_LIMIT_S)
    except BaseException:
        program.kill()
        raise
    return RunningGateway(program, port, ready[1])
