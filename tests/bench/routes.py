"""What a route table costs a request: 100,000 routes beside 10, through the gateway.

    python -m tests.bench.routes [--routes N] [--seconds N] [--repeats N]

Both gateways run at once on one core and are measured in turn with the same request, for the route that was configured
last. Prints CPU per request and their ratio, and writes build/bench-routes.json.
"""

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.gateway import LOG, ROOT, Build, Way, check_answer, empty_log, start_pinned
from tests.bench.machine import choose_cores, measure_cpu, pinned
from tests.bench.nginx import start_upstream
from tests.bench.run import NEEDED, describe_missing
from tests.bench.scenarios import build_head
from tests.bench.wrk import Load, run_wrk, write_script
from tests.e2e.counterparts.gateway import RunningGateway
from tests.requires import find_program

FEW = 10
START_LIMIT_S = 600.0
RESULT = ROOT / "build" / "bench-routes.json"


def build_configuration(routes: int, node: str) -> dict[str, Any]:
    """Return `routes` routes as they come in practice: exact paths, prefixes, hosts, wildcards, methods."""
    upstream = {"nodes": {node: 1}}
    kinds: tuple[dict[str, Any], ...] = (
        {"uri": "/exact/{n}/orders"},
        {"uri": "/prefix/{n}/*"},
        {"uri": "/hosted/*", "host": "host-{n}.example.com"},
        {"uri": "/wild/{n}/*", "host": "*.wild-{n}.example.com"},
        {"uri": "/method/{n}/*", "methods": ["GET", "POST"]},
    )
    configured = [
        {
            "id": f"route-{number}",
            **{
                key: value.format(n=number) if isinstance(value, str) else value
                for key, value in kinds[number % len(kinds)].items()
            },
            "upstream": upstream,
        }
        for number in range(routes - 1)
    ]
    configured.append({"id": "measured", "uri": "/measured/*", "upstream": upstream})
    gateway = {
        "listen": [{"host": "127.0.0.1", "port": 0}],
        "limits": {"requests_per_connection": 1_000_000_000},
    }
    return {"gateway": gateway, "routes": configured}


def main() -> int:
    """Measure both tables in turn."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.routes")
    parser.add_argument("--routes", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    programs = {name: find_program(name) for name in NEEDED}
    if missing := describe_missing(programs):
        print(missing, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ostiary-routes-") as directory:
        found = {name: str(path) for name, path in programs.items()}
        results = measure(options.routes, options.seconds, options.repeats, Path(directory), found)
    print(f"{FEW:>7} routes {results['few_us']:8.2f} µs per request")
    print(f"{options.routes:>7} routes {results['many_us']:8.2f} µs per request, ratio {results['ratio']:.3f}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2) + "\n", encoding="ascii")
    return 0


def measure(routes: int, seconds: float, repeats: int, directory: Path, programs: dict[str, str]) -> dict[str, float]:
    """Return the medians and their ratio."""
    cores = choose_cores()
    costs: dict[str, list[float]] = {"few": [], "many": []}
    build = Build("ostiary", ROOT / "src")
    with contextlib.ExitStack() as stack:
        with pinned(cores.others):
            upstream = start_upstream(programs["nginx"], directory / "upstream")
            stack.enter_context(upstream.program)
        gateways = {}
        for name, count in (("few", FEW), ("many", routes)):
            config = build_configuration(count, upstream.address)
            before = time.monotonic()
            way = Way(start_limit_s=START_LIMIT_S)
            gateways[name] = stack.enter_context(start_pinned(build, config, directory / name, cores.measured, way))
            print(f"{count} routes loaded in {time.monotonic() - before:.1f} s", file=sys.stderr)
        for _ in range(repeats):
            for name, gateway in gateways.items():
                with pinned(cores.others):
                    costs[name].append(measure_gateway(gateway, programs["wrk"], seconds, directory / "load.lua"))
                empty_log(directory / name / LOG)
    medians = {name: statistics.median(values) for name, values in costs.items()}
    return {
        "few_us": round(medians["few"], 2),
        "many_us": round(medians["many"], 2),
        "ratio": round(medians["many"] / medians["few"], 3),
    }


def measure_gateway(gateway: RunningGateway, wrk: str, seconds: float, script: Path) -> float:
    """Return the CPU microseconds of one request for the route that was configured last."""
    head = build_head("/measured/orders/4711?page=2", f"127.0.0.1:{gateway.port}", None)
    check_answer(gateway.port, head.encode("ascii"), 200, "the last route")
    url = f"http://127.0.0.1:{gateway.port}/"
    write_script(script, Load(head), wraps=True)
    run_wrk(wrk, url, script, 1.0)
    before = measure_cpu(gateway.pid)
    completed = run_wrk(wrk, url, script, seconds).completed
    return measure_cpu(gateway.pid).since(before).total / completed * 1e6


if __name__ == "__main__":
    sys.exit(main())
