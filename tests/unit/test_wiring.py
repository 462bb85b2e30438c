"""The composition root: a file becomes a gateway that serves, reloads and stops; or says why not."""

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from ostiary.config.higress.loading import HigressFolder
from ostiary.config.problems import CLOSED, Problem
from ostiary.ports import LogValue, Severity
from ostiary.wiring import SECRET_FILE, Gateway, load_registry, run_gateway
from tests.e2e.counterparts.redis_server import RedisServer
from tests.fakes.higress import bridge, ingress, path_to, wasm, write_folder
from tests.fakes.log import FakeLog

GOOD = """
gateway: {listen: [{host: 127.0.0.1, port: 0}], timeouts: {drain_s: 1}}
routes:
  - {id: first, uri: /first, upstream: {nodes: {"127.0.0.1:9": 0}}}
"""
SIGNS_IN = """
routes:
  - id: shop
    uri: /*
    plugins:
      openid-connect:
        {client_id: shop, client_secret: hush-hush, discovery: "https://id.example/.well-known/openid-configuration"}
    upstream: {nodes: {"127.0.0.1:9": 1}}
"""
BAD = "routes:\n  - {id: first, url: /first}\n"

Shown = list[tuple[str, tuple[Problem, ...]]]


@pytest.fixture
def shown() -> Shown:
    """Problems that were shown, by file."""
    return []


def write(folder: Path, text: str) -> Path:
    """Write a configuration file."""
    path = folder / "ostiary.yaml"
    path.write_text(text)
    return path


def make(path: Path, shown: Shown, **environ: str) -> Gateway:
    """Make a gateway on a file."""
    return Gateway(path, environ, lambda name, problems: shown.append((name, problems)))


def serve(gateway: Gateway, work: Callable[[int], object]) -> int:
    """Serve on a real loop, do `work` with the port once it listens, then send SIGTERM; return the exit code."""

    async def scenario() -> int:
        loop = asyncio.get_running_loop()
        serving = loop.create_task(gateway.serve())
        while not (gateway._server and gateway._server._listeners):
            assert not serving.done(), serving.result()
            await asyncio.sleep(0)
        port = gateway._server._listeners[0].sockets[0].getsockname()[1]
        await loop.run_in_executor(None, work, port)
        os.kill(os.getpid(), signal.SIGTERM)
        return await serving

    try:
        return uvloop.run(scenario())
    finally:
        gateway.close()


def ask(port: int, target: str) -> bytes:
    """Send one request and return the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode("ascii"))
        answer = b""
        while piece := client.recv(65_536):
            answer += piece
    return answer


def test_built_in_plugins_come_through_the_entry_point() -> None:
    """The same door as those of third parties."""
    registry = load_registry()

    assert registry["openid-connect"].name == "openid-connect"
    assert all(name == plugin_type.name for name, plugin_type in registry.items())


def test_a_good_file_is_loaded(tmp_path: Path, shown: Shown) -> None:
    """And can be loaded again."""
    gateway = make(write(tmp_path, GOOD), shown)
    assert (True, True, []) == (gateway.load(), gateway.load(), shown)
    gateway.close()


def test_a_file_with_mistakes_is_shown(tmp_path: Path, shown: Shown) -> None:
    """With its name; nothing would be served."""
    path = write(tmp_path, BAD)
    gateway = make(path, shown)

    assert not gateway.load()
    assert [str(path)] == [name for name, _ in shown]
    assert shown[0][1]
    assert 1 == asyncio.run(gateway.serve())
    gateway.close()


def test_the_environment_is_the_one_that_was_given(tmp_path: Path, shown: Shown) -> None:
    """References are resolved from there."""
    text = SIGNS_IN.replace("hush-hush", "$ENV://SHOP_SECRET")
    for environ, expected in (({"SHOP_SECRET": "hush-hush"}, True), ({}, False)):
        gateway = make(write(tmp_path, text), shown, **environ)
        assert expected == gateway.load()
        gateway.close()


def test_a_secret_that_nobody_wrote_is_made_beside_the_file(
    tmp_path: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the process was started."""
    path = write(tmp_path, SIGNS_IN)
    monkeypatch.chdir(tmp_path.parent)
    gateway = make(Path(tmp_path.name) / "ostiary.yaml", shown)
    assert gateway.load(), shown
    gateway.close()

    assert (path.parent / SECRET_FILE).exists()


