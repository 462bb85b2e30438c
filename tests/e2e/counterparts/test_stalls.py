"""The watch over the machine itself."""

import os
import signal
import subprocess
import sys
import time

from tests.e2e.counterparts.stalls import SETTLED_S, Stalls

STOPPED_S = 0.5
ROUNDING_S = 1e-6
PROGRAM = """
import sys, time
from tests.e2e.counterparts.stalls import Stalls
with Stalls() as stalls:
    print("ready", flush=True)
    sys.stdin.readline()
    print(stalls.within(0.0, time.monotonic()))
"""


def test_a_stall_is_taken_off() -> None:
    """Only as far as it falls into the time that is asked for."""
    stalls = Stalls()
    stalls._found = [(10.0, 11.0), (20.0, 20.5)]
    assert [0.0, 1.0, 1.5, 0.25] == [
        stalls.within(*times) for times in ((0.0, 10.0), (9.0, 12.0), (0.0, 30.0), (20.25, 25.0))
    ]
    assert [False, True, True, True, False] == [
        stalls.disturbed(*times)
        for times in ((0.0, 10.0), (9.0, 10.5), (10.5, 10.6), (11.1, 11.2), (11.1 + SETTLED_S, 12.0))
    ]


def test_time_that_passed_is_time_in_which_the_machine_ran() -> None:
    """Three seconds, one of them a stall."""
    stalls = Stalls()
    before = time.monotonic()
    stalls._found = [(before - 2.0, before - 1.0)]
    passed_s = stalls.since(before - 3.0)

    assert 2.0 - ROUNDING_S <= passed_s <= 2.0 + time.monotonic() - before + ROUNDING_S


def test_a_process_that_was_stopped_notices() -> None:
    """As one does on a machine that stood still."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert "ready\n" == child.stdout.readline()
        os.kill(child.pid, signal.SIGSTOP)
        time.sleep(STOPPED_S)
        os.kill(child.pid, signal.SIGCONT)
        told, _ = child.communicate("\n")

    assert float(told) > STOPPED_S / 2
