"""What a command may be given as a configuration: a file like `ostiary.yaml`, or a folder in Higress's notation.

Both load to the same values; nobody but this module asks which of the two it is.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from ostiary.config.checking import Registry
from ostiary.config.higress.loading import HigressFolder
from ostiary.config.loading import Loaded, load
from ostiary.config.problems import find_line
from ostiary.config.reading import MAX_FILE_BYTES, read_yaml
from ostiary.config.snapshot import MakeServices, Snapshot

Source = Path | HigressFolder
FindLine = Callable[[str], str]  # a place in a configuration → where that is, for people


def name_source(source: Source) -> str:
    """Return what a source is called."""
    return str(source if isinstance(source, Path) else source.path)


def find_state_folder(source: Source) -> Path:
    """Return the folder that relative paths of state begin at, absolute."""
    return source.absolute().parent if isinstance(source, Path) else source.state_folder


def load_source(
    source: Source,
    environ: Mapping[str, str],
    registry: Registry,
    make_services: MakeServices,
    previous: Snapshot | None = None,
) -> Loaded:
    """Load a configuration. Raises OSError when it cannot be read; whatever it says is a snapshot or problems."""
    if isinstance(source, Path):
        return load(source, environ, registry, make_services, previous)
    return source.load(environ, registry, make_services, previous)


def load_with_lines(
    source: Source, environ: Mapping[str, str], registry: Registry, make_services: MakeServices
) -> tuple[Loaded, FindLine]:
    """Load a configuration, and return besides what tells the line of a place. Raises OSError."""
    if isinstance(source, Path):
        loaded = load(source, environ, registry, make_services)
        lines = read_yaml(source.read_bytes()[:MAX_FILE_BYTES], with_lines=True).lines
        return loaded, make_line_finder(str(source), lines)
    return source.load_with_lines(environ, registry, make_services)


def make_line_finder(file: str, lines: Mapping[str, int]) -> FindLine:
    """Return what says where a path of a file is."""

    def find(path: str) -> str:
        line = find_line(lines, path)
        return path if line is None else f"{path}, {file} line {line}"

    return find
