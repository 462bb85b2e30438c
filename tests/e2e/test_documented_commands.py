"""What the pages tell people to type does what is printed there, with the pages' own configurations, on free ports.

Two manuals have tests of their own (`test_keycloak_tutorial`, `test_higress_example`), and so have the
demo's lines (`test_demo_command`).
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.architecture.tree import ROOT
from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.processes import Outputs, RunningProgram, free_port, wait_until_accepting
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.requires import require

GATEWAY, SERVICE = "http://127.0.0.1:9080", "127.0.0.1:8000"
# What `curl -u` sends unchanged, and a token endpoint reads unchanged (RFC 6749 §2.3.1), in the 32 bytes of RFC 7518.
UNCHANGED = r"[A-Za-z0-9._~-]{32,}"


def read_blocks(page: str, kind: str) -> list[str]:
    """Return the blocks of a kind (`sh`, `yaml`) of a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


def find_block(page: str, kind: str, words: str) -> str:
    """Return the one block of a kind in which these words stand."""
    (block,) = [block for block in read_blocks(page, kind) if words in block]
    return block


def run_shell(script: str, folder: Path, **environment: str) -> str:
    """Run lines of a page in a folder, as a person does whose `ostiary` is this one; return what they print."""
    for place in ("bin/ostiary", ".venv/bin/ostiary"):
        command = folder / place
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ostiary "$@"\n')
        command.chmod(0o755)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    everything = {**os.environ, **environment, "PATH": path, "NO_COLOR": "1", "COLUMNS": "200"}
    ran = subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=everything, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, (script, ran.stdout, ran.stderr)
    return ran.stdout


def make_secret(line: str, folder: Path) -> str:
    """Return the secret that a line of a page makes, whatever it is made of this time."""
    secret = run_shell(f'{line}\nprintf %s "$BILLING_SECRET"', folder)

    assert re.fullmatch(UNCHANGED, secret), "half of those who type this line would be told invalid_client"
    return secret


def find_line(block: str, start: str) -> str:
    """Return the line of a block that starts so."""
    (line,) = [line for line in block.splitlines() if line.startswith(start)]
    return line


@pytest.fixture(autouse=True)
def _curl() -> None:
    require("curl", "apt-get install curl")


def test_a_first_token_of_the_oauth2_guide(tmp_path: Path) -> None:
    """The secret, the gateway and the token; the service is told who calls."""
    shell = find_block("docs/oauth2.md", "sh", "curl -u")
    assert ["export", "ostiary run ostiary.yaml", "curl"] == [
        line if line.startswith("ostiary") else line.split()[0] for line in shell.splitlines()
    ]
    secret = make_secret(find_line(shell, "export"), tmp_path)
    with RecordingUpstream() as upstream:
        text = read_blocks("docs/oauth2.md", "yaml")[0].replace(SERVICE, upstream.address)
        with start_gateway(yaml.safe_load(text), tmp_path, {"BILLING_SECRET": secret}) as gateway:
            line = find_line(shell, "curl").replace(GATEWAY, gateway.url)
            answer = json.loads(run_shell(line, tmp_path, BILLING_SECRET=secret))
            header = f"Authorization: Bearer {answer.pop('access_token')}"
            run_shell(f"curl --fail -s -H {shlex.quote(header)} {gateway.url}/orders", tmp_path)

        assert {"token_type": "bearer", "expires_in": 7200} == answer
        assert "billing" == upstream.requests[-1].value("x-mse-consumer")


def test_the_readme_gives_machines_tokens(tmp_path: Path) -> None:
    """A token, a call with it, and what a request meets, on the configuration that stands above the lines."""
    shell = find_block("README.md", "sh", "oauth2/token")
    (text,) = [text for text in read_blocks("README.md", "yaml") if "oauth2:" in text]
    secret = "0123456789abcdef0123456789abcdef"
    with RecordingUpstream() as upstream:
        written = text.replace(SERVICE, upstream.address)
        (tmp_path / "page").mkdir()
        (tmp_path / "page/ostiary.yaml").write_text(written)
        with start_gateway(yaml.safe_load(written), tmp_path, {"BILLING_SECRET": secret}) as gateway:
            first, *rest = shell.replace(GATEWAY, gateway.url).splitlines()
            token = json.loads(run_shell(first, tmp_path, BILLING_SECRET=secret))["access_token"]
            printed = run_shell("\n".join(rest), tmp_path / "page", BILLING_SECRET=secret, TOKEN=token)

        assert "oauth2: from the instance (instance.plugins.oauth2, ostiary.yaml line 5)" in printed
        assert ["/orders"] == [request.target for request in upstream.requests]


def test_https_is_tried_in_two_commands(tmp_path: Path) -> None:
    """The certificate, the gateway, and both lines of curl: straight, and by the redirect."""
    require("openssl", "apt-get install openssl")
    make, calls = read_blocks("docs/https.md", "sh")
    (text,) = [text for text in read_blocks("docs/https.md", "yaml") if "cert.pem" in text]
    run_shell(make, tmp_path)
    with RecordingUpstream() as upstream:
        ports = {"9443": str(free_port()), "9080": str(free_port()), "8000": str(upstream.port)}
        for documented, free in ports.items():
            text, calls = text.replace(documented, free), calls.replace(documented, free)
        (tmp_path / "ostiary.yaml").write_text(text)
        outputs = Outputs(tmp_path / "stdout", tmp_path / "stderr")
        with RunningProgram([sys.executable, "-m", "ostiary", "run"], outputs, cwd=tmp_path):
            for port in (ports["9443"], ports["9080"]):
                wait_until_accepting(int(port), 20)
            run_shell(calls.replace("curl ", "curl --fail -s "), tmp_path)

    assert 2 == calls.count("curl ") == len(upstream.requests)
