"""`python -m ostiary.demo.child MODULE ARGUMENTS...`: run a module that ends when whoever started it is gone.

Standard input is a pipe that the parent holds open and never writes to. When it closes, for whatever reason, the module
is told to end as by SIGTERM, and after a while it is ended: a demo that was killed leaves nothing behind. The module
itself, and what it starts, sees an empty standard input.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_S = 10.0


def main(arguments: list[str]) -> None:
    """Run the module that `arguments` begins with, as `python -m` would."""
    lifeline = os.dup(0)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a descriptor, not a path
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=end_with, args=(lifeline,), name="lifeline", daemon=True).start()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def end_with(lifeline: int, grace_s: float = GRACE_S) -> None:
    """Wait until the other end of `lifeline` is closed, then end this process: first asked, then made to."""
    while os.read(lifeline, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_s)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
