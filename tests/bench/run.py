"""`make bench`: CPU per request of the gateway beside bare nginx `proxy_pass`, in the same run.

    python -m tests.bench.run [--base COMMIT] [--scenarios S0,S1] [--seconds N] [--repeats N] [--quick]

One core runs the gateway and the nginx it is compared with, one after the other; the other core runs wrk, the upstream
and the identity provider. Each repeat starts a fresh gateway, signs in, and measures every scenario on each in turn.
Figures are medians over the repeats. Prints a table and writes build/bench.json.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.gateway import (
    LOG,
    ROOT,
    Build,
    UnexpectedAnswerError,
    check_answer,
    empty_log,
    sign_in,
    start_pinned,
    unpack_build,
)
from tests.bench.machine import Cores, NotEnoughCoresError, choose_cores, measure_cpu, pinned
from tests.bench.nginx import Nginx, start_proxy, start_upstream
from tests.bench.provider import READY
from tests.bench.scenarios import SCENARIOS, Materials, Scenario, build_configuration
from tests.bench.tokens import generate_key, sign_access_tokens
from tests.bench.wrk import Load, LoadFailure, run_wrk, write_script
from tests.e2e.counterparts.gateway import RunningGateway
from tests.e2e.counterparts.processes import Outputs, RunningProgram, StartError
from tests.requires import find_program

RESULT = ROOT / "build" / "bench.json"
NEEDED = {"nginx": "apt-get install nginx", "wrk": "apt-get install wrk"}
WARM_UP_S = 1.0
WARM_UP_TOKENS = 4_000
TOKENS_PER_S = 16_000


@dataclass(frozen=True)
class Plan:
    """What to measure, for how long, how often."""

    scenarios: tuple[Scenario, ...]
    seconds: float
    repeats: int
    base: str | None


@dataclass(frozen=True)
class Bench:
    """What stays for the whole run: programs, cores, tokens, and a directory in memory."""

    wrk: str
    directory: Path
    cores: Cores
    upstream: Nginx
    baseline: Nginx
    issuer: str
    new_tokens: Path
    warming_tokens: Path
    token: str


@dataclass(frozen=True)
class Door:
    """Something that requests are sent to, and what it costs is counted for."""

    name: str
    port: int
    pid: int
    log: Path | None


Costs = dict[tuple[str, str], list[float]]  # (scenario, door) -> µs per request, one for each repeat


def main() -> int:
    """Measure, print, write. Exit code 0, 1 when a scenario failed, 2 when something is missing."""
    plan = _read_arguments(sys.argv[1:])
    programs = {name: find_program(name) for name in NEEDED}
    missing = [f"{name} is missing: {NEEDED[name]}" for name, path in programs.items() if path is None]
    if missing:
        print("\n".join(missing), file=sys.stderr)
        return 2
    try:
        costs = measure(plan, str(programs["nginx"]), str(programs["wrk"]))
    except NotEnoughCoresError as error:
        print(error, file=sys.stderr)
        return 2
    except (UnexpectedAnswerError, LoadFailure, StartError) as error:
        print(f"the benchmark failed: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"git does not give {plan.base}: {error.stderr.decode('utf-8', 'replace').strip()}", file=sys.stderr)
        return 2
    results = summarise(costs)
    print(render_table(results))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2) + "\n", encoding="ascii")
    return 0


def measure(plan: Plan, nginx: str, wrk: str) -> Costs:
    """Run every repeat. Raises UnexpectedAnswerError or LoadFailure for a scenario that does not work."""
    costs: Costs = {}
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-bench-", dir=_memory())))
        builds = [Build("ostiary", ROOT / "src")]
        if plan.base:
            builds.append(unpack_build(plan.base, directory / "base"))
        bench = stack.enter_context(prepare(directory, nginx, wrk, plan))
        for repeat in range(plan.repeats):
            print(f"repeat {repeat + 1} of {plan.repeats}", file=sys.stderr)
            _measure_once(bench, plan, builds, costs)
    return costs


@contextlib.contextmanager
def prepare(directory: Path, nginx: str, wrk: str, plan: Plan) -> Iterator[Bench]:
    """Start upstream, baseline and provider, and sign the tokens."""
    cores = choose_cores()
    key_file = directory / "key.pem"
    key_file.write_bytes(key := generate_key())
    with contextlib.ExitStack() as stack:
        with pinned(cores.others):
            upstream = start_upstream(nginx, directory / "upstream")
            stack.enter_context(upstream.program)
            provider = stack.enter_context(_start_provider(key_file, directory))
        with pinned(cores.measured):
            baseline = start_proxy(nginx, directory / "baseline", upstream.address)
            stack.enter_context(baseline.program)
        issuer = provider.wait_for_output(READY, 10.0).group(1)
        needed = any(scenario.has_new_tokens for scenario in plan.scenarios)
        count = WARM_UP_TOKENS + round(plan.seconds * TOKENS_PER_S) if needed else 2
        tokens = sign_access_tokens(key, issuer, range(1, 1 + count))
        warming, new = directory / "warming-tokens", directory / "new-tokens"
        warming.write_text("\n".join(tokens[:WARM_UP_TOKENS]) + "\n", encoding="ascii")
        new.write_text("\n".join(tokens[WARM_UP_TOKENS:]) + "\n", encoding="ascii")
        spare = sign_access_tokens(key, issuer, range(1 + count, 2 + count))[0]
        yield Bench(wrk, directory, cores, upstream, baseline, issuer, new, warming, spare)


def _start_provider(key_file: Path, directory: Path) -> RunningProgram:
    return RunningProgram(
        [sys.executable, "-m", "tests.bench.provider", str(key_file)],
        Outputs(directory / "provider.stdout", directory / "provider.stderr"),
        cwd=ROOT,
    )


def _measure_once(bench: Bench, plan: Plan, builds: list[Build], costs: Costs) -> None:
    with contextlib.ExitStack() as stack:
        gateways = {build.name: stack.enter_context(start_for(bench, build)) for build in builds}
        doors = {
            "nginx": Door("nginx", bench.baseline.port, bench.baseline.program.pid, bench.baseline.access_log),
            **{
                name: Door(name, gateway.port, gateway.pid, bench.directory / name / LOG)
                for name, gateway in gateways.items()
            },
        }
        materials = {name: gather_materials(bench, gateway) for name, gateway in gateways.items()}
        materials["nginx"] = materials["ostiary"]
        for scenario in plan.scenarios:
            for door in doors.values():
                status = 200 if door.name == "nginx" else scenario.status
                cost = measure_door(bench, scenario, door, materials[door.name], status, plan.seconds)
                costs.setdefault((scenario.name, door.name), []).append(cost)
                print(f"  {scenario.name:12} {door.name:8} {cost:7.2f} µs", file=sys.stderr)


def start_for(bench: Bench, build: Build) -> RunningGateway:
    """Run a build on the measured core, with a route for each kind of decision."""
    config = build_configuration(bench.issuer, bench.upstream.address)
    return start_pinned(build, config, bench.directory / build.name, bench.cores.measured)


def gather_materials(bench: Bench, gateway: RunningGateway) -> Materials:
    """Sign in at the gateway; return what the scenarios' requests are made of."""
    return Materials(
        host=f"127.0.0.1:{gateway.port}",
        cookie=sign_in(gateway, "/session/orders/4711?page=2"),
        token=bench.token,
        opaque_token="b2d3c1f09e8a4b7f-opaque-access-token-of-a-usual-length-6d1f",
        new_tokens=bench.new_tokens,
        warming_tokens=bench.warming_tokens,
    )


