"""curl, as documents show it: a command line in, the answer out, with documented hosts led to a gateway on loopback.

Not a browser, and not `tests.e2e.counterparts.calls`: this is for lines that people copy.
"""

import shlex
import subprocess

from tests.e2e.counterparts.calls import Response
from tests.requires import require

LIMIT_S = 20


def run_curl(line: str, port: int, *options: str) -> Response:
    """Run a command line that begins with `curl`, every host's port 80 being the gateway's. Return the last answer."""
    words = shlex.split(line.replace("\\\n", " "))  # as a shell does
    if words[0] != "curl":
        raise ValueError("the line does not begin with curl")
    curl = require("curl", "apt-get install curl")
    command = [
        curl,
        "--silent",
        "--show-error",
        "--include",
        "--connect-to",
        f"::127.0.0.1:{port}",
        *words[1:],
        *options,
    ]
    done = subprocess.run(command, capture_output=True, check=False, timeout=LIMIT_S)
    if done.returncode != 0:
        raise AssertionError(f"curl ended with {done.returncode}: {done.stderr.decode()}")
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    headers = tuple((name, value.strip()) for name, _, value in (field.partition(":") for field in fields))
    return Response(int(status.split(" ")[1]), headers, body)
