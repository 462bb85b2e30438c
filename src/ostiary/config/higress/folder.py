"""A folder of manifests → its documents: every `*.yaml`, `*.yml` and `*.json` below it, in the order of their names.

Names that begin with a dot are left alone (a mounted ConfigMap keeps its versions there). A single file may stand for
a folder. What the documents say is `ostiary.config.higress.manifests`' business.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ostiary.config.problems import Problem, Written
from ostiary.config.reading import MAX_FILE_BYTES, read_documents

ENDINGS = (".yaml", ".yml", ".json")
MAX_FILES = 10_000


class FileDocument(NamedTuple):
    """What one document says, and its problems; `file` is its name from the folder on."""

    file: str
    folder: Path
    tree: Written
    problems: tuple[Problem, ...]
    lines: dict[str, int]


def read_folder(path: Path) -> Iterator[FileDocument]:
    """Yield every document. Raises OSError when the folder, or a file of it, cannot be read."""
    count = 0
    for count, file in enumerate(list_files(path), 1):
        name = str(file.relative_to(path)) if file != path else file.name
        if file.is_dir():
            problem = Problem("", "this is a link to a folder, and those are not followed", "put the folder there")
            yield FileDocument(name, file.parent, None, (problem,), {})
            continue
        if count > MAX_FILES:
            problem = Problem("", f"the folder has more than {MAX_FILES} files", "name a folder with manifests only")
            yield FileDocument(name, file.parent, None, (problem,), {})
            return
        yield from _read_file(file, name)
    if not count:
        problem = Problem("", f"there is no file that ends in {', '.join(ENDINGS)}", "write the resources into it")
        yield FileDocument(str(path), path, None, (problem,), {})


def is_manifest(name: str) -> bool:
    """Say whether a file of this name is read."""
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def list_files(path: Path) -> list[Path]:
    """Return the manifests below a path, sorted, and links to folders, which would hide some. Raises OSError."""
    if path.is_file():
        return [path]
    found: list[Path] = []

    def fail(error: OSError) -> None:
        raise error

    for folder, inner, names in os.walk(path, onerror=fail):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += (link for name in inner if (link := Path(folder, name)).is_symlink())
        found += (Path(folder, name) for name in names if is_manifest(name))
    return sorted(found)


def _read_file(file: Path, name: str) -> Iterator[FileDocument]:
    with file.open("rb") as stream:
        content = stream.read(MAX_FILE_BYTES + 1)
    readings = read_documents(content)
    if not readings:  # as a command leaves it that failed: what it held is gone, and may have protected something
        problem = Problem("", "the file says nothing", "write its resources into it, or remove it")
        yield FileDocument(name, file.parent, None, (problem,), {})
    for reading in readings:
        yield FileDocument(name, file.parent, reading.tree, reading.problems, reading.lines)
