"""A file → a snapshot, or every problem of it at once. A file with a problem never replaces a good snapshot.

The steps are those of this package: read YAML, resolve references, check, build. The environment and the plugin types
are arguments; `ostiary.wiring` has them.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from ostiary.config.checking import CheckedDocument, Registry, check_document
from ostiary.config.problems import Problem, find_line
from ostiary.config.reading import MAX_FILE_BYTES, read_yaml
from ostiary.config.references import resolve_references
from ostiary.config.snapshot import MakeServices, Snapshot, build_snapshot
from ostiary.store_settings import SqliteSettings, StoreSettings

_SHORTEST_SECRET = 4


class Loaded(NamedTuple):
    """A snapshot ready to serve, or None and the problems. `document` is there as soon as its models stand."""

    snapshot: Snapshot | None
    problems: tuple[Problem, ...]
    document: CheckedDocument | None = None


def load(
    path: Path,
    environ: Mapping[str, str],
    registry: Registry,
    make_services: MakeServices,
    previous: Snapshot | None = None,
) -> Loaded:
    """Load a configuration file. Raises OSError when it cannot be read; whatever it says is a snapshot or problems."""
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    return load_content(content, environ, registry, make_services, previous, file=path)


def load_content(
    content: bytes,
    environ: Mapping[str, str],
    registry: Registry,
    make_services: MakeServices,
    previous: Snapshot | None = None,
    *,
    file: Path | None = None,
) -> Loaded:
    """Load a configuration from its text; paths in it start at the folder of the `file` that it stands in."""
    reading = read_yaml(content)
    if reading.tree is None and reading.problems:
        return Loaded(None, reading.problems)
    resolution = resolve_references(reading.tree, environ)
    document, problems = check_document(resolution, registry, None if file is None else file.parent)
    problems = (*reading.problems, *problems)
    if file is not None and document is not None and is_state_file(document.state, file):
        problems += (Problem("state.path", "this is the configuration itself", "name a file of its own"),)
    snapshot = None
    if document is not None:
        built = build_snapshot(document, make_services, previous)
        snapshot = built.snapshot
        problems += built.problems
    if problems or snapshot is None:
        return Loaded(None, finish_problems(problems, content, resolution.secrets), document)
    snapshot.take_effect()
    return Loaded(snapshot, (), document)


def is_state_file(state: StoreSettings, file: Path) -> bool:
    """Say whether state would be kept in the configuration: it would be taken for a damaged database and set aside."""
    return isinstance(state, SqliteSettings) and (file.parent / state.path).resolve() == file.resolve()


def finish_problems(problems: Iterable[Problem], content: bytes, secrets: Iterable[str]) -> tuple[Problem, ...]:
    """Add lines, put the problems in the order of the file, and take out values that came from references."""
    lines = read_yaml(content, with_lines=True).lines
    finished = hide_secrets([_place(problem, lines) for problem in problems], secrets)
    return tuple(sorted(finished, key=lambda problem: problem.line or 0))


def _place(problem: Problem, lines: Mapping[str, int]) -> Problem:
    """Add the line of the problem's path, or of the nearest thing above it that stands in the file."""
    line = find_line(lines, problem.path) if problem.line is None else problem.line
    return msgspec.structs.replace(problem, line=line)


def hide_secrets(problems: Iterable[Problem], secrets: Iterable[str]) -> list[Problem]:
    """Take values that came from references out of problems; very short ones would hit words that only look so."""
    hidden = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    return [_hide(problem, hidden) for problem in problems]


def _hide(problem: Problem, secrets: Iterable[str]) -> Problem:
    text, remedy = problem.problem, problem.remedy
    for secret in secrets:
        text, remedy = text.replace(secret, "***"), remedy.replace(secret, "***")
    return msgspec.structs.replace(problem, problem=text, remedy=remedy)
