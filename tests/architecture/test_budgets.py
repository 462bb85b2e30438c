"""The size budgets: a module of 350 lines, a function of 40, six parameters, three levels of nesting.

A function's lines are counted without its docstring. `EXCEPTIONS` holds what is larger for a reason, at its exact size:
one that has grown, or is no longer needed, fails.
"""

import ast
from typing import NamedTuple

from tests.architecture.tree import Function, functions, modules, name_of, parse

MODULE_LINES = 350
FUNCTION_LINES = 40
FUNCTION_LINES_P90 = 25
PARAMETERS = 6
NESTING = 3

BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


class Excess(NamedTuple):
    """One thing over its budget: where (path, or path::function), which budget, and how much it is."""

    where: str
    budget: str
    size: int


# Excess → why it is better so. An entry is a debt: it names what would have to be given up to pay it.
EXCEPTIONS: dict[Excess, str] = {}


def test_everything_keeps_its_budget_but_the_exceptions() -> None:
    """What is too large to be read at once is split, or stands in the table with its reason."""
    found = {excess for path in modules() for excess in excesses(name_of(path), path.read_text(encoding="utf-8"))}

    assert set(EXCEPTIONS) == found


def test_nine_functions_of_ten_are_short() -> None:
    """The 90th percentile of all functions is within its budget: long ones stay rare."""
    lengths = sorted(length_of(function) for path in modules() for _, function in functions(parse(path)))

    assert lengths[len(lengths) * 9 // 10] <= FUNCTION_LINES_P90


def test_every_exception_has_a_reason() -> None:
    """A reason is a sentence, not a word."""
    assert [] == [excess for excess, reason in EXCEPTIONS.items() if len(reason.split()) < 5]


def test_each_budget_notices_its_excess() -> None:
    """The yardsticks themselves: one line, parameter or level too many is seen, and the limit itself is not."""
    just = (
        "def f(self, a, b, c, d, e, *, g):\n    if a:\n        for b in c:\n            while d:\n                e()\n"
    )
    over = just.replace("*, g", "*, g, h").replace(
        "                e()", "                with e:\n                    g()"
    )
    long = "def f():\n    '''Doc\n\n    string.'''\n" + "    a()\n" * 40

    assert [] == excesses("m.py", just)
    assert [Excess("m.py::f", "parameters", 7), Excess("m.py::f", "nesting", 4)] == excesses("m.py", over)
    assert [Excess("m.py::f", "lines", 41)] == excesses("m.py", long)
    assert [Excess("m.py", "lines", 351)] == excesses("m.py", "a = 1\n" * 351)


def excesses(where: str, text: str) -> list[Excess]:
    """What of a module is over its budget."""
    found = [Excess(where, "lines", len(text.splitlines()))] if len(text.splitlines()) > MODULE_LINES else []
    for name, function in functions(ast.parse(text)):
        for budget, size, limit in (
            ("lines", length_of(function), FUNCTION_LINES),
            ("parameters", parameters_of(function), PARAMETERS),
            ("nesting", nesting_of(function), NESTING),
        ):
            if size > limit:
                found.append(Excess(f"{where}::{name}", budget, size))
    return found


def length_of(function: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def parameters_of(function: Function) -> int:
    """Parameters without `self` and `cls`."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
    return sum(argument.arg not in ("self", "cls") for argument in every)


def nesting_of(node: ast.AST, depth: int = 0) -> int:
    """The deepest block. An `elif` is as deep as its `if`; inner functions count for themselves."""
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deeper = isinstance(child, BLOCKS) and not is_elif
        deepest = max(deepest, nesting_of(child, depth + deeper))
    return deepest
