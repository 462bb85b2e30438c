"""The programs that the demo starts: watched, shown when they fail, ended in order."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ostiary.demo.children import Child, ChildError, end_all, wait_until_answering
from tests.e2e.counterparts.processes import free_port
from tests.requires import require

MODULES = {
    "fails": "import sys; print('first'); print('the reason', file=sys.stderr); sys.exit(3)",
    "silent": "raise SystemExit(1)",
    "idle": "import time; print('waiting', flush=True); time.sleep(60)",
    "stubborn": (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(f'inner {inner.pid}', flush=True)\n"
        "time.sleep(60)\n"
    ),
}
LONG_S = 20.0
Start = Callable[[Sequence[str], int], Child]


def never() -> bool:
    """Nobody is impatient."""
    return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts modules of the standard library, or of this file; what is left at the end is ended."""
    children: list[Child] = []
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    def start_one(module: Sequence[str], port: int = 1) -> Child:
        children.append(Child("the thing", module, port, {"PYTHONPATH": str(tmp_path)}))
        return children[-1]

    yield start_one
    end_all(children, 0, never)


def test_one_that_answers_is_waited_for(start: Start) -> None:
    """Whatever its answer is."""
    port = free_port()
    child = start(["http.server", "--bind", "127.0.0.1", str(port)], port)
    wait_until_answering([child], LONG_S, never)
    assert child.answers()
    child.check_running()


def test_one_that_ends_instead_is_shown_with_its_last_lines(start: Start) -> None:
    """What it said to either output."""
    with pytest.raises(ChildError) as caught:
        wait_until_answering([start(["fails"], free_port())], LONG_S, never)
    assert str(caught.value) == "the thing ended with exit code 3:\n    first\n    the reason"


def test_one_that_said_nothing_is_said_to_have(start: Start) -> None:
    """So that nobody looks for more."""
    with pytest.raises(ChildError) as caught:
        wait_until_answering([start(["silent"], free_port())], LONG_S, never)
    assert str(caught.value) == "the thing ended with exit code 1, without a word"


def test_one_that_does_not_answer_in_time_is_given_up(start: Start) -> None:
    """Named, with its port."""
    port = free_port()
    with pytest.raises(ChildError, match=f"the thing does not answer on 127.0.0.1 port {port} after 0 s"):
        wait_until_answering([start(["idle"], port)], 0, never)


def test_nobody_waits_once_it_is_over(start: Start) -> None:
    """Ctrl-C while starting."""
    wait_until_answering([start(["idle"], free_port())], LONG_S, lambda: True)


def test_one_that_was_ended_by_a_signal_is_said_to_have_been(start: Start) -> None:
    """By its number."""
    child = start(["idle"], free_port())
    child.kill()
    with pytest.raises(ChildError, match="the thing was ended by signal 9"):
        child.check_running()


def test_they_end_in_order_when_asked(start: Start) -> None:
    """And are not asked twice."""
    first, second = start(["idle"], 1), start(["idle"], 1)
    end_all([first, second], LONG_S, never)
    assert first.has_ended
    assert second.has_ended
    first.ask_to_end()


def test_one_that_does_not_end_is_killed_with_all_it_started(start: Start) -> None:
    """Its whole process group, when patience is over."""
    require(sys.platform == "linux", "Linux: it looks for the process in /proc")
    child = start(["stubborn"], 1)
    while "inner" not in child.last_lines():
        child.check_running()
    inner = int(child.last_lines().split()[-1])
    end_all([child], LONG_S, lambda: True)
    assert child.has_ended
    assert is_gone(inner)


def is_gone(pid: int) -> bool:
    """Whether the process ends now, or is only waiting to be reaped by whoever reaps orphans."""
    for _ in range(1_000_000):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
    return False


def test_a_child_does_not_hear_what_the_terminal_sends_to_us(start: Start) -> None:
    """It is in a process group of its own, so Ctrl-C does not reach it before we do."""
    child = start(["idle"], 1)
    assert os.getpgid(child._process.pid) == child._process.pid
    assert os.getpgid(child._process.pid) != os.getpgid(0)
    os.kill(child._process.pid, signal.SIGKILL)
