"""What the benchmark reads and reckons: runs with errors do not count, costs belong to the whole process tree."""

import os
import sys
from pathlib import Path

import pytest

from tests.bench.machine import Cpu, measure_cpu
from tests.bench.results import COMPARED, OF_ALL, Spread, compare, render_comparison, render_table, summarise
from tests.bench.scenarios import SCENARIOS, Materials, build_configuration
from tests.bench.stored_sessions import Asked, AskedTooOftenError, Watch, read_calls
from tests.bench.tokens import TokenMint, generate_key
from tests.bench.wrk import PLACEHOLDER, Load, LoadFailure, Outcome, read_outcome, write_script
from tests.e2e.counterparts.processes import Outputs, RunningProgram
from tests.e2e.counterparts.redis_server import RedisServer

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


def test_a_scenario_without_base_or_goal_has_dashes() -> None:
    """A row that the other build cannot run is shown for this one only."""
    costs = {("S1", "nginx"): [20.0], ("S1", "ostiary"): [40.0], ("S1", "base"): [30.0]}
    costs |= {("S1_asked", "nginx"): [20.0], ("S1_asked", "ostiary"): [200.0]}

    rows = render_table(summarise(costs)).splitlines()

    assert rows[1].split()[-6:] == ["40.00", "20.00", "2.00", "30.00", "1.50", "1.50"]
    assert rows[2].split()[-6:] == ["200.00", "20.00", "10.00", "-", "-", "-"]


def test_builds_are_compared_repeat_by_repeat() -> None:
    """A slow repeat is slow for both; the scenarios' medians together tell about S1 to S4."""
    costs = {(name, "base"): [10.0, 100.0, 10.0] for name in COMPARED}
    costs |= {(name, "ostiary"): [10.0, 100.0 + 10 * number, 11.0] for number, name in enumerate(COMPARED)}
    costs["S1_asked", "ostiary"] = [200.0, 200.0, 200.0]

    compared = compare(costs)

    assert compared["S4"] == Spread(median=1.1, lowest=1.0, highest=1.4)
    assert compared[OF_ALL] == Spread(median=1.1, lowest=1.0, highest=1.2)
    assert "S1_asked" not in compared
    assert render_comparison(compared).splitlines()[-1].split() == [OF_ALL, "1.100", "1.000", "1.200"]


def test_some_scenarios_are_not_called_all() -> None:
    """What was left out may be what became slower."""
    assert OF_ALL not in compare({("S1", "ostiary"): [1.0], ("S1", "base"): [1.0]})


def test_what_scripts_and_the_benchmark_do_is_not_counted() -> None:
    """Only what a gateway had to wait for."""
    printed = {"cmdstat_get": {"calls": 7}, "cmdstat_info": {"calls": 2}, "cmdstat_zscore": {"calls": 4}}

    assert read_calls(printed) == {"get": 7}


@pytest.mark.parametrize(("name", "count"), [("get", 7), ("evalsha", 1), ("set", 0)])
def test_one_command_for_each_revalidation_is_allowed(name: str, count: int) -> None:
    """And one more, since the first is due when the run begins."""
    Asked({name: count}, 6.2).check_rare(1.0)


@pytest.mark.parametrize("calls", [{"get": 8}, {"get": 1, "set": 8}])
def test_a_warm_session_that_costs_more_fails_the_run(calls: dict[str, int]) -> None:
    """No kind of command makes up for another."""
    with pytest.raises(AskedTooOftenError, match=r"8 times in 6\.20 s, 7 are allowed"):
        Asked(calls, 6.2).check_rare(1.0)


def test_redis_counts_what_it_is_asked_meanwhile(tmp_path: Path) -> None:
    """Not what came before."""
    with RedisServer(tmp_path) as server:
        server.run("GET", "before")
        watch = Watch(server)
        with watch.watching():
            server.run("GET", "meanwhile")
            server.run("EVAL", "return redis.call('ZSCORE', KEYS[1], '')", 1, "series")

    assert watch.asked.calls == {"get": 1, "eval": 1}


def test_sessions_in_redis_are_set_up_where_there_is_one() -> None:
    """A build that knows none gets the rest of the configuration as it was."""
    without = build_configuration("http://127.0.0.1:1", "127.0.0.1:2")["routes"]
    having = build_configuration("http://127.0.0.1:1", "127.0.0.1:2", redis_port=3)["routes"]

    assert [route for route in having if route["id"] not in {"stored", "asked"}] == without
    assert len(having) == len(without) + 2


def test_tokens_are_issued_where_the_build_can() -> None:
    """A build that cannot gets the rest of the configuration as it was."""
    without = build_configuration("http://127.0.0.1:1", "127.0.0.1:2", issues_tokens=False)["routes"]
    having = build_configuration("http://127.0.0.1:1", "127.0.0.1:2")["routes"]

    assert [route for route in having if route["id"] != "issued"] == without
    assert len(having) == len(without) + 1


def test_many_sessions_are_walked_through(tmp_path: Path) -> None:
    """One that is shown twice at once is asked for once; the sample shows the first."""
    materials = Materials(
        "a", "own", "t", "o", tmp_path / "new", tmp_path / "warm", ("x=1", "x=2"), tmp_path / "cookies"
    )
    asked = next(scenario for scenario in SCENARIOS if scenario.name == "S1_asked")

    assert asked.load(materials).tokens == tmp_path / "cookies"
    assert b"\r\nCookie: x=1\r\n" in asked.sample(materials)


def test_the_cost_of_a_process_includes_its_children(tmp_path: Path) -> None:
    """A child that burns CPU time counts, while it runs and after it has ended."""
    burn = "import time\nwhile time.process_time() < 0.2: pass\n"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print('done', flush=True); input()"
    )
    with RunningProgram([sys.executable, "-c", parent], Outputs(tmp_path / "out", tmp_path / "err")) as program:
        program.wait_for_output("done", 20.0)
        used = measure_cpu(program.pid)

    assert used.total >= 0.15  # user and system are each cut to whole ticks, for parent and child


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
