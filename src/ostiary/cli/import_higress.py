"""`ostiary import higress DIR`: a folder in Higress's notation, written down as `ostiary.yaml`.

The file holds whatever secrets the folder holds: it is made for its owner alone, and never in the place of another.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ostiary.cli.inert import make_inert_services
from ostiary.cli.presentation import Screen
from ostiary.config.checking import Registry
from ostiary.config.gateway import GatewayConfig
from ostiary.config.higress.exporting import export_resources
from ostiary.config.higress.folder import read_folder
from ostiary.config.higress.gateway_file import GatewayPart
from ostiary.config.higress.loading import FolderReading, finish, read_all
from ostiary.config.higress.manifests import read_manifests
from ostiary.config.higress.writing import write_export
from ostiary.config.snapshot import build_snapshot

NOTHING_WRITTEN = "nothing was written"


def import_folder(
    folder: Path, output: Path | None, environ: Mapping[str, str] = os.environ, registry: Registry | None = None
) -> int:
    """Write the file; return the exit code: 0 written, 1 problems, 2 unreadable or not to be written."""
    if registry is None:
        from ostiary.wiring import load_registry

        registry = load_registry()
    try:
        manifests = read_manifests(read_folder(folder), environ)
    except OSError as error:
        print(f"ostiary import: {error.filename or folder} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    reading = read_all(manifests, GatewayPart(GatewayConfig(), has_certificate=True), registry)
    built = build_snapshot(reading.document, make_inert_services)
    problems = (*reading.problems, *reading.closing, *built.problems)
    export = export_resources(reading.resources) if not problems else None
    if export is None or export.problems:
        found = problems if export is None else export.problems
        Screen(sys.stderr).show_problems(str(folder), finish(reading, found), NOTHING_WRITTEN)
        return 1
    text = write_export(export, str(folder), (*reading.notices, *_note_certificates(reading)))
    return _hand_over(text, output)


def _note_certificates(reading: FolderReading) -> Iterator[str]:
    for manifest in reading.resources.with_tls:
        yield f"{manifest.origin.label}: its certificate is in a Secret: name files in `gateway.listen[].tls`"


def _hand_over(text: str, output: Path | None) -> int:
    if output is None:
        print(text, end="")
        return 0
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        print(f"ostiary import: {output} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    print(f"{output} is written; `ostiary check {output}` says what it sets up", file=sys.stderr)
    return 0
