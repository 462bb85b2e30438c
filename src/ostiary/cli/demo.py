"""`ostiary demo`: which ports, and a clear line when the demo's packages are not installed.

What the demo starts, and how it ends, is in `ostiary.demo`.
"""

import dataclasses
import os
import sys
from collections.abc import Mapping
from types import ModuleType

VARIABLE = "OSTIARY_DEMO_PORTS"
PACKAGES_MISSING = "ostiary demo: the demo needs {name}, which is not installed: pip install 'ostiary[demo]'"


def start_demo(chosen: Mapping[str, int | None], environ: Mapping[str, str] = os.environ) -> int:
    """Run the demo on the ports of the options, else OSTIARY_DEMO_PORTS, else the defaults. Return the exit code."""
    try:
        command = _import_demo()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ostiary"):
            raise
        print(PACKAGES_MISSING.format(name=error.name), file=sys.stderr)
        return 1
    try:
        written = environ.get(VARIABLE)
        ports = command.parse_demo_ports(written) if written else command.DemoPorts()
        ports = dataclasses.replace(ports, **{name: port for name, port in chosen.items() if port is not None})
    except ValueError as error:
        print(f"ostiary demo: {error}", file=sys.stderr)
        return 2
    code: int = command.run_demo(ports)
    return code


def _import_demo() -> ModuleType:
    from ostiary.demo import command

    return command
