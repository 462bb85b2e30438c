"""The lock gives everybody the same packages: complete, hashed, and silent about where they come from.

`make lock` writes it; this notices a pyproject.toml that went ahead without it.
"""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT

LOCK = ROOT / "requirements.lock"
BROWSER_LOCK = ROOT / "tests" / "browser" / "requirements.lock"
both = pytest.mark.parametrize("lock", [LOCK, BROWSER_LOCK], ids=lambda lock: lock.parent.name)


def locked(lock: Path = LOCK) -> dict[str, str]:
    """Name → version of every locked package."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))


def wanted() -> list[Requirement]:
    """The direct dependencies, extras and build backend included."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    lists = [project["dependencies"], settings["build-system"]["requires"], *project["optional-dependencies"].values()]
    return [Requirement(line) for lines in lists for line in lines]


def test_the_lock_satisfies_every_dependency() -> None:
    """A bound raised without `make lock`, or a package added without it, is seen here."""
    versions = locked()

    assert [] == [
        str(need) for need in wanted() if versions.get(canonicalize_name(need.name), "0") not in need.specifier
    ]


def test_the_lock_of_the_browser_tests_satisfies_what_they_ask_for() -> None:
    """It is made from the file beside it."""
    lines = BROWSER_LOCK.with_suffix(".in").read_text(encoding="utf-8").splitlines()
    wishes = [Requirement(line) for line in lines if not line.startswith("#")]

    assert wishes
    assert all(locked(BROWSER_LOCK).get(wish.name, "0") in wish.specifier for wish in wishes)


@both
def test_every_package_is_held_to_its_hashes(lock: Path) -> None:
    """One package without a hash, and pip would refuse them all."""
    entries = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]

    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]
    assert len(locked(lock)) == len(entries)


@both
def test_the_lock_names_no_place(lock: Path) -> None:
    """Whoever installs decides which index to ask."""
    assert [] == re.findall(r".*(?:://|index-url|find-links).*", lock.read_text(encoding="utf-8"))
