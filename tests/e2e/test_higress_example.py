"""`examples/higress/` tried as it stands: every line of its manual by a shell, with the ports of this machine."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.e2e.counterparts.processes import Outputs, RunningProgram, free_port, wait_until_accepting
from tests.requires import require

EXAMPLE = Path("examples/higress")
LIMIT_S = 20.0
ENDING = "trap 'kill $(jobs -p); wait; exit 0' TERM\n"


class Copy:
    """A copy of the example, in the place of the repository, with free ports and the programs of this environment."""

    def __init__(self, folder: Path) -> None:
        """Make it."""
        self.folder = folder
        self.ports = {"9080": str(free_port()), "9070": str(free_port())}
        shutil.copytree(ROOT / EXAMPLE, folder / EXAMPLE, ignore=shutil.ignore_patterns("*.db*", "*.secret"))
        for file in (folder / EXAMPLE).rglob("*.yaml"):
            file.write_text(self.move(file.read_text("utf-8")), "utf-8")
        (folder / ".venv/bin").mkdir(parents=True)
        for name, arguments in (("python", ""), ("ostiary", "-m ostiary")):
            program = folder / ".venv/bin" / name
            program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
            program.chmod(0o755)
        self.blocks = re.findall(r"```sh\n(.*?)```", (folder / EXAMPLE / "README.md").read_text("utf-8"), re.DOTALL)

    def move(self, text: str) -> str:
        """Put the ports of this machine in the place of the example's."""
        for old, new in self.ports.items():
            text = re.sub(rf"\b{old}\b", new, text)
        return text

    def run(self, block: str) -> str:
        """Run a block in one shell, and return what it prints."""
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.move(block)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 0 == ran.returncode, ran.stderr
        return ran.stdout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """What the first block starts; `ostiary run` is its last line, which a shell would wait for."""
    require("bash", "apt-get install bash")
    require("curl", "apt-get install curl")
    copy = Copy(tmp_path_factory.mktemp("example"))
    script = f"{ENDING}{copy.move(copy.blocks[0]).rstrip()} &\nwait\n"
    outputs = Outputs(copy.folder / "stdout", copy.folder / "stderr")
    with RunningProgram(["bash", "-euc", script], outputs, cwd=copy.folder) as program:
        program.wait_for_output(r"listening on http://127\.0\.0\.1:\d+", LIMIT_S)
        for port in copy.ports.values():
            wait_until_accepting(int(port), LIMIT_S)
        assert "no problems" in program.stdout_text()
        yield copy


def test_every_line_answers_what_stands_behind_it(running: Copy) -> None:
    """From the first to the last, in one shell; what the service sees is there."""
    _, calls, _ = running.blocks
    expected = re.findall(r"# (\d{3})", calls)
    assert len(expected) == calls.count("curl -i") == 6

    printed = running.run(calls)

    assert expected == re.findall(r"HTTP/1\.1 (\d{3})", printed)
    assert re.search(r"x-mse-consumer\W+billing", printed.rpartition("HTTP/1.1")[2], re.IGNORECASE)


def test_the_rule_that_wins_is_named_and_all_of_it_written_down(running: Copy, tmp_path: Path) -> None:
    """With file and line; and what is written passes the check."""
    *_, questions = running.blocks
    secret = re.findall(r"^export .*$", running.blocks[1], re.MULTILINE)[0]

    explained, _, imported = running.run(f"{secret}\n{questions}").partition("# Written by")

    line = _find_line(running.folder / EXAMPLE / "resources/plugins.yaml", "config: {allow: [billing]}")
    assert f"WasmPlugin/machine-tokens.spec.matchRules[0].config, plugins.yaml line {line}" in explained
    assert "BILLING_SECRET" in imported
    assert secret.partition("=")[2] not in imported
    (tmp_path / "ostiary.yaml").write_text(f"# Written by{imported}")
    assert "no problems" in running.run(f"{secret}\n.venv/bin/ostiary check {tmp_path / 'ostiary.yaml'}")


def _find_line(file: Path, text: str) -> int:
    return next(number for number, line in enumerate(file.read_text("utf-8").splitlines(), 1) if text in line)