def test_with_state_in_redis_the_secret_that_nobody_wrote_lives_there(tmp_path: Path, shown: Shown) -> None:
    """Every node finds the same one, and no file is made; a Redis that is down is a problem with a remedy."""
    with RedisServer(tmp_path) as server:
        text = f"state: {{type: redis, port: {server.port}}}\n{SIGNS_IN}"
        for _ in range(2):
            gateway = make(write(tmp_path, text), shown)
            assert gateway.load(), shown
            gateway.close()
        assert 64 == server.run("STRLEN", "ostiary:session-secret")
        server.kill()
        gateway = make(write(tmp_path, text), shown)
        assert not gateway.load()
        gateway.close()

    assert not (tmp_path / SECRET_FILE).exists()
    (problem,) = shown[0][1]
    assert "write session.secret" in problem.problem


def test_a_check_makes_no_store(tmp_path: Path, shown: Shown) -> None:
    """Nor does loading a configuration whose plugins have not used one."""
    gateway = make(write(tmp_path, f"state: {{type: sqlite, path: state.db}}\n{GOOD}"), shown)
    assert gateway.load(), shown
    gateway.close()

    assert ["ostiary.yaml"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(("text", "expected"), [(BAD, 1), (None, 2)])
def test_what_cannot_be_served_has_its_exit_code(
    tmp_path: Path, shown: Shown, capsys: pytest.CaptureFixture[str], text: str | None, expected: int
) -> None:
    """1: mistakes, which were shown. 2: unreadable, which is said in one line."""
    path = write(tmp_path, text) if text is not None else tmp_path / "missing.yaml"

    assert expected == run_gateway(path, lambda name, problems: shown.append((name, problems)), {})
    assert (expected == 1) == bool(shown)
    lines = capsys.readouterr().err.splitlines()
    assert ([] if text else [f"ostiary run: {path} cannot be read: No such file or directory"]) == lines


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, shown: Shown, capfd: pytest.CaptureFixture[str]) -> None:
    """It says where it listens; requests have their lines on standard output; the exit code is 0."""
    gateway = make(write(tmp_path, GOOD), shown)
    assert gateway.load()
    answers: list[bytes] = []
    code = serve(gateway, lambda port: answers.append(ask(port, "/nowhere")))

    printed = capfd.readouterr()
    assert 0 == code
    assert answers[0].startswith(b"HTTP/1.1 404 ")
    assert "/nowhere" == json.loads(printed.out)["path"]
    assert "ostiary: listening on http://127.0.0.1:" in printed.err
    assert '"code":"draining"' in printed.err


def test_without_an_access_log_nothing_is_printed(
    tmp_path: Path, shown: Shown, capfd: pytest.CaptureFixture[str]
) -> None:
    """`access_log: {enabled: false}`."""
    text = GOOD.replace("timeouts:", "access_log: {enabled: false}, timeouts:")
    gateway = make(write(tmp_path, text), shown)
    assert gateway.load()
    serve(gateway, lambda port: ask(port, "/nowhere"))

    assert "" == capfd.readouterr().out


class AwaitedLog(FakeLog):
    """A log that another thread can wait for."""

    def __init__(self) -> None:
        """Start without events."""
        super().__init__()
        self._grown = threading.Condition()

    def event(self, severity: Severity, code: str, message: str, /, **fields: LogValue) -> None:
        """Remember the event, and say so."""
        with self._grown:
            super().event(severity, code, message, **fields)
            self._grown.notify_all()

    def wait_for(self, code: str) -> None:
        """Return when the code has been written."""
        with self._grown:
            assert self._grown.wait_for(lambda: code in self.codes, 10.0), self.codes


