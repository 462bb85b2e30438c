"""`make bench`: CPU per request of the gateway beside bare nginx `proxy_pass`, in the same run.

    python -m tests.bench.run [--base COMMIT] [--scenarios S0,S1] [--seconds N] [--repeats N] [--quick] [--source-only]

One core runs the gateway and the nginx it is compared with, one after the other; the other core runs wrk, the upstream
Redis and the identity provider. Each repeat starts a fresh gateway, signs in, and measures every scenario on each in
turn. Figures are medians over the repeats. Prints a table and writes build/bench.json. The gateway is measured as
source, and with its data plane compiled where there is a C compiler. Another build runs the scenarios that it knows the
configuration of.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.bench.gateway import (
    LOG,
    ROOT,
    Build,
    UnexpectedAnswerError,
    check_answer,
    compile_build,
    empty_log,
    find_refusal,
    sign_in,
    start_pinned,
    unpack_build,
)
from tests.bench.machine import Cores, NotEnoughCoresError, choose_cores, measure_cpu, pinned
from tests.bench.nginx import Nginx, start_proxy, start_upstream
from tests.bench.provider import READY
from tests.bench.results import Costs, compare, render_comparison, render_table, summarise
from tests.bench.scenarios import SCENARIOS, STORED_SESSIONS, TOKEN_TARGET, Materials, Scenario, build_configuration
from tests.bench.stored_sessions import Asked, AskedTooOftenError, Watch
from tests.bench.tokens import generate_key, sign_access_tokens
from tests.bench.wrk import Load, LoadFailure, run_wrk, write_script
from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.gateway import RunningGateway
from tests.e2e.counterparts.processes import Outputs, RunningProgram, StartError
from tests.e2e.counterparts.redis_server import RedisServer
from tests.requires import find_program

RESULT = ROOT / "build" / "bench.json"
NEEDED = ("nginx", "wrk")
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
    with_compiled: bool = False


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
    redis: RedisServer | None


@dataclass(frozen=True)
class Door:
    """Something that requests are sent to, and what it costs is counted for."""

    name: str
    port: int
    pid: int
    log: Path | None


def main() -> int:
    """Measure, print, write. Exit code 0, 1 when a scenario failed, 2 when something is missing."""
    plan = _read_arguments(sys.argv[1:])
    programs = find_programs(plan)
    if missing := describe_missing(programs):
        print(missing, file=sys.stderr)
        return 2
    try:
        costs = measure(plan, str(programs["nginx"]), str(programs["wrk"]))
    except NotEnoughCoresError as error:
        print(error, file=sys.stderr)
        return 2
    except (UnexpectedAnswerError, LoadFailure, StartError, AskedTooOftenError) as error:
        print(f"the benchmark failed: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"git does not give {plan.base}: {error.stderr.decode('utf-8', 'replace').strip()}", file=sys.stderr)
        return 2
    results, compared = summarise(costs), compare(costs)
    print(render_table(results))
    if compared:
        print(f"\n{render_comparison(compared)}")
    RESULT.parent.mkdir(exist_ok=True)
    spreads = {name: spread._asdict() for name, spread in compared.items()}
    RESULT.write_text(json.dumps({**results, "times_base": spreads}, indent=2) + "\n", encoding="ascii")
    return 0


def find_programs(plan: Plan) -> dict[str, str | None]:
    """Return where the programs are that a plan needs, by the name of program and package; None where one is not."""
    with_stores = any(scenario.is_stored for scenario in plan.scenarios)
    return {name: find_program(name) for name in (*NEEDED, *(("redis-server",) if with_stores else ()))}


def describe_missing(programs: dict[str, str | None]) -> str:
    """Return what to do about programs that are not there, a line for each."""
    missing = [name for name, path in programs.items() if path is None]
    return "\n".join(f"{name} is missing: apt-get install {name}" for name in missing)


def measure(plan: Plan, nginx: str, wrk: str) -> Costs:
    """Run every repeat. Raises UnexpectedAnswerError or LoadFailure for a scenario that does not work."""
    costs: Costs = {}
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-bench-", dir=_memory())))
        builds = [Build("ostiary", ROOT / "src")]
        if plan.with_compiled and (compiled := compile_build()) is not None:
            builds.append(compiled)
        bench = stack.enter_context(prepare(directory, nginx, wrk, plan))
        if plan.base:
            builds.append(find_out_what_it_knows(bench, unpack_build(plan.base, directory / "base")))
        for repeat in range(plan.repeats):
            print(f"repeat {repeat + 1} of {plan.repeats}", file=sys.stderr)
            _measure_once(bench, plan, builds, costs)
            builds.reverse()  # neither build always comes second
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
            redis = None
            if any(scenario.is_stored for scenario in plan.scenarios):
                redis = stack.enter_context(RedisServer(directory))
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
        yield Bench(wrk, directory, cores, upstream, baseline, issuer, new, warming, spare, redis)


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
        materials = {build.name: gather_materials(bench, build, gateways[build.name]) for build in builds}
        materials["nginx"] = materials["ostiary"]
        without_stores = {build.name for build in builds if not build.has_stores}
        without_issuer = {build.name for build in builds if not build.issues_tokens}
        for scenario in plan.scenarios:
            for door in doors.values():
                if scenario.is_stored and door.name in without_stores:
                    continue
                if scenario.needs_issuer and door.name in without_issuer:
                    continue
                status = 200 if door.name == "nginx" else scenario.status
                cost = measure_door(bench, scenario, door, materials[door.name], status, plan.seconds)
                costs.setdefault((scenario.name, door.name), []).append(cost)
                print(f"  {scenario.name:12} {door.name:8} {cost:7.2f} µs", file=sys.stderr)


def start_for(bench: Bench, build: Build) -> RunningGateway:
    """Run a build on the measured core, with a route for each kind of decision."""
    return start_pinned(build, configure(bench, build), bench.directory / build.name, bench.cores.measured)


def configure(bench: Bench, build: Build) -> dict[str, Any]:
    """Return the configuration of a build."""
    redis_port = bench.redis.port if bench.redis is not None and build.has_stores else None
    return build_configuration(bench.issuer, bench.upstream.address, redis_port, issues_tokens=build.issues_tokens)


def find_out_what_it_knows(bench: Bench, build: Build) -> Build:
    """Return the build with what it can do of stores and tokens. Raises StartError when it can run nothing."""
    refusal: str | None = None
    for tried in (build, replace(build, issues_tokens=False), replace(build, issues_tokens=False, has_stores=False)):
        refusal = find_refusal(tried, configure(bench, tried), bench.directory / build.name)
        if refusal is None:
            if tried != build:
                print(f"{build.name} does not know all scenarios: some are measured without it", file=sys.stderr)
            return tried
    raise StartError(f"{build.name} refuses its configuration: {refusal}")


def gather_materials(bench: Bench, build: Build, gateway: RunningGateway) -> Materials:
    """Sign in at the gateway; return what the scenarios' requests are made of."""
    stored: tuple[str, ...] = ()
    file = bench.directory / f"{build.name}-cookies"
    if bench.redis is not None and build.has_stores:
        stored = tuple(sign_in(gateway, "/stored/orders/4711?page=2") for _ in range(STORED_SESSIONS))
        file.write_text("\n".join(stored) + "\n", encoding="ascii")
    return Materials(
        host=f"127.0.0.1:{gateway.port}",
        cookie=sign_in(gateway, "/session/orders/4711?page=2"),
        token=bench.token,
        opaque_token="b2d3c1f09e8a4b7f-opaque-access-token-of-a-usual-length-6d1f",
        new_tokens=bench.new_tokens,
        warming_tokens=bench.warming_tokens,
        stored_cookies=stored,
        stored_cookies_file=file,
        issued_token=call(gateway.url + TOKEN_TARGET).json()["access_token"] if build.issues_tokens else "",
    )


