"""Where the time of one scenario goes: a gateway under a sampling clock, driven by wrk.

    python -m tests.bench.profile S1 [--seconds N] [--lines N] [--calls]

A signal notes the function that runs and its callers, at every tick of CPU time; almost nothing is added to what is
measured. It prints the functions by their own share, then by their share with everything they call. What C does (the
loop, sockets, the parser) counts for the Python function that called it or that it calls next.
`--calls` counts calls with cProfile instead: exact counts, but times that favour big functions.
"""

import argparse
import collections
import json
import os
import pstats
import runpy
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from tests.bench.gateway import ROOT, Build, Way, check_answer, start_pinned
from tests.bench.machine import Cpu, measure_cpu, pinned
from tests.bench.run import Bench, Plan, configure, describe_missing, find_programs, gather_materials, prepare
from tests.bench.scenarios import SCENARIOS, Scenario
from tests.bench.wrk import run_wrk, write_script

INTERVAL_S = 0.001
RESULT_VARIABLE = "OSTIARY_PROFILE_RESULT"
START_SIGNAL = signal.SIGUSR2

Stack = tuple[str, ...]


class Sampler:
    """Counts call stacks. It starts with the first `START_SIGNAL`, so that starting up is not counted."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self.stacks: collections.Counter[Stack] = collections.Counter()

    def install(self) -> None:
        """Wait for the signal to start."""
        signal.signal(signal.SIGPROF, self._note)
        signal.signal(START_SIGNAL, self._start)

    def _start(self, number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)

    def _note(self, number: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            code = frame.f_code
            stack.append(f"{_shorten(code.co_filename)}:{code.co_firstlineno} {code.co_qualname}")
            frame = frame.f_back
        self.stacks[tuple(stack)] += 1

    def write(self, file: Path) -> None:
        """Write what was counted."""
        file.write_text(json.dumps([[list(stack), count] for stack, count in self.stacks.items()]), encoding="utf-8")


def main() -> int:
    """Profile one scenario and print where its time goes."""
    options = _read_arguments()
    scenario = next(each for each in SCENARIOS if each.name == options.scenario)
    plan = Plan((scenario,), options.seconds, 1, None)
    programs = find_programs(plan)
    if missing := describe_missing(programs):
        print(missing, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ostiary-profile-") as directory:
        result = Path(directory) / "profile"
        with prepare(Path(directory), str(programs["nginx"]), str(programs["wrk"]), plan) as bench:
            mode = "calls" if options.calls else "samples"
            completed, cpu = _run(bench, scenario, options.seconds, mode, result)
        each = cpu.scaled(1e6 / completed)
        print(f"{scenario.name}: {completed} requests, {each.user:.1f} µs user and {each.system:.1f} µs system each")
        if options.calls:
            _print_calls(result, options.lines)
        else:
            _print_samples(result, each.total, options.lines)
    return 0


def _run(bench: Bench, scenario: Scenario, seconds: float, mode: str, result: Path) -> tuple[int, Cpu]:
    way = Way(("tests.bench.profile", mode), {RESULT_VARIABLE: str(result)})
    build = Build("profile", ROOT / "src")
    directory = bench.directory / "gateway"
    with start_pinned(build, configure(bench, build), directory, bench.cores.measured, way) as gateway:
        materials = gather_materials(bench, build, gateway)
        check_answer(gateway.port, scenario.sample(materials), scenario.status, scenario.name)
        url = f"http://127.0.0.1:{gateway.port}/"
        with pinned(bench.cores.others):
            warming = write_script(bench.directory / "w.lua", scenario.load(materials, warming=True), wraps=True)
            run_wrk(bench.wrk, url, warming, 1.0)
            os.kill(gateway.pid, START_SIGNAL)
            wraps = not scenario.has_new_tokens
            script = write_script(bench.directory / "l.lua", scenario.load(materials), wraps=wraps)
            before = measure_cpu(gateway.pid)
            completed = run_wrk(bench.wrk, url, script, seconds).completed
            return completed, measure_cpu(gateway.pid).since(before)


def _serve(mode: str, arguments: list[str]) -> None:
    """Be the gateway, under the profiler."""
    sys.argv = ["ostiary", *arguments]
    result = Path(os.environ[RESULT_VARIABLE])
    if mode == "calls":
        _serve_counting(result)
        return
    sampler = Sampler()
    sampler.install()
    try:
        runpy.run_module("ostiary", run_name="__main__", alter_sys=True)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        sampler.write(result)


def _serve_counting(result: Path) -> None:
    import cProfile

    profile = cProfile.Profile()
    signal.signal(START_SIGNAL, lambda number, frame: profile.enable())
    try:
        runpy.run_module("ostiary", run_name="__main__", alter_sys=True)
    finally:
        profile.disable()
        profile.dump_stats(result)


def _print_samples(result: Path, whole_us: float, lines: int) -> None:
    stacks = [(tuple(stack), count) for stack, count in json.loads(result.read_text(encoding="utf-8"))]
    total = sum(count for _, count in stacks)
    own: collections.Counter[str] = collections.Counter()
    whole: collections.Counter[str] = collections.Counter()
    for stack, count in stacks:
        own[stack[0] if stack else "(outside Python)"] += count
        for name in set(stack):
            whole[name] += count
    print(f"{total} samples")
    for title, counts in (("by itself", own), ("with what it calls", whole)):
        print(f"\n{title:>20}")
        telling = [(name, count) for name, count in counts.most_common() if count < total]
        for name, count in telling[:lines]:
            print(f"{count / total * whole_us:9.2f} µs {count / total:6.1%}  {name}")


def _print_calls(result: Path, lines: int) -> None:
    pstats.Stats(str(result)).strip_dirs().sort_stats("tottime").print_stats(lines)


def _shorten(file: str) -> str:
    for root in (f"{ROOT}/src/", f"{sys.prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/"):
        file = file.removeprefix(root)
    return file


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile")
    parser.add_argument("scenario", choices=[scenario.name for scenario in SCENARIOS])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--lines", type=int, default=30)
    parser.add_argument("--calls", action="store_true", help="count calls with cProfile instead of sampling")
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] in (["samples"], ["calls"]):
        _serve(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(main())
