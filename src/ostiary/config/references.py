"""References to values that do not stand in the file: `$ENV://NAME` and `$ENV://NAME/key` (NAME holds JSON).

Resolved over plain values, before anything is validated, so that constraints apply to the resolved value; where a
number is wanted, the model reads it from the text. An unresolved reference is a problem, never a value.
The environment is an argument. `$secret://` has its name here and comes later.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple, final

import msgspec

from ostiary.config.problems import Path, Problem, Written, describe_shape, quote, render_path

_REFERENCE = re.compile(r"\$(env|secret)://(.*)\Z", re.IGNORECASE | re.DOTALL)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}\Z")


class Resolution(NamedTuple):
    """The values without references. `sources` tells which variable a path's value came from; `secrets` are values."""

    tree: Written
    problems: tuple[Problem, ...]
    sources: Mapping[str, str]
    secrets: frozenset[str]

    def __repr__(self) -> str:
        """Count the references; their values are secrets."""
        return f"Resolution({len(self.sources)} resolved, {len(self.problems)} not)"


def resolve_references(tree: Written, environ: Mapping[str, str]) -> Resolution:
    """Replace every reference below `tree`. One that cannot be resolved stays, with a problem at its path."""
    resolver = _Resolver(environ)
    resolved = resolver.resolve(tree, ())
    return Resolution(resolved, tuple(resolver.problems), resolver.sources, frozenset(resolver.secrets))


@final
class _Resolver:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self.sources: dict[str, str] = {}
        self.secrets: set[str] = set()
        self._environ = environ

    def resolve(self, value: Written, path: Path) -> Written:
        if isinstance(value, str):
            return self._text(value, path) if value.startswith("$") else value
        if isinstance(value, dict):
            return {name: self.resolve(inner, (*path, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner, (*path, index)) for index, inner in enumerate(value)]
        return value

    def _text(self, text: str, path: Path) -> Written:
        match = _REFERENCE.match(text)
        if match is None:
            return text
        place = render_path(path)
        if match[1].lower() == "secret":
            remedy = "pass the value in an environment variable and write `$ENV://NAME`"
            self.problems.append(Problem(place, "`$secret://` references are not supported yet", remedy))
            return text
        name, slash, key = match[2].partition("/")
        value = self._look_up(name, key if slash else None)
        if isinstance(value, Problem):
            self.problems.append(msgspec.structs.replace(value, path=place))
            return text
        self.sources[place] = name
        self.secrets.add(str(value))
        return value

    def _look_up(self, name: str, key: str | None) -> Written:
        """Return the value of a reference, or the problem with it."""
        if not _VARIABLE.match(name):
            remedy = "write `$ENV://NAME`, or `$ENV://NAME/key` where NAME holds a JSON object"
            return Problem("", f"{quote(name)} cannot be the name of an environment variable", remedy)
        text = self._environ.get(name)
        if not text:
            state = "is not set" if text is None else "is empty"
            return Problem("", f"the environment variable {name} {state}", f"set {name} before starting the gateway")
        return text if key is None else _look_up_key(name, text, key)


def _look_up_key(name: str, text: str, key: str) -> Written:
    """Return what a JSON object in a variable holds under a key, or the problem with it."""
    try:
        members = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        members = None
    if not isinstance(members, dict):
        remedy = f'`$ENV://{name}/key` needs an object like {{"key": "value"}}; without a key the whole text is taken'
        return Problem("", f"the environment variable {name} holds no JSON object", remedy)
    value = members.get(key)
    if isinstance(value, str | int | float) and value != "":
        return value
    if value is None:
        return Problem("", f"the JSON in {name} has no member {quote(key)}", f"add it to {name}, or mend the reference")
    problem = f"the member {quote(key)} of the JSON in {name} is {describe_shape(value)}"
    return Problem("", problem, "a reference takes a text, a number or a truth value")
