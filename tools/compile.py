"""Compile what every request passes through to C (mypyc), in a copy of the tree: `make wheel` and `make bench` run it.

    python tools/compile.py                    into build/compiled, to be put on PYTHONPATH
    python tools/compile.py --wheel DIRECTORY  and from there a wheel, for this Python and this kind of machine

The source stays what it is and runs without a compiler; compiled it is faster and decides alike, which the tests show
that `.ci/run` runs against it. Nothing is written beside the source: a compiled module there would hide later edits.
Needs a C compiler and Python's headers. Why this and nothing else: docs/adr/0008-compiled-data-plane.md.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPILED_TREE = ROOT / "build" / "compiled"
PACKAGING = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
BYTECODE = shutil.ignore_patterns("__pycache__")
STAMP = ".compiled-from"
# The data plane, and the verdicts on requests whose credentials were proven before. What happens once in a while
# (signing in, reading configuration) would gain nothing. A module with a pydantic model or a msgspec Struct is none for
# this list: mypyc drops what stands beside the base in a class's brackets.
COMPILED = (
    "adapters/clock",
    "authorization_server/issued_tokens",
    "authorization_server/protection",
    "bounded",
    "config/router",
    "config/snapshot",
    "gateway/access_log",
    "gateway/accounts",
    "gateway/connection",
    "gateway/exchange",
    "gateway/forwarding",
    "gateway/intake",
    "gateway/outbox",
    "gateway/relay",
    "gateway/server",
    "gateway/waiting",
    "http/authority",
    "http/fields",
    "http/forwarded",
    "http/head",
    "http/lines",
    "http/request",
    "http/response",
    "http/section",
    "http/target",
    "identity/bearer",
    "identity/claims",
    "identity/jose",
    "identity/session_cookie",
    "plugins/oauth2/plugin",
    "plugins/oidc/plugin",
    "plugins/openid_connect/plugin",
    "relying_party/session_stage",
    "resource_server/admission",
    "resource_server/local_verification",
    "resource_server/memory",
    "resource_server/verifier",
    "upstream/balancer",
    "upstream/connection",
    "upstream/pool",
    "verdicts",
)


def main() -> None:
    """Compile what has changed, and say where it is."""
    parser = argparse.ArgumentParser(prog="python tools/compile.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--wheel", type=Path, metavar="DIRECTORY", help="make a wheel there, to be installed by pip")
    options = parser.parse_args()
    if problem := find_problem():
        sys.exit(f"compile: {problem}")
    compile_into(COMPILED_TREE)
    if options.wheel:
        print(make_wheel(COMPILED_TREE, options.wheel.resolve()), flush=True)


def compile_into(target: Path) -> None:
    """Fill `target`, unless it was compiled from these very sources."""
    stamp = digest_sources()
    file = target / STAMP
    if file.is_file() and file.read_text(encoding="ascii") == stamp:
        print(f"{target.relative_to(ROOT)} is up to date", flush=True)
        return
    started = time.monotonic()
    print(f"Compiling {len(COMPILED)} modules: about a minute", flush=True)
    with tempfile.TemporaryDirectory(prefix="ostiary-compile-") as directory:
        tree = Path(directory) / "src"
        shutil.copytree(ROOT / "src", tree, ignore=BYTECODE)
        compile_modules(tree)
        (tree / STAMP).write_text(stamp, encoding="ascii")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(tree, target)
    print(f"{target.relative_to(ROOT)} is ready ({time.monotonic() - started:.0f} s)", flush=True)


def digest_sources() -> str:
    """Return a digest of everything that the result depends on: the sources, this tool, this Python."""
    digest = hashlib.sha256(f"{sys.version} {sys.executable}".encode())
    for file in sorted([*(ROOT / "src").rglob("*.py"), Path(__file__), ROOT / "requirements.lock"]):
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def find_problem() -> str | None:
    """Say what is missing to compile anything, and how to get it."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler}): apt install gcc"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.is_file():
        return f"Python's headers are not there ({header.name}): apt install python3-dev"
    return None


def compile_modules(tree: Path) -> None:
    """Compile in place. Exits with what the compiler said when it fails."""
    files = [f"ostiary/{name}.py" for name in COMPILED]
    run([sys.executable, "-m", "mypyc", "--config-file", ROOT / "pyproject.toml", *files], tree)
    shutil.rmtree(tree / "build")
    shutil.rmtree(tree / ".mypy_cache", ignore_errors=True)


def make_wheel(compiled: Path, target: Path) -> Path:
    """Make the wheel; `hatch_build.py` says that it is for this machine only. Returns the file."""
    with tempfile.TemporaryDirectory(prefix="ostiary-wheel-") as directory:
        tree = Path(directory)
        shutil.copytree(compiled, tree / "src", ignore=BYTECODE)
        for name in PACKAGING:
            shutil.copyfile(ROOT / name, tree / name)
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tree / "dist"], tree)
        [wheel] = (tree / "dist").glob("*.whl")
        target.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, target))


def run(command: list[str | Path], directory: Path) -> None:
    """Run a step in silence; when it fails, show what it said and end."""
    step = subprocess.run(
        command, cwd=directory, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if step.returncode:
        sys.exit(f"{step.stdout}compile: {' '.join(str(word) for word in command[:3])} failed (see above)")


if __name__ == "__main__":
    main()
