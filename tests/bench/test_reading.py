"""What the benchmark reads and reckons: runs with errors do not count, costs belong to the whole process tree."""

import os
import sys
from pathlib import Path

import pytest

from tests.bench.machine import Cpu, measure_cpu
from tests.bench.run import render_table, summarise
from tests.bench.tokens import TokenMint, generate_key
from tests.bench.wrk import PLACEHOLDER, Load, LoadFailure, Outcome, read_outcome, write_script
from tests.e2e.counterparts.processes import Outputs, RunningProgram

_PRINTED = "Running 6s test\n  1 threads and 32 connections\n{extra}  93010 requests in 6.01s, 118.01MB read\n"


def test_a_clean_run_is_read() -> None:
    """The number of completed requests is what costs are divided by."""
    assert read_outcome(_PRINTED.format(extra="")) == Outcome(93010)


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "unable to connect to 127.0.0.1:1 Connection refused",
        "  0 requests in 6.01s, 0.00B read\n",
        _PRINTED.format(extra="") + "  Non-2xx or 3xx responses: 3\n",
        _PRINTED.format(extra="") + "  Socket errors: connect 0, read 1, write 0, timeout 0\n",
    ],
)
def test_a_run_with_errors_says_nothing(printed: str) -> None:
    """Refused answers and broken connections cost less than served ones."""
    with pytest.raises(LoadFailure):
        read_outcome(printed)


def test_a_script_repeats_one_request_or_walks_through_tokens(tmp_path: Path) -> None:
    """The head goes into Lua escaped; the run ends with the last token unless it wraps."""
    same = write_script(tmp_path / "same.lua", Load('GET / HTTP/1.1\r\nX: "a\\b"\r\n\r\n'), wraps=False).read_text()
    load = Load(f"GET / HTTP/1.1\r\nAuthorization: Bearer {PLACEHOLDER}\r\n\r\n", tmp_path / "tokens")
    ending = write_script(tmp_path / "ending.lua", load, wraps=False).read_text()
    wrapping = write_script(tmp_path / "wrapping.lua", load, wraps=True).read_text()

    assert r'"GET / HTTP/1.1\r\nX: \"a\\b\"\r\n\r\n"' in same
    assert PLACEHOLDER not in ending
    assert ["wrk.thread:stop()" in script for script in (ending, wrapping)] == [True, False]


def test_costs_become_medians_and_a_ratio_of_them() -> None:
    """One odd repeat moves nothing."""
    costs = {("S0", "nginx"): [20.0, 24.0, 99.0], ("S0", "ostiary"): [30.0, 5.0, 36.0], ("S0", "base"): [48.0]}

    results = summarise(costs)

    assert results == {
        "S0": {"nginx_us": 24.0, "ostiary_us": 30.0, "base_us": 48.0, "ratio": 1.25, "base_ratio": 2.0},
    }
    assert render_table(results).splitlines()[1].split() == [
        "S0",
        "no",
        "plugin",
        "30.00",
        "24.00",
        "1.25",
        "48.00",
        "2.00",
        "1.40",
    ]


def test_the_cost_of_a_process_includes_its_children(tmp_path: Path) -> None:
    """A child that burns CPU time counts, while it runs and after it has ended."""
    burn = "import time\nwhile time.process_time() < 0.2: pass\n"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print('done', flush=True); input()"
    )
    with RunningProgram([sys.executable, "-c", parent], Outputs(tmp_path / "out", tmp_path / "err")) as program:
        program.wait_for_output("done", 20.0)
        used = measure_cpu(program.pid)

    assert used.total >= 0.2


def test_cpu_time_is_reckoned_by_part() -> None:
    """What was used since, and what that is for each request."""
    used = Cpu(3.0, 2.0).since(Cpu(1.0, 1.5))

    assert (used, used.total, used.scaled(2.0)) == (Cpu(2.0, 0.5), 2.5, Cpu(4.0, 1.0))


def test_the_cost_of_a_process_that_is_gone_is_nothing() -> None:
    """It must not end the run."""
    pid = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", ""])
    os.waitpid(pid, 0)

    assert measure_cpu(pid) == Cpu(0.0, 0.0)


def test_every_numbered_token_is_another() -> None:
    """Otherwise "always new" would be "sometimes remembered"."""
    mint = TokenMint(generate_key(), "http://127.0.0.1:1")

    assert len({mint.access_token(number) for number in range(5)}) == 5
