"""What is compiled: the list in tools/compile.py holds modules that mean the same in C.

That they do is seen elsewhere: `.ci/run` runs the tests once more against the compiled modules.
"""

import ast
import re
from pathlib import Path

from tests.architecture.tree import PACKAGE, ROOT, parse

# Bases whose classes are made of more than their bodies: what is in the brackets beside them, or fields as defaults.
OTHERWISE_MADE = {"Struct", "BaseModel", "Section"}


def compiled() -> list[str]:
    """Read the list without running the tool."""
    tree = ast.parse((ROOT / "tools" / "compile.py").read_text(encoding="utf-8"))
    [value] = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMPILED"
    ]
    names = ast.literal_eval(value)
    assert isinstance(names, tuple)
    return [str(name) for name in names]


def find_strangers(path: Path) -> list[str]:
    """Name the classes of a module that the compiler would make into something else."""
    classes = [node for node in ast.walk(parse(path)) if isinstance(node, ast.ClassDef)]
    return [
        each.name
        for each in classes
        if each.keywords or any(re.split(r"[.\[]", ast.unparse(base))[-1] in OTHERWISE_MADE for base in each.bases)
    ]


def test_every_module_of_the_list_is_there_and_means_the_same_in_c() -> None:
    """A Struct would lose `frozen` without a word, a model its defaults."""
    names = compiled()

    assert sorted(set(names)) == names
    assert {"gateway/connection", "gateway/exchange", "upstream/connection", "verdicts"} <= set(names)
    assert {name: [] for name in names} == {name: find_strangers(PACKAGE / f"{name}.py") for name in names}


def test_a_stranger_is_found(tmp_path: Path) -> None:
    """The check can fail."""
    module = tmp_path / "m.py"
    module.write_text("class A(msgspec.Struct):\n    a: int\nclass B(Base, frozen=True): ...\nclass C(Base): ...\n")

    assert ["A", "B"] == find_strangers(module)