def measure_door(
    bench: Bench, scenario: Scenario, door: Door, materials: Materials, status: int, seconds: float
) -> float:
    """Return the CPU microseconds that one request of `scenario` costs behind `door`."""
    sample = scenario.sample(materials)
    check_answer(door.port, sample, status, f"{scenario.name} at {door.name}")
    wraps = door.name == "nginx" or not scenario.has_new_tokens
    _drive(bench, scenario.load(materials, warming=True), door, WARM_UP_S, wraps=True)
    watch = Watch(bench.redis) if bench.redis is not None and scenario.is_stored else None
    with watch.watching() if watch is not None else contextlib.nullcontext():
        before = measure_cpu(door.pid)
        completed = _drive(bench, scenario.load(materials), door, seconds, wraps=wraps)
        used = measure_cpu(door.pid).since(before)
    if watch is not None and door.name != "nginx":
        _judge(watch.asked, scenario, completed)
    check_answer(door.port, sample, status, f"{scenario.name} at {door.name}, after the run")
    if door.log is not None:
        empty_log(door.log)
    return used.total / completed * 1e6


def _judge(asked: Asked, scenario: Scenario, completed: int) -> None:
    """Print how often Redis was asked. Raises AskedTooOftenError, or UnexpectedAnswerError when nobody asked it."""
    print(f"  {scenario.name:12} {asked} for {completed} requests", file=sys.stderr)
    if scenario.revalidate_s:
        asked.check_rare(scenario.revalidate_s)
    elif asked.total < completed:
        raise UnexpectedAnswerError(f"{scenario.name}: some of {completed} requests were served without asking Redis")


def _drive(bench: Bench, load: Load, door: Door, seconds: float, *, wraps: bool) -> int:
    script = write_script(bench.directory / "load.lua", load, wraps=wraps)
    with pinned(bench.cores.others):
        return run_wrk(bench.wrk, f"http://127.0.0.1:{door.port}/", script, seconds).completed


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
    parser.add_argument("--source-only", action="store_true", help="do not measure the compiled data plane")
    options = parser.parse_args(arguments)
    known = {scenario.name: scenario for scenario in SCENARIOS}
    names = [name for name in options.scenarios.split(",") if name] or list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no such scenario: {', '.join(unknown)}")
    seconds, repeats = (2.0, 1) if options.quick else (options.seconds, options.repeats)
    scenarios = tuple(known[name] for name in names)
    return Plan(scenarios, seconds, repeats, options.base, with_compiled=not options.source_only)


if __name__ == "__main__":
    sys.exit(main())
