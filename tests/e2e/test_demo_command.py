"""`ostiary demo` as a person meets it: one command, three programs, a sign-in, two lines to type, and a clean end."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.processes import POLL_S, Outputs, RunningProgram
from tests.fakes.browser import Browser
from tests.requires import require

PERSON = {"username": "quickstart-user", "password": "quickstart-user-pass"}
START_LIMIT_S = 60.0
END_LIMIT_S = 20.0
READY = r"Configuration of this run: (\S+)"


class Demo:
    """A running demo and its three ports."""

    def __init__(self, tmp_path: Path, ports: Sequence[int]) -> None:
        self.gateway, self.provider, self.echo = (f"http://127.0.0.1:{port}" for port in ports)
        self.ports = ports
        self.program = RunningProgram(
            [sys.executable, "-m", "ostiary", "demo"],
            Outputs(tmp_path / "stdout", tmp_path / "stderr"),
            cwd=tmp_path,
            environment={**os.environ, "OSTIARY_DEMO_PORTS": ",".join(str(port) for port in ports)},
        )

    def wait_until_ready(self) -> Path:
        """Return the file of its configuration, once it has said what to try."""
        return Path(self.program.wait_for_output(READY, START_LIMIT_S).group(1))

    def wait_until_gone(self) -> None:
        """Return when nobody listens any more. Raises AssertionError when somebody still does."""
        deadline = time.monotonic() + END_LIMIT_S
        while any(is_listening(port) for port in self.ports):
            assert time.monotonic() < deadline, "something was left behind"
            time.sleep(POLL_S)


def free_ports() -> list[int]:
    """Three ports that were free a moment ago."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        return [listener.getsockname()[1] for listener in listeners]


def is_listening(port: int) -> bool:
    """Whether somebody accepts on a loopback port."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests that only use it."""
    started = Demo(tmp_path_factory.mktemp("demo"), free_ports())
    with started.program:
        started.wait_until_ready()
        yield started
        assert started.program.terminate(END_LIMIT_S) == 0


def test_a_browser_that_opens_127_0_0_1_signs_in(demo: Demo) -> None:
    """By way of localhost, where the redirect URI is, to the echo, which shows the three headers."""
    browser = Browser()
    page = browser.open(f"{demo.gateway}/anything/test?a=1")
    assert page.url.startswith(f"{demo.provider}/authorize?")
    page = browser.submit(page, PERSON)
    assert (page.status, page.url) == (200, demo.gateway.replace("127.0.0.1", "localhost") + "/anything/test?a=1")
    echoed = page.json()
    assert {"X-Access-Token", "X-Id-Token", "X-Userinfo"} <= set(echoed["headers"])
    assert echoed["args"] == {"a": "1"}
    assert "ostiary_session" not in echoed["headers"].get("Cookie", "")


def test_a_wrong_password_does_not_sign_in(demo: Demo) -> None:
    """The browser stays at the provider."""
    browser = Browser()
    page = browser.submit(browser.open(f"{demo.gateway}/anything/test"), {**PERSON, "password": "wrong"})
    assert page.url.startswith(demo.provider)
    assert page.status == 403


def test_the_two_lines_work_as_printed(demo: Demo) -> None:
    """Typed into a shell, the second answers 200."""
    require("curl", "apt-get install curl")
    token_line = re.search(r"TOKEN=\$\(.*\)$", demo.program.stdout_text(), re.MULTILINE)
    curl_line = re.search(r"curl -i .*$", demo.program.stdout_text(), re.MULTILINE)
    assert token_line is not None
    assert curl_line is not None
    answer = subprocess.run(
        ["/bin/sh", "-c", f"{token_line[0]}\n{curl_line[0]}"], capture_output=True, check=True, timeout=END_LIMIT_S
    )
    assert answer.stdout.startswith(b"HTTP/1.1 200 ")
    assert b"/api/orders" in answer.stdout


@pytest.mark.parametrize("path", ["/anything/test", "/api/orders"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer invalid-access-token"}], ids=["none", "invalid"])
def test_without_a_valid_token_a_program_gets_401(demo: Demo, path: str, headers: dict[str, str]) -> None:
    """With a challenge; a program is what does not ask for a page."""
    answer = call(demo.gateway + path, headers={"Accept": "application/json", "X-Requested-With": "x", **headers})
    assert answer.status == 401
    assert (answer.header("www-authenticate") or "").startswith("Bearer")


def test_the_public_route_is_open_and_takes_made_up_identities_away(demo: Demo) -> None:
    """As its comment in the configuration says."""
    answer = call(f"{demo.gateway}/headers", headers={"X-Userinfo": "me"})
    assert answer.status == 200
    assert "X-Userinfo" not in answer.json()["headers"]


def test_it_prints_no_secret_but_the_clients(demo: Demo) -> None:
    """The session's stays in the file, which only this account can read."""
    file = demo.wait_until_ready()
    session_secret = re.search(r'session: \{secret: "(.+)"\}', file.read_text(encoding="utf-8"))
    assert session_secret is not None
    assert session_secret[1] not in demo.program.stdout_text() + demo.program.stderr_text()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """Exit code 0, no traceback, nothing left: no program, no file."""
    demo = Demo(tmp_path, free_ports())
    with demo.program:
        file = demo.wait_until_ready()
        call(f"{demo.gateway}/headers")
        os.kill(demo.program.pid, number)
        assert demo.program.wait_for_end(END_LIMIT_S) == 0
        assert demo.program.stderr_text() == ""
        demo.wait_until_gone()
        assert not file.parent.exists()


def test_ctrl_c_while_it_starts_ends_it_as_well(tmp_path: Path) -> None:
    """It is impatient people who press it."""
    demo = Demo(tmp_path, free_ports())
    with demo.program:
        demo.program.wait_for_output("starting", START_LIMIT_S)
        os.kill(demo.program.pid, signal.SIGINT)
        assert demo.program.wait_for_end(END_LIMIT_S) == 0
        assert demo.program.stderr_text() == ""
        demo.wait_until_gone()


def test_a_killed_demo_leaves_nothing_running(tmp_path: Path) -> None:
    """SIGKILL: its programs notice by themselves."""
    demo = Demo(tmp_path, free_ports())
    with demo.program:
        file = demo.wait_until_ready()
        demo.program.kill()
        demo.wait_until_gone()
        shutil.rmtree(file.parent, ignore_errors=True)


def test_a_program_that_dies_ends_the_demo(tmp_path: Path) -> None:
    """One line that says which, and exit code 1."""
    require(sys.platform == "linux", "Linux: it finds the program in /proc")
    demo = Demo(tmp_path, free_ports())
    with demo.program:
        demo.wait_until_ready()
        children = Path(f"/proc/{demo.program.pid}/task/{demo.program.pid}/children").read_text(encoding="ascii")
        os.kill(int(children.split()[0]), signal.SIGKILL)
        assert demo.program.wait_for_end(END_LIMIT_S) == 1
        assert "ostiary demo: the echo service was ended by signal 9" in demo.program.stderr_text()
        assert "Traceback" not in demo.program.stderr_text()
        demo.wait_until_gone()


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """Which port, who needs it, and what to change; exit code 1, and nothing was started."""
    ports = free_ports()
    with socket.create_server(("127.0.0.1", ports[1])):
        demo = Demo(tmp_path, ports)
        with demo.program:
            assert demo.program.wait_for_end(END_LIMIT_S) == 1
            (line,) = demo.program.stderr_text().splitlines()
    assert f"port {ports[1]} is in use and the demo provider needs it" in line
    assert "OSTIARY_DEMO_PORTS" in line
    assert demo.program.stdout_text() == ""