def measure_door(
    bench: Bench, scenario: Scenario, door: Door, materials: Materials, status: int, seconds: float
) -> float:
    """Return the CPU microseconds that one request of `scenario` costs behind `door`."""
    sample = scenario.sample(materials)
    check_answer(door.port, sample, status, f"{scenario.name} at {door.name}")
    wraps = door.name == "nginx"
    _drive(bench, scenario.load(materials, warming=True), door, WARM_UP_S, wraps=True)
    before = measure_cpu(door.pid)
    completed = _drive(bench, scenario.load(materials), door, seconds, wraps=wraps)
    used = measure_cpu(door.pid).since(before)
    check_answer(door.port, sample, status, f"{scenario.name} at {door.name}, after the run")
    if door.log is not None:
        empty_log(door.log)
    return used.total / completed * 1e6


def _drive(bench: Bench, load: Load, door: Door, seconds: float, *, wraps: bool) -> int:
    script = write_script(bench.directory / "load.lua", load, wraps=wraps)
    with pinned(bench.cores.others):
        return run_wrk(bench.wrk, f"http://127.0.0.1:{door.port}/", script, seconds).completed


def summarise(costs: Costs) -> dict[str, dict[str, float]]:
    """Return the medians by scenario, and how many times nginx the gateway costs."""
    results: dict[str, dict[str, float]] = {}
    for (scenario, door), values in costs.items():
        results.setdefault(scenario, {})[f"{door}_us"] = round(statistics.median(values), 2)
    for medians in results.values():
        medians["ratio"] = round(medians["ostiary_us"] / medians["nginx_us"], 3)
        if "base_us" in medians:
            medians["base_ratio"] = round(medians["base_us"] / medians["nginx_us"], 3)
    return results


def render_table(results: dict[str, dict[str, float]]) -> str:
    """Return the figures as lines of text."""
    has_base = any("base_us" in medians for medians in results.values())
    columns = ["ostiary_us", "nginx_us", "ratio", *(["base_us", "base_ratio"] if has_base else [])]
    lines = [f"{'':12} {'':24}" + "".join(f"{column:>12}" for column in [*columns, "goal"])]
    for scenario in SCENARIOS:
        if scenario.name in results:
            medians = results[scenario.name]
            figures = "".join(f"{medians[column]:12.2f}" for column in columns)
            lines.append(f"{scenario.name:12} {scenario.what:24}{figures}{scenario.goal:12.2f}")
    return "\n".join(lines)


def _memory() -> str | None:
    """A file system in memory, for logs, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _read_arguments(arguments: list[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.run", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", default=os.environ.get("BASE") or None, help="a commit to compare with")
    parser.add_argument("--scenarios", default="", help="some of: " + ",".join(s.name for s in SCENARIOS))
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each measurement takes")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="two seconds, once: to see that everything works")
    options = parser.parse_args(arguments)
    known = {scenario.name: scenario for scenario in SCENARIOS}
    names = [name for name in options.scenarios.split(",") if name] or list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no such scenario: {', '.join(unknown)}")
    seconds, repeats = (2.0, 1) if options.quick else (options.seconds, options.repeats)
    return Plan(tuple(known[name] for name in names), seconds, repeats, options.base)


if __name__ == "__main__":
    sys.exit(main())
