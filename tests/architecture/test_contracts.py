"""The import contracts of pyproject.toml cover every room: import-linter checks those that are named, this the naming.

The contracts themselves run in `make check` (`lint-imports`).
"""

import tomllib
from typing import Any

import pytest

from tests.architecture.tree import ROOT, rooms

PURE = {"http", "identity", "errors", "bounded"}
THROUGH_PORTS_ONLY = {"plugins", "providers", "relying_party", "resource_server", "authorization_server", "config"}
THROUGH_PORTS_ONLY |= {"plugin", "verdicts"}


def contract(start: str) -> dict[str, Any]:
    """The contract whose name starts so."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return next(each for each in found if each["name"].startswith(start))


@pytest.mark.parametrize(
    ("start", "covered"), [("http and identity are pure", PURE), ("Policy reaches the world", THROUGH_PORTS_ONLY)]
)
def test_every_room_that_exists_stands_in_its_contract(start: str, covered: set[str]) -> None:
    """A new room that should be pure is not forgotten."""
    named = {module.removeprefix("ostiary.") for module in contract(start)["source_modules"]}

    assert covered & rooms() == named


def test_a_new_room_has_a_layer() -> None:
    """The layers are exhaustive: a `utils` at the top fails the build."""
    layers = contract("Imports point inwards")
    named = {name.strip("() ") for layer in layers["layers"] for name in layer.split("|")}

    assert layers["exhaustive"] is True
    assert set() == rooms() - named
