"""Programs that tests start leave nothing behind."""

import os
import sys
import time
from pathlib import Path

from tests.e2e.counterparts.processes import Outputs, RunningProgram

_PARENT = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
def end(number, frame):
    child.kill()
    child.wait()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("child", child.pid, flush=True)
signal.pause()
"""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_program_may_end_its_children(tmp_path: Path) -> None:
    """It is asked before it is killed: a killed nginx leaves its workers behind."""
    with RunningProgram([sys.executable, "-c", _PARENT], Outputs(tmp_path / "out", tmp_path / "err")) as program:
        child = int(program.wait_for_output(r"child (\d+)", 10.0)[1])
        assert _is_alive(child)

    deadline = time.monotonic() + 5.0
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_alive(child)


def test_a_program_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """Nobody waits for it."""
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); "
        "time.sleep(600)"
    )
    program = RunningProgram([sys.executable, "-c", deaf], Outputs(tmp_path / "out", tmp_path / "err"))
    program.wait_for_output("ready", 10.0)
    program.kill()
    assert not program.is_running
