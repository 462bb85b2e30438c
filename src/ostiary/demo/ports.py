"""The three ports of the demo: where they come from, and whether they can be had.

`OSTIARY_DEMO_PORTS=gateway,provider,echo` or the flags of `ostiary demo` choose them. They are tried before anything is
started, so that a port in use is one line and not a failure somewhere in three programs.
"""

import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, final

VARIABLE: Final = "OSTIARY_DEMO_PORTS"
MAX_PORT = 65_535
WHO_WANTS: Final = {"gateway": "the gateway", "provider": "the demo provider", "echo": "the echo service"}


@final
@dataclass(frozen=True, slots=True)
class DemoPorts:
    """Three different ports, 1 to 65535. Raises ValueError otherwise."""

    gateway: int = 9080
    provider: int = 9090
    echo: int = 9070

    def __post_init__(self) -> None:
        for name, port in self.by_name():
            if not 1 <= port <= MAX_PORT:
                raise ValueError(f"the port of {WHO_WANTS[name]} must be from 1 to {MAX_PORT}, not {port}")
        if len({port for _, port in self.by_name()}) < len(WHO_WANTS):
            raise ValueError("the gateway, the demo provider and the echo service need three different ports")

    def __str__(self) -> str:
        return f"{self.gateway},{self.provider},{self.echo}"

    def by_name(self) -> Iterator[tuple[str, int]]:
        """Give the ports with their names, in the variable's order."""
        for each in fields(self):
            yield each.name, getattr(self, each.name)


def parse_demo_ports(text: str) -> DemoPorts:
    """Read `gateway,provider,echo`. Raises ValueError with a line that names the variable and the shape."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != len(WHO_WANTS) or not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
        raise ValueError(f"{VARIABLE} must be three ports, gateway,provider,echo: for example {DemoPorts()}")
    return DemoPorts(*(int(part) for part in parts))


def find_port_problems(ports: DemoPorts) -> list[str]:
    """Return a line for each port that cannot be had: the port, who wants it, and how to choose another."""
    problems = []
    for name, port in ports.by_name():
        reason = _why_not(port)
        if reason:
            problems.append(
                f"port {port} {reason} and {WHO_WANTS[name]} needs it: "
                f"choose another with --{name}-port, or {VARIABLE}=gateway,provider,echo (now {ports})"
            )
    return problems


def _why_not(port: int) -> str:
    """Return why the port cannot be listened on, or nothing. Browsers try [::1] first for `localhost`, so it counts."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            socket.create_server((address, port), family=family).close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is in use"
            if error.errno == errno.EACCES:
                return "may not be used by this account"
            if family == socket.AF_INET:
                return f"cannot be listened on ({error.strerror})"
    return ""
