"""Make the virtual environment: what `make` runs when .venv is missing or older than the lock.

Needs nothing but the Python that runs it (3.11 or newer) and one installer: the `ensurepip` of that Python, else a pip
or a uv that is already there. Every package is held to its hash in requirements.lock; the project itself is installed
in place, so that `.venv/bin/ostiary` runs the source beside this file.
"""

from __future__ import annotations  # so that a Python that is too old gets to the line that says so

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

LOCK = Path("requirements.lock")
OLDEST = (3, 11)
OLDEST_PIP_THAT_INSTALLS_ELSEWHERE = (22, 3)
NO_INSTALLER = (
    "make: this Python has neither ensurepip nor pip, and there is no uv: install one of them "
    "(Debian, Ubuntu: apt install python3-venv)"
)


def main(venv: Path) -> None:
    """Make or bring up to date the environment at `venv`; exits with one line that says what is missing."""
    if sys.version_info < OLDEST:
        version = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(f"make: ostiary needs Python 3.11 or newer and this is {version}: make PYTHON=python3.x ...")
    started = time.monotonic()
    python = venv / "bin" / "python"
    if not is_usable(python):
        print(f"Making {venv}: once, about a minute, and nothing outside this folder is touched", flush=True)
        make_environment(venv)
    installer = find_installer(python)
    install_locked(installer)
    run([*installer, "install", "--no-deps", "--no-build-isolation", "--editable", "."])
    print(f"{venv} is ready ({time.monotonic() - started:.0f} s)", flush=True)


def is_usable(python: Path) -> bool:
    """True when there is an environment whose interpreter still runs and is new enough."""
    try:
        check = subprocess.run(
            [python, "-c", f"import sys; sys.exit(sys.version_info < {OLDEST})"], check=False, capture_output=True
        )
    except OSError:
        return False
    return check.returncode == 0


def make_environment(venv: Path) -> None:
    """An empty environment, with a pip inside where the interpreter brings one (Debian's brings none by itself)."""
    shutil.rmtree(venv, ignore_errors=True)
    command: list[str | Path] = [sys.executable, "-m", "venv", venv]
    if not has(sys.executable, "venv", "create"):
        sys.exit(NO_INSTALLER)
    if not has(sys.executable, "ensurepip", "version"):
        command.append("--without-pip")
    run(command)


def find_installer(python: Path) -> list[str]:
    """The command that installs into the environment: its own pip, a pip outside of it, or uv."""
    if has(python, "pip", "__version__"):
        return [str(python), "-m", "pip"]
    if pip_version(sys.executable) >= OLDEST_PIP_THAT_INSTALLS_ELSEWHERE:
        return [sys.executable, "-m", "pip", "--python", str(python)]
    uv = shutil.which("uv")
    if uv is None:
        shutil.rmtree(python.parent.parent, ignore_errors=True)
        sys.exit(NO_INSTALLER)
    os.environ.setdefault("UV_SYSTEM_CERTS", "true")  # pip trusts what the system trusts, and so may uv
    os.environ["VIRTUAL_ENV"] = str(python.parent.parent.resolve())
    return [uv, "pip"]


def has(python: str | Path, module: str, member: str) -> bool:
    """True when that interpreter can import `member` from the module."""
    check = subprocess.run([python, "-c", f"from {module} import {member}"], check=False, capture_output=True)
    return check.returncode == 0


def pip_version(python: str | Path) -> tuple[int, ...]:
    """The version of that interpreter's pip, (0,) without one."""
    if not has(python, "pip", "__version__"):
        return (0,)
    said = subprocess.run([python, "-c", "import pip; print(pip.__version__)"], check=True, capture_output=True)
    return tuple(int(part) for part in said.stdout.decode().split(".")[:2])


def install_locked(installer: list[str]) -> None:
    """Install the lock, counting the packages aloud: the first time takes long enough to wonder."""
    total = sum(1 for line in LOCK.read_text().splitlines() if "==" in line and not line.startswith((" ", "#")))
    command = [*installer, "install", "--require-hashes", "-r", str(LOCK)]
    said = []
    seen = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            said.append(line)
            if line.startswith("Collecting "):
                seen += 1
                progress(f"  {seen} of {total}  {line.split()[1].partition('==')[0]}")
            elif line.startswith("Installing collected"):
                progress("  unpacking")
    progress("")
    if process.returncode:
        sys.exit("".join(said) + "make: the packages of requirements.lock could not be installed (see above)")


def progress(text: str) -> None:
    """Overwrite the last line of a terminal; elsewhere say nothing."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)


def run(command: list[str | Path]) -> None:
    """Run a step in silence; when it fails, show what it said and end."""
    step = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if step.returncode:
        sys.exit(f"{step.stdout}make: {' '.join(str(word) for word in command)} failed (see above)")


if __name__ == "__main__":
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    main(Path(sys.argv[1]))
