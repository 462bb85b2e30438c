"""The gateway under measurement: a build of it on its own core, a session in it, and one answer at a time.

A build is a source directory: the working tree's, or that of another commit, unpacked beside it and run with the same
interpreter and the same installed packages.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.machine import pinned
from tests.e2e.counterparts.gateway import READY, RunningGateway
from tests.e2e.counterparts.processes import Outputs, RunningProgram, wait_until_accepting
from tests.fakes.browser import Browser

ROOT = Path(__file__).resolve().parents[2]
LOG = "gateway.stdout"
COMPILED = ROOT / "build" / "compiled"


class UnexpectedAnswerError(Exception):
    """A scenario does not answer as it should; measuring it would say nothing."""


@dataclass(frozen=True)
class Build:
    """A name for the table, where the source is, and whether it can keep sessions in Redis and issue tokens."""

    name: str
    source: Path
    has_stores: bool = True
    issues_tokens: bool = True


@dataclass(frozen=True)
class Way:
    """How a build is started: the module to run, what it finds in its environment, how long it may take."""

    module: tuple[str, ...] = ("ostiary",)
    environment: Mapping[str, str] = field(default_factory=dict)
    start_limit_s: float = 20.0


def unpack_build(commit: str, directory: Path) -> Build:
    """Unpack `src/` of `commit` into `directory`. Raises subprocess.CalledProcessError for an unknown commit."""
    packed = subprocess.run(
        [shutil.which("git") or "git", "-C", str(ROOT), "archive", commit, "src"], check=True, capture_output=True
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        # Without the attribute (before 3.11.4) it extracts as it always did; the archive is git's own.
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        archive.extractall(directory)
    return Build("base", directory / "src")


def compile_build() -> Build | None:
    """Return the working tree with its data plane compiled, or None, and say why, where that cannot be had."""
    made = subprocess.run([sys.executable, str(ROOT / "tools" / "compile.py")], cwd=ROOT, check=False)
    if made.returncode:
        print("the compiled data plane is not measured", file=sys.stderr)
        return None
    return Build("compiled", COMPILED)


def find_refusal(build: Build, config: dict[str, Any], directory: Path) -> str | None:
    """Return what `ostiary check` of `build` says against a configuration, or None when it says nothing against it."""
    directory.mkdir(parents=True, exist_ok=True)
    checked = subprocess.run(
        [sys.executable, "-m", "ostiary", "check", str(_write_config(config, directory))],
        cwd=directory,
        env=_environment(build),
        capture_output=True,
        text=True,
        check=False,
        timeout=Way.start_limit_s,
    )
    return None if checked.returncode == 0 else (checked.stdout + checked.stderr).strip()


def start_pinned(
    build: Build, config: dict[str, Any], directory: Path, core: int, way: Way | None = None
) -> RunningGateway:
    """Run `build` on one core, its output (the access log) in `directory`. Raises StartError."""
    chosen = way or Way()
    directory.mkdir(parents=True, exist_ok=True)
    file = _write_config(config, directory)
    with pinned(core):
        program = RunningProgram(
            [sys.executable, "-m", *chosen.module, "run", str(file)],
            Outputs(directory / LOG, directory / "gateway.stderr"),
            cwd=directory,
            environment={**_environment(build), **chosen.environment},
        )
    try:
        port = int(program.wait_for_output(READY, chosen.start_limit_s)[2])
        wait_until_accepting(port, chosen.start_limit_s)
    except BaseException:
        program.kill()
        raise
    return RunningGateway(program, port)


def _write_config(config: dict[str, Any], directory: Path) -> Path:
    file = directory / "ostiary.yaml"
    file.write_text(json.dumps(config), encoding="ascii")  # what is JSON is YAML, and is written faster
    return file


def _environment(build: Build) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{build.source}{os.pathsep}{ROOT}"}


def sign_in(gateway: RunningGateway, path: str) -> str:
    """Sign in by visiting `path` as a browser does; return the Cookie header of the session."""
    url = gateway.url + path
    browser = Browser()
    page = browser.open(url)
    if page.status != 200:
        raise UnexpectedAnswerError(f"signing in ended with {page.status} at {page.url}: {page.text[:500]}")
    return browser.jar.header(urlsplit(url), time.time())


def check_answer(port: int, request: bytes, status: int, name: str) -> None:
    """Send one request. Raises UnexpectedAnswerError when the answer has another status."""
    with socket.create_connection(("127.0.0.1", port), timeout=10.0) as connection:
        connection.sendall(request)
        answer = connection.recv(65_536)
    if not answer.startswith(f"HTTP/1.1 {status} ".encode("ascii")):
        raise UnexpectedAnswerError(f"{name}: expected {status}, got {answer[:300]!r}")


def empty_log(file: Path) -> None:
    """Forget what was logged: a run's log would fill the memory it is written to."""
    if file.exists():
        os.truncate(file, 0)
