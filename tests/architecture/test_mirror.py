"""The tests mirror the tree: `src/ostiary/a/b.py` is tried by `tests/unit/a/test_b.py`, and by nothing of another name.

Modules that only declare (protocols, constants, re-exports) have no behaviour and need no test of their own.
"""

import ast
from pathlib import Path

from tests.architecture.tree import PACKAGE, UNIT_TESTS, functions, modules, name_of, parse


def test_every_module_with_behaviour_has_its_own_test() -> None:
    """Whoever changes a module knows where its test is."""
    missing = {name_of(path): name_of(mirror_of(path)) for path in modules() if has_behaviour(path)}
    missing = {source: test for source, test in missing.items() if not (UNIT_TESTS.parents[1] / test).exists()}

    assert {} == missing


def test_every_unit_test_belongs_to_a_module() -> None:
    """A test whose module was renamed or removed goes with it."""
    strays = [name_of(test) for test in UNIT_TESTS.rglob("test_*.py") if not source_of(test).exists()]

    assert [] == strays


def test_packages_only_say_what_they_offer() -> None:
    """An `__init__.py` has a docstring, imports and names: behaviour lives in a module that has its test."""
    offenders = [name_of(path) for path in modules() if path.name == "__init__.py" and any(functions(parse(path)))]

    assert [] == offenders


def x() -> None:
    """From the module to its test, and back."""
    source = PACKAGE / "http" / "head.py"

    assert source == source_of(mirror_of(source))
    assert "tests/unit/http/test_head.py" == name_of(mirror_of(source))


def test_a_declaration_is_told_from_behaviour(tmp_path: Path) -> None:
    """A protocol's methods end in `...`; one that computes anything is behaviour."""
    declaration = tmp_path / "ports.py"
    declaration.write_text('class Clock:\n    def now(self) -> float:\n        """Seconds."""\n        ...\n')
    behaviour = tmp_path / "clock.py"
    behaviour.write_text("def later(now):\n    return now + 1\n")

    assert not has_behaviour(declaration)
    assert has_behaviour(behaviour)


def mirror_of(source: Path) -> Path:
    """The place of a module's test."""
    relative = source.relative_to(PACKAGE)
    return UNIT_TESTS / relative.parent / f"test_{relative.name}"


def source_of(test: Path) -> Path:
    """The place of a test's module."""
    relative = test.relative_to(UNIT_TESTS)
    return PACKAGE / relative.parent / relative.name.removeprefix("test_")


def has_behaviour(path: Path) -> bool:
    """True when any function of the module does more than declare itself."""
    if path.name in ("__init__.py", "__main__.py"):
        return False
    return any(not is_declaration(function) for _, function in functions(parse(path)))


def is_declaration(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """True for a body of a docstring and `...` at most."""
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) for statement in function.body
    )
