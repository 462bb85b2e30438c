"""The compiled data plane as users get it: a wheel with modules in C, installed beside nothing else of ours.

That it decides as the source does is seen by running the other tests against it (`.ci/run`).
"""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_compiled import compiled
from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.requires import require

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 420.0  # compiling takes a minute where nothing else runs


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the wheel and unpack it, as `pip install` does."""
    require((sysconfig.get_config_var("CC") or "cc").split()[0], "apt-get install gcc python3-dev")
    directory = tmp_path_factory.mktemp("wheel")
    made = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "compile.py"), "--wheel", str(directory)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    [wheel] = directory.glob("*.whl")
    assert re.fullmatch(r"ostiary-[0-9.]+-cp3\d+-cp3\d+-linux_\w+\.whl", wheel.name)
    target = directory / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.fixture(scope="module")
def gateway(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """Run a gateway that issues tokens for a route, from the wheel."""
    consumer = {"name": "robot", "client_id": "robot-id", "client_secret": "robot-secret-of-32-bytes-or-more"}
    oauth2 = {"consumers": [consumer], "global_credentials": True}
    config = {
        "routes": [{"id": "r", "uri": "/*", "plugins": {"oauth2": oauth2}, "upstream": {"nodes": {"127.0.0.1:1": 1}}}]
    }
    with start_gateway(config, tmp_path_factory.mktemp("gateway"), {"PYTHONPATH": str(installed)}) as running:
        yield running


def run_python(installed: Path, code: str) -> str:
    """Run a line of Python with the wheel before everything else; return what it prints."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return ran.stdout


def test_every_module_of_the_list_runs_as_c(installed: Path) -> None:
    """None fell back to its source, which lies beside it for tracebacks."""
    names = [f"ostiary.{name.replace('/', '.')}" for name in compiled()]
    code = f"import importlib; [print(importlib.import_module(name).__file__) for name in {names!r}]"
    files = [Path(line) for line in run_python(installed, code).split()]

    assert len(names) == len(files)
    assert [] == [file for file in files if file.suffix != ".so" or not file.is_relative_to(installed)]


def test_the_version_says_so(installed: Path) -> None:
    """An operator can tell which one runs."""
    said = subprocess.run(
        [sys.executable, "-m", "ostiary", "--version"],
        env={**os.environ, "PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert said.stdout.startswith("ostiary ")
    assert said.stdout.endswith(" (compiled)\n")


def test_it_refuses_admits_and_names_its_faults(gateway: RunningGateway) -> None:
    """401 without a token, a token for the asking, and with it the upstream, which is not there: 502."""
    token_url = f"{gateway.url}/oauth2/token?grant_type=client_credentials&client_id=robot-id"
    token = call(f"{token_url}&client_secret=robot-secret-of-32-bytes-or-more").json()["access_token"]

    assert 401 == call(f"{gateway.url}/a").status
    assert 502 == call(f"{gateway.url}/a", headers={"Authorization": f"Bearer {token}"}).status
    assert 401 == call(f"{gateway.url}/a", headers={"Authorization": f"Bearer {token[:-2]}AA"}).status
