"""No module keeps state: a cache without bound or expiry starts as a dictionary at the top of a file.

What is remembered lives in objects that somebody made and somebody drops, in `ostiary.bounded` where it can grow.
A table that is filled while the module is imported, and only read afterwards, is a constant.
"""

import ast
from collections.abc import Iterator

from tests.architecture.tree import functions, modules, name_of, parse

CONTAINERS = {"dict", "list", "set", "bytearray", "defaultdict", "OrderedDict", "deque", "Counter"}
CONTAINERS |= {"WeakKeyDictionary", "WeakValueDictionary", "BoundedMap"}
WRITERS = {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft"}
WRITERS |= {"put", "remove", "setdefault", "update"}
MEMORIES = {"cache", "lru_cache"}


def test_no_module_level_container_is_written_to() -> None:
    """Module constants are read; what changes has an owner."""
    assert [] == [f"{name_of(path)}: {fault}" for path in modules() for fault in state_in(parse(path))]


def test_each_way_to_keep_state_is_noticed() -> None:
    """The yardstick itself, with the constant that it must leave alone."""
    kept = "seen = {}\n"

    assert [] == list(state_in(ast.parse(kept + "for key in 'ab':\n    seen[key] = 1\n")))
    assert [] == list(state_in(ast.parse(kept + "def f(key):\n    return seen[key]\n")))
    assert [] == list(state_in(ast.parse(kept + "def f(seen):\n    seen['a'] = 1\n")))
    assert ["f writes to seen"] == list(state_in(ast.parse(kept + "def f(key):\n    seen[key] = 1\n")))
    assert ["f writes to seen"] == list(state_in(ast.parse(kept + "def f(key):\n    del seen[key]\n")))
    assert ["f writes to seen"] == list(state_in(ast.parse(kept + "def f(key):\n    seen.setdefault(key, 1)\n")))
    assert ["f writes to seen"] == list(state_in(ast.parse("seen: list[int] = list()\ndef f():\n    seen.append(1)\n")))
    assert ["f declares n global"] == list(state_in(ast.parse("n = 0\ndef f():\n    global n\n    n += 1\n")))
    assert ["f remembers with lru_cache"] == list(state_in(ast.parse("@functools.lru_cache(9)\ndef f(): ...\n")))


def state_in(tree: ast.Module) -> Iterator[str]:
    """What of a module's top-level names is changed by its functions."""
    containers = set(containers_of(tree))
    for name, function in functions(tree):
        arguments = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield f"{name} declares {', '.join(node.names)} global"
            elif (written := written_by(node)) in containers - arguments:
                yield f"{name} writes to {written}"
        for decorator in function.decorator_list:
            if (memory := last_name(decorator)) in MEMORIES:
                yield f"{name} remembers with {memory}"


def containers_of(tree: ast.Module) -> Iterator[str]:
    """The top-level names that hold something mutable."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_container(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_container(value: ast.expr | None) -> bool:
    """True for a display, a comprehension, or a call of something mutable."""
    if isinstance(value, ast.Call):
        return last_name(value) in CONTAINERS
    return isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp)


def written_by(node: ast.AST) -> str | None:
    """The name whose contents a node changes."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        changed: ast.expr = node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITERS:
        changed = node.func.value
    else:
        return None
    return changed.id if isinstance(changed, ast.Name) else None


def last_name(node: ast.expr) -> str | None:
    """`c` of `c`, `a.b.c` and `a.b.c(...)`."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
