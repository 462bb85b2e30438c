"""A module that ends with its parent."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

CHILD = ("-m", "ostiary.demo.child")
MODULES = {
    "says": "import sys; print(sys.argv[1:], repr(sys.stdin.read()), __name__)",
    "sleeps": "import time; print('up', flush=True); time.sleep(60)",
    "stubborn": (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True))\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(0.05)\n"
    ),
    "parent": (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'ostiary.demo.child', 'sleeps'], stdin=subprocess.PIPE)\n"
        "time.sleep(60)\n"
    ),
}


class Started:
    """A running interpreter, its input held open and its output read."""

    def __init__(self, arguments: tuple[str, ...], folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", *arguments], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin: IO[bytes] = self.process.stdin
        self.stdout: IO[bytes] = self.process.stdout

    def end(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait()
        with suppress(BrokenPipeError):
            self.stdin.close()
        self.stdout.close()


class Starter:
    """Starts interpreters where the modules are."""

    def __init__(self, folder: Path) -> None:
        self.started: list[Started] = []
        self._folder = folder
        for name, text in MODULES.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")

    def __call__(self, *arguments: str) -> Started:
        """Start one."""
        self.started.append(Started(arguments, self._folder))
        return self.started[-1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """What was started is ended."""
    starter = Starter(tmp_path)
    yield starter
    for each in starter.started:
        each.end()


def test_the_module_runs_as_if_by_itself(start: Starter) -> None:
    """With its arguments, as `__main__`, and nothing on its standard input."""
    child = start(*CHILD, "says", "a", "--b")
    assert child.stdout.read() == b"['a', '--b'] '' __main__\n"
    assert child.process.wait(10) == 0


def test_it_ends_when_its_input_is_closed(start: Starter) -> None:
    """Which is what happens when the parent is gone, however it went."""
    child = start(*CHILD, "sleeps")
    assert child.stdout.readline() == b"up\n"
    child.stdin.close()
    assert child.process.wait(10) == -signal.SIGTERM


def test_one_that_does_not_end_is_ended(start: Starter) -> None:
    """It was asked first."""
    impatient = "import sys, ostiary.demo.child as c; c.end_with.__defaults__ = (0.2,); c.main(sys.argv[1:])"
    child = start("-c", impatient, "stubborn")
    assert child.stdout.readline() == b"up\n"
    child.stdin.close()
    assert child.stdout.readline() == b"asked\n"
    assert child.process.wait(10) == 1


def test_it_is_not_left_behind_by_a_parent_that_was_killed(start: Starter) -> None:
    """SIGKILL leaves the parent no time to end anything. The child has its output: it closes when both are gone."""
    parent = start("-m", "parent")
    assert parent.stdout.readline() == b"up\n"
    os.kill(parent.process.pid, signal.SIGKILL)
    assert parent.stdout.read() == b""
