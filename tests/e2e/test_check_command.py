"""`ostiary check` and `ostiary run` as processes, with the plugins that are installed: what is printed, exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = """
routes:
  - id: orders
    uri: /orders/*
    plugins:
      openid-connect:
        client_id: shop
        client_secret: $ENV://SHOP_SECRET
        discovery: https://id.example.com/.well-known/openid-configuration
        redirect_uri: /orders/callback
        session: {secret: $ENV://SESSION_SECRET}
    upstream: {nodes: {"127.0.0.1:8000": 1}}
"""
SECRETS = {"SHOP_SECRET": "hushed-client-secret", "SESSION_SECRET": "hushed-session-secret-of-enough-characters"}


def ostiary(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    kept = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return subprocess.run(
        [sys.executable, "-m", "ostiary", *arguments],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_good_file_says_what_it_sets_up(tmp_path: Path) -> None:
    """Without opening a connection or leaving a file behind."""
    (tmp_path / "ostiary.yaml").write_text(PLUGIN)
    done = ostiary(tmp_path, "check", **SECRETS)

    assert (done.returncode, done.stderr) == (0, "")
    assert "ostiary.yaml: no problems" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("orders"))
    assert row.split() == ["orders", "every", "/orders/*", "every", "openid-connect", "127.0.0.1:8000"]
    assert "hushed" not in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["ostiary.yaml"]


def test_a_weakening_is_told(tmp_path: Path) -> None:
    """What the plugin itself finds worth knowing, at its place."""
    (tmp_path / "ostiary.yaml").write_text(
        PLUGIN.replace("client_id: shop", "client_id: shop\n        ssl_verify: false")
    )
    done = ostiary(tmp_path, "check", **SECRETS)

    assert done.returncode == 0
    assert "- routes[0].plugins.openid-connect: ssl_verify is false" in done.stdout


@pytest.mark.parametrize("command", ["check", "run"])
def test_every_mistake_is_told_at_once_and_nothing_starts(tmp_path: Path, command: str) -> None:
    """Path, line, what is wrong, remedy: misspelt, refused by name, to come, unresolved, too short, out of range."""
    text = PLUGIN.replace("client_id", "clent_id").replace("redirect_uri: /", "prompt: /").replace("8000", "80000")
    (tmp_path / "ostiary.yaml").write_text(text + "store: {type: etcd}\n")
    done = ostiary(tmp_path, command, "ostiary.yaml", SESSION_SECRET="hushed")

    assert done.returncode == 1
    printed = done.stdout + done.stderr
    for line in (
        "ostiary.yaml:7: routes[0].plugins.openid-connect.clent_id: unknown name\n    did you mean `client_id`?\n",
        "ostiary.yaml:8: routes[0].plugins.openid-connect.client_secret: the environment variable SHOP_SECRET is not",
        "ostiary.yaml:10: routes[0].plugins.openid-connect.prompt: is not an attribute here\n",
        "ostiary.yaml:11: routes[0].plugins.openid-connect.session.secret: a secret of 6 characters is too short\n",
        'ostiary.yaml:12: routes[0].upstream.nodes["127.0.0.1:80000"]: ',
        "ostiary.yaml:13: store: not supported yet\n",
        "routes[0].plugins.openid-connect.client_id: required, but missing\n",
        "7 problems; nothing was started or changed\n",
    ):
        assert line in printed
    assert "hushed" not in printed
    assert "Traceback" not in printed


def test_a_file_that_cannot_be_read_is_exit_code_2(tmp_path: Path) -> None:
    """For both commands, in one line."""
    for command in ("check", "run"):
        done = ostiary(tmp_path, command, "missing.yaml")
        assert done.returncode == 2
        assert done.stderr == f"ostiary {command}: missing.yaml cannot be read: No such file or directory\n"


def test_bytes_of_any_kind_are_no_traceback(tmp_path: Path) -> None:
    """A picture, a truncated file, brackets without end."""
    for content in (bytes(range(256)), b"routes: [{", b"[" * 100_000, b"\x00"):
        (tmp_path / "ostiary.yaml").write_bytes(content)
        done = ostiary(tmp_path, "check")
        assert done.returncode == 1
        assert done.stdout.endswith("1 problem; nothing was started or changed\n")
        assert done.stderr == ""


def test_the_version_and_the_help_are_said_quickly(tmp_path: Path) -> None:
    """Without importing the gateway."""
    assert ostiary(tmp_path, "--version").stdout.startswith("ostiary ")
    program = "import sys, ostiary.cli; sys.exit('aiohttp' in sys.modules or 'uvloop' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
