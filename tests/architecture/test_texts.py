"""The project's texts hold anywhere: no path of somebody's machine, no package registry that somebody happened to use.

Locks name packages and hashes, never where they came from: who installs decides that.
"""

import os
import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

NOT_OURS = {".git", ".hypothesis", ".venv", "build", "dist", "node_modules", "__pycache__"}
NOT_TEXT = {".png", ".ico", ".woff2", ".pyc", ".db"}

# In pieces, so that this file keeps the rule it checks.
REGISTRIES = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "deb." + "debian.org"]
WORKPLACES = r"(?<![\w./:~-])/(?:root|work|workspace|workspaces|builds|home|Users)/[\w.]"
FORBIDDEN = re.compile("|".join([WORKPLACES, *(re.escape(host) for host in REGISTRIES)]))


def test_no_text_names_a_machine_or_a_registry() -> None:
    """A clone behaves the same wherever it is."""
    found = [f"{path.relative_to(ROOT)}: {line}" for path in texts() for line in forbidden_lines(path)]

    assert [] == found


def test_every_text_ends_with_a_newline_and_no_line_with_a_blank() -> None:
    """What every editor agrees on, so that changes show only what changed."""
    untidy = [
        str(path.relative_to(ROOT)) for path in texts() if re.search(r"[ \t]+\n|[^\n]\Z", path.read_text("utf-8"))
    ]

    assert [] == untidy


@pytest.mark.parametrize(
    "line",
    ["see /" + "root/project", "at '/" + "home/ada/x'", "https://" + REGISTRIES[0] + "/simple", "x = /" + "work/main"],
)
def test_the_rule_notices(line: str, tmp_path: Path) -> None:
    """The yardstick itself."""
    text = tmp_path / "text"
    text.write_text(line)

    assert [line] == forbidden_lines(text)


@pytest.mark.parametrize("line", ["https://example.com/home/page", "./work/x", "the root / of all", "/users/1"])
def test_the_rule_lets_pass(line: str, tmp_path: Path) -> None:
    """A path of a URL is no path of a machine."""
    text = tmp_path / "text"
    text.write_text(line)

    assert [] == forbidden_lines(text)


def texts() -> list[Path]:
    """Every file of the project that is text and ours, in order."""
    found = []
    for directory, directories, names in os.walk(ROOT):
        directories[:] = [name for name in directories if name not in NOT_OURS and not name.endswith("_cache")]
        found += [Path(directory, name) for name in names if is_text(Path(name))]
    return sorted(found)


def is_text(name: Path) -> bool:
    """True for what people read and tools do not write."""
    return name.suffix not in NOT_TEXT and not name.name.startswith(".coverage")


def forbidden_lines(path: Path) -> list[str]:
    """The lines of a file that name what they should not."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if FORBIDDEN.search(line)]
