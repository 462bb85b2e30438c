"""YAML text → plain values, with the line of each: the only place that reads YAML.

Built from PyYAML's events, so that nothing but mappings, lists, texts, numbers, truth values and nothing can come out.
Scalars follow YAML 1.2's core schema: `no` and `12:30` are texts, `010` is ten. Names are always texts. Refused:
names that stand twice, tags of other kinds, files too large or too deep, aliases that multiply; several documents
where one is expected (`read_yaml`; `read_documents` takes as many as there are).
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn, final

import yaml

from ostiary.config.problems import Path, Problem, Written, quote, render_path

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 40
MAX_REPEATED_VALUES = 100_000

Event = Any  # PyYAML types its events only in part

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}\Z")
_BASED = re.compile(r"0(?:o[0-7]{1,30}|x[0-9A-Fa-f]{1,30})\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]{1,4})?\Z")
_SPECIAL_FLOAT = re.compile(r"([-+]?)\.(inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Reading(NamedTuple):
    """What a file says: plain values (None with `problems` when it is no YAML), and the line of each path."""

    tree: Written
    problems: tuple[Problem, ...]
    lines: dict[str, int]


class _Shared(NamedTuple):
    """The value under an anchor, and how many values it holds."""

    value: Written
    size: int


@final
class _Refused(Exception):  # noqa: N818 - never leaves this module
    """The file cannot be read further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.problem)
        self.problem = problem


def read_yaml(content: bytes, *, with_lines: bool = False) -> Reading:
    """Read one YAML document. Lines are collected on request: they cost memory, and only problems need them."""
    text = _decode(content)
    if isinstance(text, Problem):
        return Reading(None, (text,), {})
    reader = _Reader(text, with_lines=with_lines)
    try:
        tree = reader.read()
    except (_Refused, yaml.YAMLError) as error:
        return reader.give_up(error)
    return Reading(tree, tuple(reader.problems), reader.lines)


def read_documents(content: bytes) -> tuple[Reading, ...]:
    """Read every document that `---` divides, with the lines of the file; those that say nothing are left out.

    Behind one that cannot be read nothing is: the last reading then has no tree, and the problem.
    """
    text = _decode(content)
    if isinstance(text, Problem):
        return (Reading(None, (text,), {}),)
    reader = _Reader(text, with_lines=True)
    readings: list[Reading] = []
    try:
        readings += (reading for reading in reader.read_each() if reading.tree is not None)
    except (_Refused, yaml.YAMLError) as error:
        readings.append(reader.give_up(error))
    return tuple(readings)


