"""wrk as the load generator: one thread, 32 keep-alive connections, requests as bytes made beforehand.

A scenario with one request sends the same bytes again and again; one with many tokens puts the next token into each
request, and ends the run when there is none left (a token that is sent twice is not new any more).
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

CONNECTIONS = 32
PLACEHOLDER = "{TOKEN}"

_REQUESTS = re.compile(r"^\s*(\d+) requests in ", re.MULTILINE)
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_BROKEN = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")

_SAME_AGAIN = """local head = {head}
request = function() return head end
"""
_NEXT_TOKEN = """local before, after = {before}, {after}
local tokens, sent = {{}}, 0
for line in io.lines({file}) do tokens[#tokens + 1] = line end
request = function()
  sent = sent + 1
  return before .. tokens[(sent - 1) % #tokens + 1] .. after
end
"""
_STOP_AT_END = "response = function() if sent >= #tokens then wrk.thread:stop() end end\n"


class LoadFailure(Exception):  # noqa: N818 - what the run was, not what went wrong here
    """The run says nothing: connections broke, or answers were errors."""


@dataclass(frozen=True)
class Load:
    """What is sent: a whole request head, with `PLACEHOLDER` where the next line of `tokens` goes."""

    head: str
    tokens: Path | None = None


class Outcome(NamedTuple):
    """What a run achieved."""

    completed: int


def write_script(file: Path, load: Load, *, wraps: bool) -> Path:
    """Write the Lua script for `load`. `wraps`: start over when the tokens are used up, instead of ending the run."""
    if load.tokens is None:
        file.write_text(_SAME_AGAIN.format(head=_quote(load.head)), encoding="ascii")
        return file
    before, _, after = load.head.partition(PLACEHOLDER)
    script = _NEXT_TOKEN.format(before=_quote(before), after=_quote(after), file=_quote(str(load.tokens)))
    file.write_text(script + ("" if wraps else _STOP_AT_END), encoding="ascii")
    return file


def run_wrk(wrk: str, url: str, script: Path, seconds: float) -> Outcome:
    """Drive `url` for about `seconds` (wrk counts whole ones). Raises LoadFailure."""
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    return read_outcome(finished.stdout + finished.stderr)


def read_outcome(printed: str) -> Outcome:
    """Read what wrk printed. Raises LoadFailure when a connection broke or an answer was an error."""
    requests = _REQUESTS.search(printed)
    if requests is None or int(requests[1]) == 0:
        raise LoadFailure(f"wrk completed no request:\n{printed}")
    refused = _REFUSED.search(printed)
    if refused:
        raise LoadFailure(f"{refused[1]} of {requests[1]} answers were errors")
    broken = _BROKEN.search(printed)
    if broken:
        connect, read, write, timeout = broken.groups()
        raise LoadFailure(
            f"connections broke: {connect} connecting, {read} reading, {write} writing, {timeout} in time"
        )
    return Outcome(int(requests[1]))


def _quote(text: str) -> str:
    """A Lua string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    return f'"{escaped}"'
