"""The programs that the demo starts: each in a process group of its own, ended when we say so and never left behind.

A group of its own, because Ctrl-C in a terminal goes to the whole group in front: the gateway must drain before what it
talks to is gone. Output is read all the time and its last lines kept, to be shown when something goes wrong.
"""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import final

KEPT_LINES = 12
MAX_LINE_BYTES = 2_000
POLL_S = 0.05
PROBE_S = 2.0
READ_OUT_S = 1.0


class ChildError(Exception):
    """A program did not do what it was started for; the text says which, and shows what it said last."""


@final
class Child:
    """One running program: `python -m MODULE ARGUMENTS...`, held by its standard input (see `ostiary.demo.child`)."""

    def __init__(self, name: str, module: Sequence[str], port: int, environment: Mapping[str, str]) -> None:
        """Start it. `name` is what it is called in messages, `port` where it will answer HTTP."""
        self.name = name
        self.port = port
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own modules
            [sys.executable, "-m", "ostiary.demo.child", *module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)
        self._reader.start()

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    def check_running(self) -> None:
        """Raise ChildError when it has ended by itself."""
        code = self._process.poll()
        if code is not None:
            how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise ChildError(f"{self.name} {how}{self.last_lines()}")

    def answers(self) -> bool:
        """Return whether something answers HTTP at its port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PROBE_S)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def last_lines(self) -> str:
        """Return what it printed last, indented, to be put at the end of a message."""
        self._reader.join(READ_OUT_S if self.has_ended else 0)
        lines = [*self._lines]
        return ":\n" + "\n".join(f"    {line}" for line in lines) if lines else ", without a word"

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it started, at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(READ_OUT_S)
        if self._process.stdin:
            self._process.stdin.close()

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        with self._process.stdout as output:
            while line := output.readline(MAX_LINE_BYTES):
                self._lines.append(line.decode("utf-8", "replace").rstrip())


def wait_until_answering(children: Sequence[Child], within_s: float, is_over: Callable[[], bool]) -> None:
    """Return when all answer, or `is_over()`. Raises ChildError when one ends instead, or time is up."""
    deadline = time.monotonic() + within_s
    for child in children:
        while not is_over() and not child.answers():
            child.check_running()
            if time.monotonic() > deadline:
                raise ChildError(
                    f"{child.name} does not answer on 127.0.0.1 port {child.port} after {within_s:.0f} s"
                    f"{child.last_lines()}"
                )
            time.sleep(POLL_S)


def end_all(children: Sequence[Child], within_s: float, is_impatient: Callable[[], bool]) -> None:
    """Ask each in turn and wait for it, so that none loses what it depends on; kill what is left after `within_s`.

    Give the children in the order in which they should end.
    """
    deadline = time.monotonic() + within_s
    for child in children:
        child.ask_to_end()
        while not child.has_ended and time.monotonic() < deadline and not is_impatient():
            time.sleep(POLL_S)
    for child in children:
        child.kill()