def _decode(content: bytes) -> str | Problem:
    if len(content) > MAX_FILE_BYTES:
        return Problem("", f"the file is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB", "split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Problem("", "the file is not UTF-8 text", "save it as UTF-8", line)


def _word_syntax(error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = None if mark is None else mark.line + 1
    problem = getattr(error, "problem", None)
    if problem is None:
        return Problem("", "the file holds a character that YAML does not allow", "remove control characters", line)
    return Problem("", f"this is no valid YAML: {problem}", "check indentation, colons and quotes around here", line)


@final
class _Reader:
    """One pass over the events of a document."""

    def __init__(self, text: str, *, with_lines: bool) -> None:
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}
        self._events: Iterator[Event] = yaml.parse(text, Loader=_LOADER)
        self._with_lines = with_lines
        self._anchors: dict[str, _Shared] = {}
        self._count = 0
        self._repeated = 0

    def read(self) -> Written:
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        tree = self._value(event, ())
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse((), "the file holds several documents", "keep one of those that `---` divides", after)
        return tree

    def read_each(self) -> Iterator[Reading]:
        """Yield the documents as they are read; anchors end with their document."""
        next(self._events)  # the stream's start
        while not isinstance(next(self._events), yaml.StreamEndEvent):
            self.problems, self.lines, self._anchors = [], {}, {}
            tree = self._value(next(self._events), ())
            next(self._events)  # the document's end
            yield Reading(tree, tuple(self.problems), self.lines)

    def give_up(self, error: Exception) -> Reading:
        """Return what was found before an error of this module's or of the YAML parser's, and that error."""
        problem = error.problem if isinstance(error, _Refused) else _word_syntax(error)
        return Reading(None, (*self.problems, problem), self.lines)

    def _refuse(self, path: Path, problem: str, remedy: str, event: Event) -> NoReturn:
        raise _Refused(Problem(render_path(path), problem, remedy, event.start_mark.line + 1))

    def _note_line(self, path: Path, event: Event) -> None:
        if self._with_lines:
            self.lines[render_path(path)] = event.start_mark.line + 1

    def _value(self, event: Event, path: Path) -> Written:
        if len(path) > MAX_DEPTH:
            self._refuse((), f"the file nests deeper than {MAX_DEPTH} levels", "nothing here needs that", event)
        before = self._count
        self._count += 1
        if isinstance(event, yaml.AliasEvent):
            return self._repeat(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            value: Written = self._mapping(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, path)
        else:
            value = self._scalar(event, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Shared(value, self._count - before)
        return value

    def _repeat(self, event: Event, path: Path) -> Written:
        """Return what the alias stands for. One inside its own anchor is not known yet, and so refused."""
        shared = self._anchors.get(event.anchor)
        if shared is None:
            self._refuse(path, f"the alias *{event.anchor} stands for nothing", "set its & anchor before it", event)
        self._count += shared.size
        self._repeated += shared.size
        if self._repeated > MAX_REPEATED_VALUES:
            self._refuse(path, "the aliases of this file multiply beyond reason", "write the values out", event)
        return shared.value

    def _sequence(self, start: Event, path: Path) -> list[Written]:
        self._check_tag(start, ("seq",), path)
        values: list[Written] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            inner = (*path, len(values))
            self._note_line(inner, event)
            values.append(self._value(event, inner))
        return values

    def _mapping(self, start: Event, path: Path) -> dict[str, Written]:
        self._check_tag(start, ("map",), path)
        found: dict[str, Written] = {}
        merged: dict[str, Written] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(path, "a name is a text, not a list, a mapping or an alias", "", event)
            name = event.value
            inner = (*path, name)
            if name == _MERGE and event.implicit[0]:
                self._merge(self._value(next(self._events), inner), merged, path, event)
                continue
            if name in found:
                place = render_path(inner)
                line = event.start_mark.line + 1  # type: ignore[union-attr]
                self.problems.append(Problem(place, "this name stands here twice", "remove one of them", line))
            else:
                self._note_line(inner, event)
            value = self._value(next(self._events), inner)
            found.setdefault(name, value)
        return {**merged, **found} if merged else found

    def _merge(self, value: Written, merged: dict[str, Written], path: Path, event: Event) -> None:
        """Take over what `<<` names; earlier ones win, and the mapping's own names win over all."""
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                self._refuse(path, "`<<` takes over a mapping, or a list of mappings", "", event)
            for name, inner in source.items():
                merged.setdefault(name, inner)

    def _scalar(self, event: Event, path: Path) -> Written:
        text: str = event.value
        self._check_tag(event, ("str", "int", "float", "bool", "null"), path)
        if event.tag in ("!", _TAG + "str") or (event.tag is None and not event.implicit[0]):
            return text
        return read_plain(text)

    def _check_tag(self, event: Event, allowed: tuple[str, ...], path: Path) -> None:
        tag = event.tag
        if tag is not None and tag != "!" and tag.removeprefix(_TAG) not in allowed:
            self._refuse(path, f"the tag {quote(tag)} is not allowed here", "remove it", event)


def read_plain(text: str) -> Written:
    """Return what a scalar without quotes says (YAML 1.2.2 §10.3.2)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    if _FLOAT.match(text) or _SPECIAL_FLOAT.match(text):
        return float(text) if text[-1] in ".0123456789" else float(text.replace(".", ""))
    return text
