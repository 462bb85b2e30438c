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


@pytest.mark.parametrize(("name", "place"), CASES)
def test_a_test_runs_it_as_written(name: str, place: str) -> None:
    """It is there, its file has the example's text or its name, and nothing lets it be passed over."""
    file, _, test = place.partition("::")
    source = (ROOT / file).read_text("utf-8")
    tree = ast.parse(source)
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == test]

    assert not any("skip" in ast.unparse(decorator) for decorator in function.decorator_list)
    wanted = EXAMPLES[name].strip()
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert name in names or any(wanted in text for text in texts), f"{file} no longer has {name} as it is written"
