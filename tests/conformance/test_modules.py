"""The list of modules and the files of this folder are the same, and nothing is left out without a reason."""

import ast
from pathlib import Path

import pytest

from tests.conformance.modules import OIDC, OUT_OF_SCOPE, TRIED, name_file, read_module_name

FOLDER = Path(__file__).parent
MODULES_OF_A_RELYING_PARTY = 57  # of OpenID Connect, in the suite
FILES = {
    path.name: name
    for path in sorted(FOLDER.glob("test_*.py"))
    if (name := read_module_name(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))) is not None
}


def test_every_module_has_its_file_and_every_file_its_module() -> None:
    """The file is called after the module, and says so in its first words."""
    assert {name_file(module): module for module in TRIED} == FILES


def test_no_module_is_both_tried_and_out_of_scope() -> None:
    """And every OpenID Connect module of the suite is one of the two."""
    every = [name for name in (*TRIED, *OUT_OF_SCOPE) if name.startswith(OIDC)]

    assert set() == TRIED & OUT_OF_SCOPE.keys()
    assert MODULES_OF_A_RELYING_PARTY == len(every)


@pytest.mark.parametrize("name", FILES)
def test_a_modules_file_is_short(name: str) -> None:
    """What it takes to set up a case belongs into the stage."""
    assert len((FOLDER / name).read_text(encoding="utf-8").splitlines()) <= 45
