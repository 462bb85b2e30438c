"""Each module opens with what it is for, what it is not, and the specification it follows.

Two lines at least: one that names the subject, and one that a reader could not have guessed from the file's name.
"""

import ast

from tests.architecture.tree import modules, name_of, parse


def test_every_module_says_what_it_is_for() -> None:
    """Packages and entry points may do with one line: their modules say the rest."""
    silent = [
        name_of(path)
        for path in modules()
        if lines_of_docstring(parse(path)) < (1 if path.name in ("__init__.py", "__main__.py") else 2)
    ]

    assert [] == silent


def test_blank_lines_say_nothing() -> None:
    """Only lines with text count."""
    assert 2 == lines_of_docstring(ast.parse('"""One.\n\n\nTwo.\n"""'))
    assert 0 == lines_of_docstring(ast.parse("a = 1"))


def lines_of_docstring(tree: ast.Module) -> int:
    """The number of lines with text in the module's docstring."""
    return sum(bool(line.strip()) for line in (ast.get_docstring(tree) or "").splitlines())
