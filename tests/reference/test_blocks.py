"""What stands in the blocks of all pages can be copied: YAML loads, JSON is JSON, shell is shell, our commands exist.

Configurations that begin with `# ostiary.yaml` are checked by the command itself in `tests/architecture/test_docs` too;
what commands answer is tried in `tests/e2e/test_documented_commands` and in `test_levels`.
"""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
import yaml

from ostiary.cli.application import app
from ostiary.cli.inert import make_inert_services
from ostiary.config.document import Document
from ostiary.config.higress.loading import HigressFolder
from ostiary.config.loading import Loaded, load_content
from ostiary.wiring import load_registry
from tests.architecture.tree import ROOT
from tests.fakes.client_keys import private_pem
from tests.reference.oidc_bad_values import GOOD
from tests.requires import require

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
LANGUAGES = {"sh", "console", "yaml", "nginx", ""}
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:\.venv/bin/)?ostiary (?:run|check|explain|import|demo) [^`]+)`")


class Block(NamedTuple):
    """What stands between two fences, without the indentation of a list."""

    page: str
    language: str
    text: str


def read_page(page: Path) -> str:
    """Return a page's text."""
    return page.read_text("utf-8")


BLOCKS = [
    Block(str(page.relative_to(ROOT)), language, re.sub(rf"^{margin}", "", text, flags=re.MULTILINE))
    for page in PAGES
    for margin, language, text in FENCE.findall(read_page(page))
]
YAML = [block for block in BLOCKS if block.language == "yaml"]
SHELL = [block for block in BLOCKS if block.language == "sh"]
TYPED = [
    (block.page, line.removeprefix("$ "))
    for block in BLOCKS
    for line in block.text.splitlines()
    if (block.language == "sh" and re.match(r"(\.venv/bin/)?ostiary\s", line)) or line.startswith("$ ostiary ")
]
COMMANDS = TYPED + [(str(page.relative_to(ROOT)), line) for page in PAGES for line in INLINE.findall(read_page(page))]


def name_block(block: Block) -> str:
    """Return the page and the first line."""
    return f"{block.page}: {block.text.splitlines()[0][:40]}"


def load(text: str, folder: Path) -> Loaded:
    """Load a block as what it is: resources, a whole configuration, or some options of `oidc` beside the required."""
    names = re.findall(r"\$ENV://(\w+)", text)
    environ = {name: private_pem("EC P-256") if name.endswith("_KEY") else "0123456789abcdef" * 2 for name in names}
    documents = list(yaml.safe_load_all(text))
    if "apiVersion" in documents[0]:
        (folder / "all.yaml").write_text(text, encoding="utf-8")
        return HigressFolder(folder).load(environ, load_registry(), make_inert_services)
    written: dict[str, Any] = documents[0]
    if not written.keys() & Document.model_fields.keys():
        route = {"uri": "/*", "plugins": {"oidc": {**GOOD, **written}}, "upstream": {"nodes": {"127.0.0.1:1": 1}}}
        text = yaml.safe_dump({"routes": [route]})
    return load_content(text.encode(), environ, load_registry(), make_inert_services, file=folder / "ostiary.yaml")


def test_there_is_something_to_try() -> None:
    """Of each kind, in languages that somebody tries."""
    assert {block.language for block in BLOCKS} <= LANGUAGES
    assert (len(YAML), len(SHELL), len(COMMANDS)) >= (20, 15, 20)


@pytest.mark.parametrize("block", YAML, ids=name_block)
def test_a_block_of_yaml_loads(block: Block, tmp_path: Path) -> None:
    """With the real plugins, once the variables that it names are set."""
    write_certificate(tmp_path)

    assert () == load(block.text, tmp_path).problems


@pytest.mark.parametrize("block", SHELL, ids=name_block)
def test_a_block_of_shell_is_shell(block: Block) -> None:
    """Quotes and here-documents end."""
    bash = require("bash", "apt-get install bash")
    read = subprocess.run([bash, "-n"], input=block.text, capture_output=True, text=True, check=False)

    assert (0, "") == (read.returncode, read.stderr)


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_command_exists_with_its_options(page: str, line: str) -> None:
    """As the command line itself reads it; nothing is run."""
    words = shlex.split(line, comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words, f"{page}: {line} names no command"
        assert words[0] in command.commands, f"{page}: {line}"
        command = command.commands[words.pop(0)]

    command.make_context(command.name, words)


def write_certificate(folder: Path) -> None:
    """Put a pair there that blocks name, made by the page's own line."""
    (made,) = [block for block in SHELL if block.text.startswith("openssl req")]
    require("openssl", "apt-get install openssl")
    subprocess.run(shlex.split(made.text), cwd=folder, capture_output=True, check=True)
