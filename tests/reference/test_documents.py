"""Every example of Higress's documents is run as it is written: none can be dropped or altered without being missed."""

import ast

import pytest

from tests.architecture.tree import ROOT
from tests.reference import documents
from tests.reference.documents import RUN_BY

EXAMPLES = {name: value for name, value in vars(documents).items() if name.isupper() and isinstance(value, str)}
PARTS = {"OIDC_ACCESS_TOKEN", *(name for name in EXAMPLES if name.startswith("_"))}
CASES = [(name, place) for name, places in RUN_BY.items() for place in places]


def test_the_list_is_complete() -> None:
    """Six configurations and thirteen lines of `oidc`, six and three of `oauth2`, and the token of its sample."""
    assert EXAMPLES.keys() - PARTS == RUN_BY.keys()
    assert 6 + 13 + 6 + 3 + 1 == len(RUN_BY)


def find_scenes(tree: ast.Module) -> list[ast.Module]:
    """Return the modules that set up what a file's tests run against."""
    imported = [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module is not None]
    files = [ROOT / f"{name.replace('.', '/')}.py" for name in imported if name.endswith("_scene")]
    return [ast.parse(file.read_text("utf-8")) for file in files]


@pytest.mark.parametrize(("name", "place"), CASES)
def test_a_test_runs_it_as_written(name: str, place: str) -> None:
    """It is there, its file or scene has the example's text or its name, and nothing lets it be passed over."""
    file, _, test = place.partition("::")
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    nodes = [node for part in (tree, *find_scenes(tree)) for node in ast.walk(part)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == test]

    assert not any("skip" in ast.unparse(decorator) for decorator in function.decorator_list)
    wanted = EXAMPLES[name].strip()
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    texts += (EXAMPLES[each] for each in names & EXAMPLES.keys())
    assert name in names or any(wanted in text for text in texts), f"{file} no longer has {name} as it is written"
