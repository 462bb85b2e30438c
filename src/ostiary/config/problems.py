"""What is wrong with a configuration, for the person who wrote it: where, what, and what to write in its place.

A problem never shows a value that may be a secret: it shows the value's shape. Nothing here decides what is wrong.
"""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, final

import msgspec

PathPart = str | int
Path = tuple[PathPart, ...]
Written = Any  # what YAML can say: mappings, lists, texts, numbers, truth values and nothing

MAX_SHOWN = 80
NOTHING_DONE = "nothing was started or changed"
CLOSED = "the routes that need what is wrong are closed and answer 503, the others are served"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@final
class Problem(msgspec.Struct, frozen=True):
    """One thing to mend. `line` counts from 1 and is None where the file has no such place; `remedy` may be empty.

    `file` is named where a configuration is more than one.
    """

    path: str
    problem: str
    remedy: str = ""
    line: int | None = None
    file: str | None = None

    def __str__(self) -> str:
        """Write it as one line."""
        place = self.path or self.file or "the file"
        where = place if self.line is None else f"{place} (line {self.line})"
        return f"{where}: {self.problem}; {self.remedy}" if self.remedy else f"{where}: {self.problem}"


def report_problems(file: str, problems: Sequence[Problem], outcome: str = NOTHING_DONE) -> str:
    """Write problems for a person and for an editor: `file:line: path: problem`, the remedy indented below.

    `outcome` is what they led to.
    """
    lines = []
    for problem in problems:
        name = problem.file or file
        place = name if problem.line is None else f"{name}:{problem.line}"
        lines.append(f"{place}: {problem.path}: {problem.problem}" if problem.path else f"{place}: {problem.problem}")
        if problem.remedy:
            lines.append(f"    {problem.remedy}")
    count = len(problems)
    lines.append(f"{count} problem{'s' if count > 1 else ''}; {outcome}")
    return "\n".join(lines)


def render_path(path: Sequence[PathPart]) -> str:
    """Write a path as `routes[0].plugins.openid-connect.scope`; unusual names are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.match(part):
            text += f".{part}" if text else part
        else:
            text += f"[{quote(part)}]"
    return text


def find_line(lines: Mapping[str, int], path: str) -> int | None:
    """Return the line of a (rendered) path, or of the nearest thing above it that stands in the file."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path)


def lies_within(path: str, place: str) -> bool:
    """Say whether a (rendered) path is a place or below it."""
    return path == place or path.startswith((f"{place}.", f"{place}["))


def quote(text: str) -> str:
    """Quote a name that somebody wrote; control characters are escaped and long ones cut."""
    shown = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
    escaped = "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in shown)
    return f'"{escaped}"'


def describe_shape(value: Written, *, is_secret: bool = False) -> str:
    """Say what a value is without saying it: numbers and truth values may be shown, texts never."""
    if isinstance(value, str):
        characters = "character" if len(value) == 1 else "characters"
        return f"a string of {len(value)} {characters}" if value else "an empty string"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if value is None:
        return "nothing"
    kind = "a truth value" if isinstance(value, bool) else "a number"
    return kind if is_secret else f"{kind} ({str(value).lower()})"


def find_nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that was probably meant, or None."""
    folded = {_fold(candidate): candidate for candidate in known}
    exact = folded.get(_fold(name))
    if exact is not None:
        return exact
    close = difflib.get_close_matches(_fold(name), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _fold(name: str) -> str:
    return name[:MAX_SHOWN].lower().replace("-", "_")


def word_unknown(
    name: str,
    known: Collection[str],
    not_yet: Mapping[str, str],
    renamed: Mapping[str, str],
    refused: Mapping[str, str] = MappingProxyType({}),
) -> Problem:
    """Word an unknown name: one that never will be, one that will come, one that is renamed, misspelt, or no idea."""
    if name in refused:
        return Problem("", "is not an attribute here", refused[name])
    if name in not_yet:
        return Problem("", "not supported yet", not_yet[name])
    meant = renamed.get(name) or find_nearest(name, [*known, *not_yet])
    if meant is not None:
        return Problem("", "unknown name", f"did you mean `{meant}`?")
    if not known:
        return Problem("", "unknown name", "nothing is configured here")
    if len(known) > 20:
        return Problem("", "unknown name", "the documentation lists the names that are known here")
    return Problem("", "unknown name", f"known here: {', '.join(sorted(known))}")
