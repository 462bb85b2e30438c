"""`ostiary demo`: start the echo service, the provider and the gateway, say what to try, and end them all together.

    run_demo(DemoPorts()) -> exit code

What can be known beforehand is checked first and said in one line: the extra packages, the ports. Afterwards the demo
lives until Ctrl-C, SIGTERM or the end of the terminal, or until one of its programs ends.
"""

import importlib.util
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import final

from ostiary.demo.children import Child, ChildError, end_all, wait_until_answering
from ostiary.demo.configuration import gateway_url, provider_url, write_configuration
from ostiary.demo.ports import WHO_WANTS, DemoPorts, find_port_problems, parse_demo_ports
from ostiary.demo.provider.accounts import CLIENT_ID, CLIENT_SECRET_VARIABLE, PASSWORD, USERNAME

__all__ = ["DemoPorts", "parse_demo_ports", "run_demo"]

PACKAGES = ("authlib", "jinja2", "python_multipart", "starlette", "uvicorn")
START_LIMIT_S = 30.0
END_LIMIT_S = 8.0
WATCH_S = 0.2

GREETING = """
Everything runs on this machine, for trying things out. Ctrl-C ends it.

  Open      {gateway}/anything/test
  Sign in   {username} / {password}
  See       X-Access-Token, X-Id-Token, X-Userinfo: added by the gateway to the request that the service behind it shows

A program shows a token instead. Get one, then use it:

  TOKEN=$(curl -s {provider}/token -u {client_id}:{client_secret} -d grant_type=client_credentials | {read_token})
  curl -i {gateway}/api/orders -H "Authorization: Bearer $TOKEN"

  Configuration of this run: {file}
"""
READ_TOKEN = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])'"


def run_demo(ports: DemoPorts) -> int:
    """Run the demo in the foreground. Return 0 when it was told to end, 1 when it could not start or go on."""
    problems = find_missing_packages() or find_port_problems(ports)
    if problems:
        print("\n".join(f"ostiary demo: {problem}" for problem in problems), file=sys.stderr)
        return 1
    with listening_for_the_end() as end, tempfile.TemporaryDirectory(prefix="ostiary-demo-") as folder:
        children: list[Child] = []
        try:
            run_until(end, children, ports, Path(folder))
        except ChildError as error:
            print(f"ostiary demo: {error}", file=sys.stderr)
            return 1
        finally:
            end_all(children[::-1], END_LIMIT_S, end.is_urgent)
    print("\nostiary demo: ended", flush=True)
    return 0


@final
class End:
    """Whether the demo was told to end, and how often: the second time it is done at once."""

    def __init__(self) -> None:
        self._times = 0

    def tell(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Note it; this is the signal handler."""
        self._times += 1

    def is_due(self) -> bool:
        """Whether it was told at all."""
        return self._times > 0

    def is_urgent(self) -> bool:
        """Whether it was told again."""
        return self._times > 1


@contextmanager
def listening_for_the_end() -> Iterator[End]:
    """Take SIGINT, SIGTERM and SIGHUP as notes, for as long as the block lasts; nohup's ignored SIGHUP stays so."""
    end = End()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, end.tell) for number in numbers}
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_until(end: End, children: list[Child], ports: DemoPorts, folder: Path) -> None:
    """Start everything into `children`, greet, and watch. Raises ChildError when one of them ends by itself."""
    print("ostiary demo: starting the echo service, the demo provider and the gateway", flush=True)
    client_secret = secrets.token_urlsafe(24)
    file = folder / "ostiary.yaml"
    file.touch(mode=0o600)
    file.write_text(write_configuration(ports, client_secret, secrets.token_urlsafe(36)), encoding="utf-8")
    for name, port, module, environment in (
        ("echo", ports.echo, ["ostiary.demo.echo", "--port", str(ports.echo)], {}),
        (
            "provider",
            ports.provider,
            ["ostiary.demo.provider", "--port", str(ports.provider)],
            {CLIENT_SECRET_VARIABLE: client_secret},
        ),
        ("gateway", ports.gateway, ["ostiary", "run", str(file)], {}),
    ):
        children.append(Child(WHO_WANTS[name], module, port, environment))
    wait_until_answering(children, START_LIMIT_S, end.is_due)
    if not end.is_due():
        print(greet(ports, client_secret, file), flush=True)
    while not end.is_due():
        for child in children:
            child.check_running()
        time.sleep(WATCH_S)


def greet(ports: DemoPorts, client_secret: str, file: Path) -> str:
    """Return what a person reads who has started the demo. The client's secret is this run's; no other is named."""
    return GREETING.format(
        gateway=gateway_url(ports),
        provider=provider_url(ports),
        username=USERNAME,
        password=PASSWORD,
        client_id=CLIENT_ID,
        client_secret=client_secret,
        read_token=READ_TOKEN,
        file=file,
    )


def find_missing_packages() -> list[str]:
    """Return a line when the demo's packages are not installed: they are an extra."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    return [f"{', '.join(missing)} missing: pip install 'ostiary[demo]'"] if missing else []
