"""The lock gives everybody the same packages: complete, hashed, and silent about where they come from.

`make lock` writes it; this notices a pyproject.toml that went ahead without it.
"""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT

LOCK = ROOT / "requirements.lock"


def locked() -> dict[str, str]:
    """Name → version of every locked package."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE))


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


def test_every_package_is_held_to_its_hashes() -> None:
    """One package without a hash, and pip would refuse them all."""
    entries = re.split(r"^(?=[a-z0-9])", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]

    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]
    assert len(locked()) == len(entries)


def test_the_lock_names_no_place() -> None:
    """Whoever installs decides which index to ask."""
    assert [] == re.findall(r".*(?:://|index-url|find-links).*", LOCK.read_text(encoding="utf-8"))