def test_a_hangup_reads_the_file_again(tmp_path: Path, shown: Shown) -> None:
    """A good one serves from then on; mistakes, or no file at all, leave the one before in place, and are told."""
    path = write(tmp_path, GOOD)
    gateway = make(path, shown)
    assert gateway.load()
    log = AwaitedLog()
    gateway._log = log  # type: ignore[assignment]
    statuses: list[bytes] = []

    def reload(expected: str, port: int) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        log.wait_for(expected)
        statuses.append(ask(port, "/second")[9:12])

    def work(port: int) -> None:
        statuses.append(ask(port, "/second")[9:12])
        path.write_text(GOOD.replace("/first", "/second"))
        reload("reloaded", port)
        path.write_text(BAD)
        reload("reload_refused", port)
        path.unlink()
        reload("reload_failed", port)

    assert 0 == serve(gateway, work)
    assert [b"404", b"503", b"503", b"503"] == statuses
    problems = [event.fields["path"] for event in log.events if event.code == "reload_problem"]
    assert problems, "every mistake is in the log, which never waits for its reader"
    assert [] == shown


def test_a_folder_serves_with_the_routes_closed_that_have_mistakes(tmp_path: Path) -> None:
    """At start, and after they are mended with all; a reload with a mistake changes nothing."""
    listen = tmp_path / "gateway.yaml"
    listen.write_text("gateway: {listen: [{port: 0}], access_log: {enabled: false}}\n")
    closed = wasm({"ingress": ["closed"], "config": {"client_id": "x"}}, image="oidc")
    objects = (bridge(), ingress("closed", None, path_to("/closed")))
    folder = write_folder(tmp_path / "folder", *objects, closed)
    shown: list[tuple[object, ...]] = []
    gateway = Gateway(HigressFolder(folder, listen), {}, lambda *told: shown.append(told))
    assert gateway.load()
    ((name, problems, outcome),) = shown
    assert (str(folder), CLOSED) == (name, outcome)
    assert isinstance(problems, tuple)
    assert {"all.yaml"} == {problem.file for problem in problems}
    log = AwaitedLog()
    gateway._log = log  # type: ignore[assignment]
    statuses: list[bytes] = []

    def work(port: int) -> None:
        statuses.append(ask(port, "/closed")[9:12])
        statuses.append(ask(port, "/elsewhere")[9:12])
        os.kill(os.getpid(), signal.SIGHUP)
        log.wait_for("reload_refused")
        write_folder(folder, *objects[:1], ingress("closed", None, path_to("/open")))
        os.kill(os.getpid(), signal.SIGHUP)
        log.wait_for("reloaded")
        statuses.append(ask(port, "/closed")[9:12])

    assert 0 == serve(gateway, work)
    assert [b"503", b"404", b"404"] == statuses
    assert {"all.yaml"} == {event.fields["file"] for event in log.events if event.code == "reload_problem"}


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do; exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = write(tmp_path, GOOD.replace("port: 0", f"port: {port}"))
        code = run_gateway(path, lambda name, problems: None, {})

    printed = capsys.readouterr().err
    assert (1, 1) == (code, printed.count("\n"))
    assert f"127.0.0.1:{port}" in printed
    assert "gateway.listen" in printed


def test_notices_are_told_at_start(tmp_path: Path, shown: Shown, capfd: pytest.CaptureFixture[str]) -> None:
    """What weakens it."""
    path = write(tmp_path, SIGNS_IN.replace("client_id: shop", "client_id: shop, ssl_verify: false"))
    gateway = make(path, shown)
    assert gateway.load(), shown
    gateway.close()

    assert '"code":"notice"' in capfd.readouterr().err
